"""Attempts that a person closes: there is a way out of every state."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import get_args
from uuid import uuid4

import pytest
import trio
from trio.testing import MockClock

from tests.drive.jobs import JOB, LEASE, PLENTY, Fakes, leave_open, prompts
from vgen.abc import Attempt, Entry, Money, State, Ticket
from vgen.decisions.resolution import Word
from vgen.errors import ConfigurationError, LedgerError, NotFoundError
from vgen.records.entry import Doubted, Fetched, Lost, Settled, Spooled, Ticketed, WrittenOff
from vgen.testing import FakeBackend, Hang

BILL = Decimal("0.05")
TICKETED = Ticketed(Ticket("fake", "gone", "fake-account"))
WON = Settled(State.SUCCEEDED, BILL, metered=True)
FETCHED = Fetched("clip.mp4", BILL)

OPEN: dict[str, Sequence[Entry]] = {
    "sent": (),
    "in doubt": (Doubted("no answer in time"),),
    "in flight": (TICKETED,),
    "in doubt, in flight": (Doubted("no answer in time"), TICKETED),
    "succeeded": (TICKETED, WON),
    "fetched": (TICKETED, WON, FETCHED),
    "spooled": (TICKETED, WON, FETCHED, Spooled("spool/clip.mp4")),
}
"""The entries that lead to each state in which an attempt that was sent is open."""

GIVEN_UP: dict[str, Sequence[Entry]] = {
    "written off": (TICKETED, WrittenOff("not known")),
    "lost": (TICKETED, WON, Lost("black")),
}


async def attempt_after(entries: Sequence[Entry]) -> tuple[Fakes, Attempt]:
    """Return a job whose clip 0 has an attempt of a dead process, after these entries."""
    fakes = Fakes()
    attempt = await leave_open(fakes, accepted=False)
    claim = await fakes.ledger.holder(JOB, 0)
    assert claim is not None
    for entry in entries:
        attempt = await fakes.ledger.advance(claim, attempt.attempt_id, attempt.state, entry)
    await trio.sleep(LEASE)
    return fakes, attempt


@pytest.mark.parametrize("word", get_args(Word))
@pytest.mark.parametrize("state", OPEN)
async def test_there_is_a_way_out_of_every_state(
    autojump_clock: MockClock, state: str, word: Word
) -> None:
    """The bill counts as spent, or the hold without one, or nothing if unpaid; the clip is free."""
    fakes, attempt = await attempt_after(OPEN[state])
    async with fakes.runner() as runner:
        resolved = await runner.resolve(attempt.attempt_id, word)
        assert not resolved.is_open
        assert await fakes.ledger.holder(JOB, 0) is None
        counted = BILL if attempt.money is Money.SETTLED else attempt.hold
        assert resolved.spent == (0 if word == "unpaid" else counted)
        assert resolved.reason.startswith(f"{word}, a person says")
        assert resolved.reason.endswith(attempt.reason)
        assert await runner.resolve(attempt.attempt_id, word) == resolved
        clips = await runner.process(JOB, prompts(*"abc"), budget=PLENTY)
    assert clips.successful_clips == 3
    assert len(fakes.backend.submitted) == 3
    charged = sum(charge.amount for charge in fakes.backend.charges)
    assert clips.total_cost == charged + resolved.spent


@pytest.mark.parametrize("state", GIVEN_UP)
async def test_what_was_given_up_may_turn_out_unpaid(autojump_clock: MockClock, state: str) -> None:
    """Its money is free again; any other word about it changes nothing."""
    fakes, attempt = await attempt_after(GIVEN_UP[state])
    async with fakes.runner() as runner:
        assert await runner.resolve(attempt.attempt_id, "paid") == attempt
        assert await runner.resolve(attempt.attempt_id, "lost") == attempt
        corrected = await runner.resolve(attempt.attempt_id, "unpaid")
    assert corrected.money is Money.RELEASED
    job = fakes.ledger.peek(JOB)
    assert job is not None
    assert job.account.spent == 0


@pytest.mark.parametrize("word", get_args(Word))
async def test_what_is_closed_stays_closed(autojump_clock: MockClock, word: Word) -> None:
    """A stored clip stays paid for, and an id that the ledger does not have is an error."""
    fakes = Fakes()
    async with fakes.runner() as runner:
        await runner.process(JOB, prompts(*"abc"), budget=PLENTY)
        (stored, *_) = await fakes.ledger.attempts(JOB, 0)
        with pytest.raises(ConfigurationError, match="settled and stored: it is closed"):
            await runner.resolve(stored.attempt_id, word)
        with pytest.raises(NotFoundError, match="no attempt"):
            await runner.resolve(uuid4(), word)
    assert await fakes.ledger.attempts(JOB, 0) == (stored,)


async def test_a_clip_that_is_worked_on_is_not_resolved(autojump_clock: MockClock) -> None:
    """While a live process has the clip, its attempt stays as it is, and the error names it."""
    fakes = Fakes([FakeBackend(default=Hang())])
    async with fakes.runner() as runner, trio.open_nursery() as nursery:
        await runner.open_job(JOB, prompts(*"abc"), budget=PLENTY)
        nursery.start_soon(runner.run_clip, JOB, 0)
        await trio.sleep(5)
        (attempt,) = await fakes.ledger.attempts(JOB, 0)
        holder = await fakes.ledger.holder(JOB, 0)
        assert holder is not None
        with pytest.raises(LedgerError, match="worked on by") as caught:
            await runner.resolve(attempt.attempt_id, "lost")
        assert holder.owner.partition("@")[0] in str(caught.value)
        assert await fakes.ledger.attempts(JOB, 0) == (attempt,)
        nursery.cancel_scope.cancel()
