"""`vgen ledger unsettled`, `reconcile`, `resolve` and `vgen cancel`."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest
import trio

from vgen import ClipPrompt, GenerationSettings, SQLiteLedger
from vgen.abc import Attempt, ClipRequest, Manifest, Money, PlannedClip
from vgen.cli.app import run

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
    await ledger.open_job(Manifest(JOB, clips, GenerationSettings(), Decimal(1)), [])
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
    """They are listed with the id that `resolve` takes, and what is held for them."""
    monkeypatch.setenv("COLUMNS", "160")
    assert run(["ledger", "unsettled"]) == 0
    shown = capsys.readouterr().out
    assert str(left_open.attempt_id) in shown
    assert "$0.25" in shown


@pytest.mark.parametrize(
    ("answer", "money"), [("--paid", Money.WRITTEN_OFF), ("--unpaid", Money.RELEASED)]
)
def test_resolving_an_attempt(
    left_open: Attempt, workdir: Path, answer: str, money: Money, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--paid` writes it off, `--unpaid` releases its money; then nothing is unsettled."""
    assert run(["ledger", "resolve", str(left_open.attempt_id), answer]) == 0
    assert trio.run(read_attempt, workdir / "clips/vgen.db").money is money
    capsys.readouterr()
    assert run(["ledger", "unsettled"]) == 0
    assert capsys.readouterr().out == "nothing is unsettled\n"


def test_resolve_has_no_default(
    left_open: Attempt, workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without `--paid` or `--unpaid` it is a usage error, and nothing changes."""
    assert run(["ledger", "resolve", str(left_open.attempt_id)]) == 2
    assert "--paid" in capsys.readouterr().err
    assert trio.run(read_attempt, workdir / "clips/vgen.db") == left_open


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
    assert run(["ledger"]) == 0
    assert "cancelled" in capsys.readouterr().out


def test_a_missing_ledger(workdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A missing ledger is reported in one line, and none is made."""
    for words in (["ledger", "unsettled"], ["ledger", "reconcile"], ["cancel", "00"]):
        assert run(words) == 2
        assert capsys.readouterr().err.endswith(
            "clips/vgen.db: there is no ledger; choose one with --ledger\n"
        )
    assert not (workdir / "clips").exists()
