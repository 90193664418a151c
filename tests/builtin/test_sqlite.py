"""The SQLite ledger keeps jobs, attempts and their money."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID, uuid4

import pytest
import trio
import trio.testing
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.memory import IN_MEMORY
from tests.records.samples import CLIP, a_manifest, an_attempt
from vgen import SQLiteLedger
from vgen.errors import BudgetExceededError, LedgerError, NotFoundError
from vgen.records.attempt import Attempt, Custody, Money
from vgen.records.entry import (
    Doubted,
    Entry,
    Fetched,
    Released,
    Reserved,
    Settled,
    Stored,
    Ticketed,
)
from vgen.records.job import Claim, Job
from vgen.records.money import Account, Need
from vgen.records.status import State, Ticket
from vgen.testing.contracts import audit

from . import random_changes
from .clock import Clock

JOB = UUID(int=1)
INTENDED = (Money.HELD, Custody.INTENDED)
TICKETED = (Money.HELD, Custody.TICKETED)
TICKET = Ticket("svd", "p-1")


async def opened(ledger: SQLiteLedger, budget: str = "1.00", expected: str = "0") -> Account:
    """Open the job, of which so much is still to be spent."""
    return await ledger.open_job(a_manifest(JOB, budget=budget), Need(Decimal(expected)))


async def claimed(ledger: SQLiteLedger, clip_index: int = 0) -> Claim:
    """Claim a clip that nobody has."""
    claim = await ledger.claim(JOB, clip_index, owner="me", lease=60)
    assert claim is not None
    return claim


async def known(ledger: SQLiteLedger, job_id: UUID = JOB) -> Job:
    """The job as the ledger has it."""
    job = await ledger.job(job_id)
    assert job is not None
    return job


async def test_a_job_is_kept(ledger: SQLiteLedger, path: Path) -> None:
    """Manifest, attempts and account are there for whoever opens the file next."""
    manifest = a_manifest(JOB, budget="1.00", spent="0.10")
    await ledger.open_job(manifest, Need())
    sent = await ledger.reserve(await claimed(ledger), an_attempt(JOB, 0, hold="0.30"))
    await ledger.aclose()
    other = SQLiteLedger(path)
    account = Account(Decimal("1.00"), spent=Decimal("0.10"), held=Decimal("0.30"))
    assert await other.job(JOB) == Job(manifest, account, (sent,))
    assert await other.attempts(JOB, 0) == (sent,)
    await other.aclose()


async def test_a_refused_reopening_leaves_the_job_as_it_was(ledger: SQLiteLedger) -> None:
    """A job that is opened again beyond its budget keeps its manifest and its holds."""
    await opened(ledger)
    await ledger.reserve(await claimed(ledger), an_attempt(JOB, 0, hold="0.30"))
    before = await known(ledger)
    with pytest.raises(BudgetExceededError) as caught:
        await opened(ledger, "0.50", "0.51")
    assert (caught.value.held, caught.value.least) == (Decimal(0), Decimal("0.51"))
    assert await known(ledger) == before
    await opened(ledger, "0.50", "0.50")


async def test_opening_the_same_again_changes_no_money(ledger: SQLiteLedger) -> None:
    """A caller whose answer was lost may ask again."""
    assert await opened(ledger) == await opened(ledger)
    await audit(ledger, JOB)


async def test_what_was_spent_before_counts_anew(ledger: SQLiteLedger) -> None:
    """The caller's word on earlier spending replaces its former one, beside the job's own bills."""
    attempt = an_attempt(JOB, 0, hold="0.30")
    await opened(ledger)
    await through(ledger, attempt, Settled(State.FAILED, Decimal("0.25"), metered=True))
    account = await ledger.open_job(a_manifest(JOB, spent="0.50"), Need())
    assert account == Account(Decimal("1.00"), spent=Decimal("0.75"))
    await audit(ledger, JOB)


async def through(ledger: SQLiteLedger, attempt: Attempt, verdict: Entry) -> Attempt:
    """Bring an attempt from its hold to its verdict."""
    claim = await claimed(ledger, attempt.clip_index)
    await ledger.reserve(claim, attempt)
    await ledger.advance(claim, attempt.attempt_id, INTENDED, Ticketed(TICKET))
    settled = await ledger.advance(claim, attempt.attempt_id, TICKETED, verdict)
    await ledger.release(claim)
    return settled


async def test_a_bill_above_its_hold_is_booked_in_full(ledger: SQLiteLedger) -> None:
    """It is marked, and nothing more that costs is let in until the job is opened again."""
    attempt, other = an_attempt(JOB, 0, hold="0.30"), an_attempt(JOB, 1, hold="0.10")
    await opened(ledger)
    settled = await through(ledger, attempt, Settled(State.FAILED, Decimal("0.35"), metered=True))
    assert settled.overrun
    account = (await known(ledger)).account
    assert (account.spent, account.overrun) == (Decimal("0.35"), True)
    claim = await claimed(ledger, 1)
    with pytest.raises(BudgetExceededError):
        await ledger.reserve(claim, other)
    await ledger.reserve(claim, an_attempt(JOB, 1, hold="0"))
    assert not (await opened(ledger)).overrun
    await audit(ledger, JOB)


async def test_reserving_holds_in_one_line(ledger: SQLiteLedger, clock: Clock) -> None:
    """The attempt and its money are written down together, when it is about to be sent."""
    await opened(ledger)
    claim = await claimed(ledger)
    clock.now += 5
    sent = await ledger.reserve(claim, an_attempt(JOB, 0, hold="0.90"))
    assert (sent.state, sent.sent, sent.epoch) == (INTENDED, True, claim.epoch)
    assert (await known(ledger)).account.held == Decimal("0.90")
    (line,) = await ledger.history(JOB)
    assert (line.at.timestamp(), line.entry) == (1005.0, Reserved())
    assert line.movement.held == Decimal("0.90")


async def test_a_refused_reserve_writes_nothing(ledger: SQLiteLedger) -> None:
    """What does not fit changes nothing, to a hundredth of a cent."""
    await opened(ledger)
    before = await known(ledger)
    with pytest.raises(BudgetExceededError):
        await ledger.reserve(await claimed(ledger), an_attempt(JOB, 0, hold="1.0001"))
    assert await known(ledger) == before


async def test_reserve_may_be_repeated(ledger: SQLiteLedger) -> None:
    """The same again, under the same claim, is the same answer and no second hold."""
    await opened(ledger)
    claim, attempt = await claimed(ledger), an_attempt(JOB, 0)
    assert await ledger.reserve(claim, attempt) == await ledger.reserve(claim, attempt)
    assert len(await ledger.history(JOB)) == 1
    await audit(ledger, JOB)


async def test_what_was_sent_is_never_reserved_again(ledger: SQLiteLedger, clock: Clock) -> None:
    """Not by the next to hold the claim, not once it has moved on, and not when it is over."""
    await opened(ledger)
    first, attempt = await claimed(ledger), an_attempt(JOB, 0)
    await ledger.reserve(first, attempt)
    clock.now += 61
    second = await claimed(ledger)
    with pytest.raises(LedgerError, match="open"):
        await ledger.reserve(second, attempt)
    with pytest.raises(LedgerError, match="open"):
        await ledger.reserve(second, an_attempt(JOB, 0))
    await ledger.advance(second, attempt.attempt_id, INTENDED, Doubted("silence"))
    with pytest.raises(LedgerError, match="open"):
        await ledger.reserve(second, attempt)
    doubt = (Money.IN_DOUBT, Custody.INTENDED)
    await ledger.advance(second, attempt.attempt_id, doubt, Released("absent"))
    with pytest.raises(LedgerError, match="written down before"):
        await ledger.reserve(second, attempt)
    await audit(ledger, JOB)


async def test_advance_may_be_repeated(ledger: SQLiteLedger) -> None:
    """The same step again is the same answer; another from the same state is refused."""
    await opened(ledger)
    claim, attempt = await claimed(ledger), an_attempt(JOB, 0)
    await ledger.reserve(claim, attempt)
    step = (claim, attempt.attempt_id, INTENDED, Ticketed(TICKET))
    assert await ledger.advance(*step) == await ledger.advance(*step)
    with pytest.raises(LedgerError, match="is held and ticketed, not held and intended"):
        await ledger.advance(claim, attempt.attempt_id, INTENDED, Ticketed(Ticket("svd", "p-2")))
    with pytest.raises(LedgerError, match="cannot be reserved"):
        await ledger.advance(claim, attempt.attempt_id, TICKETED, Reserved())
    assert len(await ledger.history(JOB)) == 2


async def test_a_step_that_leads_nowhere_is_no_line(ledger: SQLiteLedger) -> None:
    """A fetch that is told twice, from the state that it leads to, stands in the journal once."""
    attempt = an_attempt(JOB, 0)
    await opened(ledger)
    await through(ledger, attempt, Settled(State.SUCCEEDED, Decimal("0.20")))
    claim = await claimed(ledger)
    entry = Fetched("/c.mp4", Decimal("0.20"))
    won, fetched = (Money.SETTLED, Custody.SUCCEEDED), (Money.SETTLED, Custody.FETCHED)
    await ledger.advance(claim, attempt.attempt_id, won, entry)
    count = len(await ledger.history(JOB))
    await ledger.advance(claim, attempt.attempt_id, fetched, entry)
    assert len(await ledger.history(JOB)) == count
    stored = await ledger.advance(claim, attempt.attempt_id, fetched, Stored(CLIP))
    assert stored.clip == CLIP
    assert await ledger.attempts(JOB, 0) == (stored,)
    assert (await audit(ledger, JOB)).spent == Decimal("0.20")


async def test_a_claim_moves_its_own_clip_only(ledger: SQLiteLedger) -> None:
    """An attempt of another clip, or one that nobody knows, cannot be moved."""
    await opened(ledger)
    claim, attempt = await claimed(ledger), an_attempt(JOB, 0)
    await ledger.reserve(claim, attempt)
    for attempt_id in (attempt.attempt_id, uuid4()):
        with pytest.raises(LedgerError, match="clip 1 has no attempt"):
            await ledger.advance(await claimed_anew(ledger, 1), attempt_id, INTENDED, Released("x"))


async def claimed_anew(ledger: SQLiteLedger, clip_index: int) -> Claim:
    """Claim a clip for no time at all, so that it can be claimed again."""
    claim = await ledger.claim(JOB, clip_index, owner="me", lease=0)
    assert claim is not None
    return claim


async def test_concluding_notes_the_outcome(ledger: SQLiteLedger) -> None:
    """What may have been sent keeps its money, and the outcome is noted whatever it says."""
    sent = an_attempt(JOB, 0)
    await opened(ledger)
    await ledger.reserve(await claimed(ledger), sent)
    assert (await ledger.conclude(JOB, "1 of 3 clips")).held == sent.hold
    assert (await known(ledger)).outcome == "1 of 3 clips"
    await ledger.conclude(JOB, "no\udce9")
    assert (await known(ledger)).outcome == "no\\udce9"
    await opened(ledger)
    assert (await known(ledger)).outcome == ""
    await audit(ledger, JOB)


async def test_jobs_are_listed_in_their_order(ledger: SQLiteLedger) -> None:
    """The newest first; opening a job again does not move it."""
    jobs = [UUID(int=number) for number in (9, 2, 5)]
    for job in [*jobs, jobs[0]]:
        await ledger.open_job(a_manifest(job), Need())
    assert [job.job_id for job in await ledger.jobs()] == jobs[::-1]


async def test_an_unknown_job_is_refused(ledger: SQLiteLedger) -> None:
    """Nothing can be claimed or concluded in a job that was never opened."""
    await opened(ledger)
    with pytest.raises(NotFoundError, match="no job"):
        await ledger.claim(UUID(int=2), 0, owner="me", lease=1)
    with pytest.raises(NotFoundError, match="no job"):
        await ledger.conclude(UUID(int=2), "")
    assert await ledger.attempts(UUID(int=2), 0) == ()
    assert await ledger.job(UUID(int=2)) is None


@settings(max_examples=12, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    budget=st.sampled_from(["0.70", "1.00", "2.50"]),
    overrunning=st.booleans(),
)
def test_no_schedule_passes_the_budget(seed: int, budget: str, *, overrunning: bool) -> None:
    """Whatever is tried in whatever order, the budget holds, and the journal adds up."""

    async def play() -> None:
        with TemporaryDirectory(dir=IN_MEMORY) as folder:
            clock = Clock()
            ledger = SQLiteLedger(Path(folder, "vgen.db"), clock=clock)
            manifest = a_manifest(random_changes.JOB, budget=budget, spent="0.05")
            await ledger.open_job(manifest, Need())
            rng = random_changes.seeded(seed)
            keeper = random_changes.RandomChanges(ledger, "me", rng, overrunning=overrunning)
            for _ in range(40):
                await keeper.work(1)
                clock.now += 0.015
            await audit(ledger, random_changes.JOB)
            await ledger.aclose()

    trio.run(play, clock=trio.testing.MockClock(autojump_threshold=0))
