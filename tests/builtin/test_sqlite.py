"""The SQLite ledger keeps jobs, attempts and their money."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID, uuid4

import pytest
import trio
import trio.testing
from attrs import evolve
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
    Planned,
    Released,
    Reserved,
    Settled,
    Stored,
    Ticketed,
)
from vgen.records.job import Claim, Job
from vgen.records.money import Account
from vgen.records.status import State, Ticket
from vgen.testing.contracts import audit

from . import random_changes
from .clock import Clock

JOB = UUID(int=1)
INTENDED = (Money.HELD, Custody.INTENDED)
TICKETED = (Money.HELD, Custody.TICKETED)
TICKET = Ticket("svd", "p-1")


async def opened(ledger: SQLiteLedger, *holds: Attempt, budget: str = "1.00") -> Account:
    """Open the job with these holds."""
    return await ledger.open_job(a_manifest(JOB, budget=budget), holds)


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
    """Manifest, holds and account are there for whoever opens the file next."""
    manifest = a_manifest(JOB, budget="1.00", spent="0.10")
    holds = [an_attempt(JOB, index, hold="0.30") for index in range(3)]
    account = await ledger.open_job(manifest, holds)
    assert account == Account(Decimal("1.00"), spent=Decimal("0.10"), held=Decimal("0.90"))
    await ledger.aclose()
    other = SQLiteLedger(path)
    assert await other.job(JOB) == Job(manifest, account, tuple(holds))
    assert await other.attempts(JOB, 1) == (holds[1],)
    await other.aclose()


async def test_holds_are_taken_together_or_not_at_all(ledger: SQLiteLedger) -> None:
    """If they do not fit together, no job, no hold and no line is left behind."""
    holds = [an_attempt(JOB, index, hold="0.34") for index in range(3)]
    with pytest.raises(BudgetExceededError) as caught:
        await opened(ledger, *holds)
    assert (caught.value.asked, caught.value.held) == (Decimal("1.02"), Decimal(0))
    assert await ledger.job(JOB) is None
    assert await ledger.history(JOB) == ()
    assert (await opened(ledger, *holds, budget="1.02")).held == Decimal("1.02")


async def test_a_refused_reopening_leaves_the_job_as_it_was(ledger: SQLiteLedger) -> None:
    """A job that is opened again beyond its budget keeps its manifest and its holds."""
    hold = an_attempt(JOB, 0)
    await opened(ledger, hold)
    before = await known(ledger)
    with pytest.raises(BudgetExceededError):
        await opened(ledger, an_attempt(JOB, 0, hold="0.51"), budget="0.50")
    assert await known(ledger) == before


async def test_two_holds_for_one_clip_are_refused(ledger: SQLiteLedger) -> None:
    """A clip has one open attempt, and nothing is written where it would have two."""
    with pytest.raises(LedgerError):
        await opened(ledger, an_attempt(JOB, 0), an_attempt(JOB, 0))
    assert await ledger.job(JOB) is None


async def test_reopening_replaces_what_was_only_planned(ledger: SQLiteLedger) -> None:
    """Planned attempts give way to the new ones; those that were sent stay, and keep their hold."""
    sent, planned = an_attempt(JOB, 0, hold="0.40"), an_attempt(JOB, 1, hold="0.40")
    await opened(ledger, sent, planned)
    await ledger.reserve(await claimed(ledger), sent)
    again = [an_attempt(JOB, index, hold="0.20") for index in range(3)]
    account = await opened(ledger, *again, budget="0.80")
    assert account == Account(Decimal("0.80"), held=Decimal("0.80"))
    states = {a.attempt_id: a.state for a in (await known(ledger)).attempts}
    assert states == {
        sent.attempt_id: INTENDED,
        planned.attempt_id: (Money.RELEASED, Custody.VOID),
        again[1].attempt_id: (Money.HELD, Custody.PLANNED),
        again[2].attempt_id: (Money.HELD, Custody.PLANNED),
    }
    await audit(ledger, JOB)


async def test_opening_the_same_again_changes_no_money(ledger: SQLiteLedger) -> None:
    """A caller whose answer was lost may ask again."""
    holds = [an_attempt(JOB, index) for index in range(2)]
    assert await opened(ledger, *holds) == await opened(ledger, *holds)
    await audit(ledger, JOB)


async def test_what_was_spent_before_counts_anew(ledger: SQLiteLedger) -> None:
    """The caller's word on earlier spending replaces its former one, beside the job's own bills."""
    attempt = an_attempt(JOB, 0, hold="0.30")
    await opened(ledger, attempt)
    await through(ledger, attempt, Settled(State.FAILED, Decimal("0.25"), metered=True))
    account = await ledger.open_job(a_manifest(JOB, spent="0.50"), [])
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
    attempt, planned = an_attempt(JOB, 0, hold="0.30"), an_attempt(JOB, 1, hold="0.10")
    await opened(ledger, attempt, planned)
    settled = await through(ledger, attempt, Settled(State.FAILED, Decimal("0.35"), metered=True))
    assert settled.overrun
    account = (await known(ledger)).account
    assert (account.spent, account.overrun) == (Decimal("0.35"), True)
    claim = await claimed(ledger, 1)
    with pytest.raises(BudgetExceededError):
        await ledger.reserve(claim, planned)
    await ledger.reserve(claim, an_attempt(JOB, 1, hold="0"))
    assert not (await opened(ledger)).overrun
    await audit(ledger, JOB)


async def test_reserving_takes_up_what_was_planned(ledger: SQLiteLedger, clock: Clock) -> None:
    """The planned attempt is sent under its own id, at the price of the backend it goes to."""
    planned = an_attempt(JOB, 0, hold="0.30")
    await opened(ledger, planned)
    claim = await claimed(ledger)
    clock.now += 5
    sent = await ledger.reserve(claim, evolve(planned, backend="cog", hold=Decimal("0.90")))
    assert (sent.state, sent.sent, sent.backend) == (INTENDED, True, "cog")
    assert sent.epoch == claim.epoch
    assert (await known(ledger)).account.held == Decimal("0.90")
    lines = await ledger.history(JOB)
    assert [(line.at.timestamp(), type(line.entry)) for line in lines] == [
        (1000.0, Planned),
        (1005.0, Reserved),
    ]


async def test_reserving_another_releases_what_was_planned(ledger: SQLiteLedger) -> None:
    """An attempt of another id takes the place, and the money, of the planned one."""
    planned, other = an_attempt(JOB, 0, hold="0.90"), an_attempt(JOB, 0, hold="1.00")
    await opened(ledger, planned)
    await ledger.reserve(await claimed(ledger), other)
    assert (await known(ledger)).account.held == Decimal("1.00")
    assert [a.state for a in await ledger.attempts(JOB, 0)] == [
        (Money.RELEASED, Custody.VOID),
        INTENDED,
    ]
    await audit(ledger, JOB)


async def test_a_refused_reserve_leaves_what_was_planned(ledger: SQLiteLedger) -> None:
    """What does not fit changes nothing, to a hundredth of a cent."""
    planned = an_attempt(JOB, 0, hold="0.90")
    await opened(ledger, planned)
    before = await known(ledger)
    with pytest.raises(BudgetExceededError):
        await ledger.reserve(await claimed(ledger), an_attempt(JOB, 0, hold="1.0001"))
    assert await known(ledger) == before


async def test_reserve_may_be_repeated(ledger: SQLiteLedger) -> None:
    """The same again, under the same claim, is the same answer and no second hold."""
    await opened(ledger)
    claim, attempt = await claimed(ledger), an_attempt(JOB, 0)
    assert await ledger.reserve(claim, attempt) == await ledger.reserve(claim, attempt)
    assert len(await ledger.history(JOB)) == 2
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
    with pytest.raises(LedgerError, match="sent before"):
        await ledger.reserve(second, attempt)
    with pytest.raises(LedgerError, match="sent before"):
        await opened(ledger, attempt)
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
    assert len(await ledger.history(JOB)) == 3


async def test_a_step_that_leads_nowhere_is_no_line(ledger: SQLiteLedger) -> None:
    """A fetch that is told twice, from the state that it leads to, stands in the journal once."""
    attempt = an_attempt(JOB, 0)
    await opened(ledger, attempt)
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


async def test_concluding_releases_what_was_planned(ledger: SQLiteLedger) -> None:
    """Only what may have been sent keeps its money, and the outcome is noted whatever it says."""
    sent, planned = an_attempt(JOB, 0), an_attempt(JOB, 1)
    await opened(ledger, sent, planned)
    await ledger.reserve(await claimed(ledger), sent)
    assert (await ledger.conclude(JOB, "1 of 3 clips")).held == sent.hold
    assert (await known(ledger)).outcome == "1 of 3 clips"
    await ledger.conclude(JOB, "no\udce9")
    assert (await known(ledger)).outcome == "no\\udce9"
    await opened(ledger)
    assert (await known(ledger)).outcome == ""
    await audit(ledger, JOB)


async def test_jobs_are_listed_in_their_order(ledger: SQLiteLedger) -> None:
    """Opening a job again does not move it."""
    jobs = [UUID(int=number) for number in (9, 2, 5)]
    for job in [*jobs, jobs[0]]:
        await ledger.open_job(a_manifest(job), [])
    assert await ledger.jobs() == tuple(jobs)


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
            await ledger.open_job(manifest, [])
            rng = random_changes.seeded(seed)
            keeper = random_changes.RandomChanges(ledger, "me", rng, overrunning=overrunning)
            for _ in range(40):
                await keeper.work(1)
                clock.now += 0.015
            await audit(ledger, random_changes.JOB)
            await ledger.aclose()

    trio.run(play, clock=trio.testing.MockClock(autojump_threshold=0))
