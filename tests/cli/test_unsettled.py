"""`vgen ledger unsettled`, `reconcile`, `resolve` and `vgen cancel`."""

from __future__ import annotations

from contextlib import aclosing
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest
import trio

from vgen import ClipPrompt, GenerationSettings, SQLiteLedger
from vgen.abc import Attempt, ClipRequest, Manifest, Money, PlannedClip
from vgen.cli.app import run
from vgen.records.money import Need

from .helpers import lines

JOB = UUID("6a6f6221-0000-4000-8000-000000000001")
REQUEST = ClipRequest(prompt="bars", duration=0.3, width=64, height=64, fps=24, motion=1, steps=1)


@pytest.fixture
def left_open(workdir: Path) -> Attempt:
    """An attempt that a process was about to send when it died."""
    (workdir / "clips").mkdir()
    return trio.run(leave_open, workdir / "clips/vgen.db")


async def leave_open(path: Path) -> Attempt:
    """Write that attempt to a new ledger."""
    clips = tuple(
        PlannedClip(ClipPrompt(index, "bars", 0.3), REQUEST, "f", ("toy",)) for index in range(3)
    )
    ledger = SQLiteLedger(path)
    await ledger.open_job(Manifest(JOB, clips, GenerationSettings(), Decimal(1)), Need())
    claim = await ledger.claim(JOB, 1, owner="dead", lease=0.0)
    assert claim is not None
    attempt = Attempt(
        attempt_id=UUID(int=77),
        job_id=JOB,
        clip_index=1,
        number=1,
        backend="toy",
        account="",
        request=REQUEST,
        fingerprint="f",
        hold=Decimal("0.25"),
    )
    sent = await ledger.reserve(claim, attempt)
    await ledger.aclose()
    return sent


async def read_attempt(path: Path) -> Attempt:
    """Read the attempt from the ledger."""
    ledger = SQLiteLedger(path)
    found = await ledger.attempt(UUID(int=77))
    await ledger.aclose()
    assert found is not None
    return found


def test_unsettled_attempts_are_listed(
    left_open: Attempt, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are listed with the id that `resolve` takes, and what is held, in 80 columns too."""
    monkeypatch.setenv("COLUMNS", "80")
    for command in (["ledger", "unsettled"], ["ledger", str(JOB)]):
        assert run(command) == 0
        shown = capsys.readouterr().out
        assert str(left_open.attempt_id)[:8] in shown.split()
        assert "$0.25" in shown
        assert max(len(line) for line in shown.splitlines()) <= 80


@pytest.mark.parametrize("length", [3, 8, 36])
@pytest.mark.parametrize(
    ("answer", "money"),
    [
        ("--paid", Money.WRITTEN_OFF),
        ("--lost", Money.WRITTEN_OFF),
        ("--unpaid", Money.RELEASED),
    ],
)
def test_resolving_an_attempt(
    left_open: Attempt,
    workdir: Path,
    answer: str,
    money: Money,
    length: int,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """`--paid` and `--lost` write it off, `--unpaid` releases its money: nothing is unsettled."""
    assert run(["ledger", "resolve", str(left_open.attempt_id)[:length], answer]) == 0
    assert trio.run(read_attempt, workdir / "clips/vgen.db").money is money
    capsys.readouterr()
    assert run(["ledger", "unsettled"]) == 0
    assert capsys.readouterr().out == "nothing is unsettled\n"


@pytest.mark.parametrize("words", [[], ["--paid", "--unpaid"], ["--paid", "--lost"]])
def test_resolve_takes_one_word(
    left_open: Attempt, workdir: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """With none of `--paid`, `--unpaid` and `--lost`, or with several, nothing changes."""
    assert run(["ledger", "resolve", str(left_open.attempt_id), *words]) == 2
    assert lines(capsys.readouterr().err) == ["resolve: give one of --paid, --unpaid and --lost"]
    assert trio.run(read_attempt, workdir / "clips/vgen.db") == left_open


def test_an_attempt_at_work_is_not_resolved(
    left_open: Attempt, workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """While another process has the clip, one line says which, and nothing changes."""

    async def claim() -> None:
        async with aclosing(SQLiteLedger(workdir / "clips/vgen.db")) as ledger:
            await ledger.claim(JOB, 1, owner="host:412:ab@boot/412/9", lease=60.0)

    trio.run(claim)
    assert run(["ledger", "resolve", "0000", "--lost"]) == 2
    said = "worked on by host:412:ab: wait for its end, or cancel the job"
    assert lines(capsys.readouterr().err) == [f"clip 1 of its job is being {said}"]
    assert trio.run(read_attempt, workdir / "clips/vgen.db") == left_open


def test_the_start_of_an_attempts_id_must_fit(
    left_open: Attempt, capsys: pytest.CaptureFixture[str]
) -> None:
    """A start that no attempt's id has is an error in one line."""
    assert left_open.is_open
    assert run(["ledger", "resolve", "9f", "--lost"]) == 2
    assert lines(capsys.readouterr().err) == ["the ledger has no attempt that begins with 9f"]


def test_reconciling_asks_the_backend(
    left_open: Attempt, workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A local backend's attempt ended with its process: it does not stay open."""
    assert run(["ledger", "reconcile", str(JOB)[:6]]) == 0
    assert not trio.run(read_attempt, workdir / "clips/vgen.db").is_open
    assert left_open.backend in capsys.readouterr().out


def test_cancel_settles_what_is_open(
    left_open: Attempt, workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The job of a dead process is cancelled, and nothing of it stays open."""
    assert run(["cancel", str(JOB)]) == 0
    assert not trio.run(read_attempt, workdir / "clips/vgen.db").is_open
    assert "stopping the job" in capsys.readouterr().err
    assert run(["ledger", str(JOB)]) == 0
    assert "cancelled" in capsys.readouterr().out
    assert run(["cancel", str(JOB)]) == 0
    assert capsys.readouterr().err == (
        "vgen: the job has ended: cancelled; there is nothing to cancel\n"
    )


def test_a_missing_ledger(workdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A missing ledger is reported in one line, and none is made."""
    for words in (["ledger", "unsettled"], ["ledger", "reconcile"], ["cancel", "00"]):
        assert run(words) == 2
        assert capsys.readouterr().err.endswith(
            "clips/vgen.db: there is no ledger; name one with --ledger, or its folder with --out\n"
        )
    assert not (workdir / "clips").exists()
