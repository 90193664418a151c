"""What a process has left open, from the command line."""

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
def left_open(place: Path) -> Attempt:
    """An attempt that a process was about to send when it died."""
    (place / "clips").mkdir()
    return trio.run(leave_open, place / "clips/vgen.db")


async def leave_open(path: Path) -> Attempt:
    """Write it down."""
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


async def standing(path: Path) -> Attempt:
    """Read it again."""
    ledger = SQLiteLedger(path)
    found = await ledger.attempt(UUID(int=77))
    await ledger.aclose()
    assert found is not None
    return found


def test_doubts_are_listed(
    left_open: Attempt, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the id that a person needs to clear them up, and what is held for them."""
    monkeypatch.setenv("COLUMNS", "160")
    assert run(["ledger", "unsettled"]) == 0
    shown = capsys.readouterr().out
    assert str(left_open.attempt_id) in shown
    assert "$0.25" in shown


@pytest.mark.parametrize(
    ("answer", "money"), [("--paid", Money.WRITTEN_OFF), ("--unpaid", Money.RELEASED)]
)
def test_a_person_resolves_one(
    left_open: Attempt, place: Path, answer: str, money: Money, capsys: pytest.CaptureFixture[str]
) -> None:
    """One way or the other; then nothing is open."""
    assert run(["ledger", "resolve", str(left_open.attempt_id), answer]) == 0
    assert trio.run(standing, place / "clips/vgen.db").money is money
    capsys.readouterr()
    assert run(["ledger", "unsettled"]) == 0
    assert capsys.readouterr().out == "nothing is open\n"


def test_the_answer_must_be_given(
    left_open: Attempt, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither is the default: it is money."""
    assert run(["ledger", "resolve", str(left_open.attempt_id)]) == 2
    assert "--paid" in capsys.readouterr().err
    assert trio.run(standing, place / "clips/vgen.db") == left_open


def test_reconciling_asks_the_backend(
    left_open: Attempt, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A local backend's attempt has died with its process; it does not stay open."""
    assert run(["ledger", "reconcile", str(JOB)[:6]]) == 0
    assert not trio.run(standing, place / "clips/vgen.db").is_open
    assert left_open.backend in capsys.readouterr().out


def test_cancelling_leaves_nothing_open(
    left_open: Attempt, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A job whose process has died is called off, and can be made all the same later."""
    assert run(["cancel", str(JOB)]) == 0
    assert not trio.run(standing, place / "clips/vgen.db").is_open
    assert run(["ledger"]) == 0
    assert "cancelled" in capsys.readouterr().out


def test_what_is_not_there(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line says what is missing, and nothing is made."""
    for words in (["ledger", "unsettled"], ["ledger", "reconcile"], ["cancel", "00"]):
        assert run(words) == 2
        assert capsys.readouterr().err.endswith(
            "clips/vgen.db: there is no ledger; --ledger names another\n"
        )
    assert not (place / "clips").exists()
