"""The contract of a ledger's books: its lists of jobs, its sums, what estimates learn from."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import trio
from attrs import evolve

from vgen.ports.ledger import CostLedger
from vgen.records.attempt import Attempt, Custody, Money
from vgen.records.books import JobQuery, JobState, Spending, SpendingKey
from vgen.records.entry import Settled, Ticketed
from vgen.records.job import Claim
from vgen.records.money import Purse
from vgen.records.notice import Notice
from vgen.records.status import State, Ticket
from vgen.testing.contracts.operations import (
    JOB,
    NOTHING,
    ONE_HOUR,
    make_attempt,
    make_manifest,
)
from vgen.testing.contracts.trio_tests import TrioTests, in_trio

TICK = 0.001
"""A pause that any clock notices, in seconds."""

PURSES = (Purse("me", Decimal(9)), Purse("us", Decimal(9)))


class BooksContract(TrioTests):
    """The promises of the methods that read many jobs."""

    @abstractmethod
    def make(self, folder: Path) -> CostLedger:
        """Make the ledger, empty for a new folder."""

    @asynccontextmanager
    async def _opened(self, folder: Path, jobs: int) -> AsyncGenerator[CostLedger]:
        ledger = self.make(folder)
        try:
            for number in range(jobs):
                manifest = evolve(
                    make_manifest(900),
                    job_id=job_id(number),
                    name=f"film {number}",
                    folder="/clips",
                    backends=("svd", "other"),
                    min_clips=1,
                    purses=PURSES if number else (),
                )
                await ledger.open_job(manifest, NOTHING)
                await trio.sleep(TICK)
            yield ledger
        finally:
            await ledger.aclose()

    @in_trio
    async def test_jobs_come_in_pages(self, tmp_path: Path) -> None:
        """Those opened last come first, each once, however they are filtered."""
        async with self._opened(tmp_path, 5) as ledger:
            first = await ledger.jobs(JobQuery(limit=2))
            assert [job.name for job in first] == ["film 4", "film 3"]
            second = await ledger.jobs(JobQuery(limit=9, after=first[-1].job_id))
            assert [job.name for job in second] == ["film 2", "film 1", "film 0"]
            assert await ledger.jobs(JobQuery(after=UUID(int=1))) == ()
            last = second[-1]
            assert (last.job_id, last.folder, last.backends) == (JOB, "/clips", ("svd", "other"))
            assert (last.clips, last.made, last.account.limit) == (2, 0, Decimal(9))
            assert await ledger.jobs(JobQuery(prefix=str(JOB)[:-2], limit=1)) == first[:1]
            assert await ledger.jobs(JobQuery(prefix=str(JOB))) == (last,)
            assert await ledger.jobs(JobQuery(prefix="*")) == ()
            moment = timedelta(microseconds=1)
            later = JobQuery(since=second[0].opened_at + moment)
            assert await ledger.jobs(later) == first
            assert await ledger.jobs(JobQuery(until=last.opened_at - moment)) == ()

    @in_trio
    async def test_jobs_are_found_by_their_state(self, tmp_path: Path) -> None:
        """Each job has the one state that says what a person would do about it."""
        states = [*JobState, JobState.STOPPED]
        async with self._opened(tmp_path, len(states)) as ledger:
            for number, state in enumerate(states):
                await _bring(ledger, job_id(number), state, stopped=number < len(JobState))
            found = {job.job_id: job.state for job in await ledger.jobs()}
            assert found == {job_id(number): state for number, state in enumerate(states)}
            for state in JobState:
                listed = await ledger.jobs(JobQuery(states=(state,)))
                assert {job.state for job in listed} == {state}
            short = await ledger.jobs(JobQuery(states=(JobState.SHORT, JobState.OPEN)))
            assert [job.state for job in short] == [JobState.SHORT, JobState.OPEN]

    @in_trio
    async def test_spending_is_summed_up(self, tmp_path: Path) -> None:
        """By any keys, within any time, each bill once, and once for each of its purses."""
        async with self._opened(tmp_path, 2) as ledger:
            before = await ledger.now()
            await trio.sleep(TICK)
            await _spend(ledger, JOB, "0.10", "svd")
            await _spend(ledger, job_id(1), "0.20", "other")
            day = (await ledger.now()).date()
            assert await ledger.spending() == (Spending(Decimal("0.30"), 2),)
            assert await ledger.spending(by=[SpendingKey.DAY, SpendingKey.BACKEND]) == (
                Spending(Decimal("0.20"), 1, backend="other", day=day),
                Spending(Decimal("0.10"), 1, backend="svd", day=day),
            )
            assert await ledger.spending(by=[SpendingKey.PURSE, SpendingKey.ACCOUNT]) == (
                Spending(Decimal("0.10"), 1, account="me", purse=""),
                Spending(Decimal("0.20"), 1, account="me", purse="me"),
                Spending(Decimal("0.20"), 1, account="me", purse="us"),
            )
            assert await ledger.spending(until=before) == ()
            assert await ledger.spending(since=await ledger.now()) == ()

    @in_trio
    async def test_verdicts_are_observed(self, tmp_path: Path) -> None:
        """Those of a backend, the newest first, with what was billed in the end."""
        async with self._opened(tmp_path, 3) as ledger:
            for number in range(3):
                await _spend(ledger, job_id(number), f"0.{number}1", "svd")
            found = await ledger.observed("svd", limit=2)
            assert [one.billed for one in found] == [Decimal("0.21"), Decimal("0.11")]
            assert {one.verdict for one in found} == {State.FAILED}
            assert all(0 <= one.seconds < ONE_HOUR for one in found)
            assert await ledger.observed("other", limit=2) == ()

    @in_trio
    async def test_notices_are_kept(self, tmp_path: Path) -> None:
        """A message counts once, is told by its account, and may come before its attempt."""
        ledger = self.make(tmp_path)
        try:
            assert await ledger.noticed("me", ["p1"]) == frozenset()
            assert await ledger.add_notice(Notice("m1", "me", "p1"))
            assert not await ledger.add_notice(Notice("m1", "me", "p1"))
            assert await ledger.add_notice(Notice("m1", "you", "p2"))
            assert await ledger.add_notice(Notice("m2", "me", "p3"))
            assert await ledger.add_notice(Notice("m3", "me", "p3"))
            assert await ledger.noticed("me", ["p1", "p2", "p3", "p4"]) == {"p1", "p3"}
            assert await ledger.noticed("me", []) == frozenset()
        finally:
            await ledger.aclose()


def job_id(number: int) -> UUID:
    """Return the id of one of several jobs."""
    return UUID(int=JOB.int + number)


async def _bring(ledger: CostLedger, job: UUID, state: JobState, *, stopped: bool) -> None:
    """Bring a job that was opened into a state; `stopped`, or left by its process."""
    if state is JobState.NEVER_SENT:
        return
    if state in {JobState.RUNNING, JobState.OPEN}:
        await _sent(ledger, job, lease=ONE_HOUR if state is JobState.RUNNING else 0.0)
    else:
        await _spend(ledger, job, "0.10", "svd")
    if state in {JobState.FINISHED, JobState.SHORT}:
        await ledger.conclude(job, "done", made=int(state is JobState.FINISHED))
    if state is JobState.STOPPED and stopped:
        await ledger.stop(job)


async def _sent(
    ledger: CostLedger, job: UUID, *, lease: float, backend: str = "svd"
) -> tuple[Claim, Attempt]:
    claim = await ledger.claim(job, 0, owner="ann", lease=lease)
    assert claim is not None
    attempt = evolve(make_attempt(0, cents=50), attempt_id=UUID(int=job.int), backend=backend)
    return claim, await ledger.reserve(claim, attempt)


async def _spend(ledger: CostLedger, job: UUID, dollars: str, backend: str) -> None:
    """Send an attempt, and book its bill."""
    claim, attempt = await _sent(ledger, job, lease=0.0, backend=backend)
    key = attempt.attempt_id
    await ledger.advance(claim, key, attempt.state, Ticketed(Ticket(backend, "p")))
    bill = Settled(State.FAILED, Decimal(dollars), metered=True)
    await ledger.advance(claim, key, (Money.HELD, Custody.TICKETED), bill)
    await trio.sleep(TICK)
