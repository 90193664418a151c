"""A ledger in memory, on Trio's clock and without threads: the reference implementation."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from vgen.errors import LedgerError, NotFoundError, VgenError
from vgen.ports.ledger import EVERY_JOB, CostLedger
from vgen.records.attempt import Attempt, Custody, Money
from vgen.records.books import JobQuery, JobSummary, Spending, SpendingKey
from vgen.records.entry import Entry, Line
from vgen.records.job import Claim, Job, JobClip, Manifest
from vgen.records.money import Account, Need, Purse
from vgen.records.notice import Notice
from vgen.records.observation import Observation
from vgen.testing.call_log import Call, CallLog
from vgen.testing.faults import Fault, Faults
from vgen.testing.memory_books import MemoryBooks
from vgen.testing.memory_job import MemoryJob, now
from vgen.testing.memory_jobs import page


class MemoryLedger(CostLedger):
    """A ledger that keeps its jobs in this object.

    Its times are on Trio's clock, and its calls take none, so that whole jobs run in virtual time.
    `faults` make calls of its methods fail, before or after the change is made, or delay them.
    `call_log` has every manifest, every line of a journal, and each call of `reserve` before its
    line.
    """

    def __init__(self, faults: Sequence[Fault] = (), *, call_log: CallLog | None = None) -> None:
        self.call_log = call_log or CallLog()
        self.faults = Faults(faults, LedgerError)
        self._books = MemoryBooks()
        self._jobs: dict[UUID, MemoryJob] = {}
        self._in_order: list[MemoryJob] = []

    def __repr__(self) -> str:
        """Show the journals, a line for each entry, job by job."""
        lines = [
            f"{line.at.timestamp():9.3f} clip {line.clip_index}: {line.entry!r}"
            for job in self._jobs.values()
            for line in job.journal
        ]
        return "\n".join(["<MemoryLedger", *lines, ">"])

    async def open_job(self, manifest: Manifest, need: Need) -> Account:
        """Write the job down, if its limits allow what it needs."""
        return await self.faults.call("open_job", lambda: self._open_job(manifest, need))

    async def job(self, job_id: UUID) -> Job | None:
        """Return a job."""
        return await self.faults.call("job", lambda: self.peek(job_id))

    async def clip(self, job_id: UUID, clip_index: int) -> JobClip | None:
        """Return one clip of a job."""
        return await self.faults.call("clip", lambda: self._clip(job_id, clip_index))

    async def attempts(self, job_id: UUID, clip_index: int) -> tuple[Attempt, ...]:
        """Return a clip's attempts."""
        return await self.faults.call("attempts", lambda: self._of_clip(job_id, clip_index))

    async def attempt(self, attempt_id: UUID) -> Attempt | None:
        """Return an attempt."""
        return await self.faults.call("attempt", lambda: self._books.attempts.get(attempt_id))

    async def unsettled(self, job_id: UUID | None = None) -> tuple[Attempt, ...]:
        """Return the attempts that were sent and are not closed yet."""
        return await self.faults.call("unsettled", lambda: self._unsettled(job_id))

    async def claim(
        self, job_id: UUID, clip_index: int, *, owner: str, lease: float, opening: str = ""
    ) -> Claim | None:
        """Claim a clip."""
        return await self.faults.call(
            "claim", lambda: self._existing(job_id).claim(clip_index, owner, lease, opening)
        )

    async def holder(self, job_id: UUID, clip_index: int) -> Claim | None:
        """Return the claim on a clip."""
        return await self.faults.call("holder", lambda: self._holder(job_id, clip_index))

    async def renew(self, claim: Claim, *, lease: float) -> None:
        """Renew a claim."""
        await self.faults.call("renew", lambda: self._existing(claim.job_id).renew(claim, lease))

    async def release(self, claim: Claim) -> None:
        """Release a claim."""
        await self.faults.call("release", lambda: self._release(claim))

    async def reserve(self, claim: Claim, attempt: Attempt) -> Attempt:
        """Hold an attempt's money, if the budget allows it."""
        self._log_call("reserve", attempt)
        try:
            return await self.faults.call(
                "reserve", lambda: self._existing(claim.job_id).reserve(claim, attempt)
            )
        except VgenError as error:
            self._log_call("cannot reserve", attempt, str(error))
            raise

    async def advance(
        self, claim: Claim, attempt_id: UUID, expected: tuple[Money, Custody], entry: Entry
    ) -> Attempt:
        """Append an entry to an attempt, once."""
        return await self.faults.call(
            "advance",
            lambda: self._existing(claim.job_id).advance(claim, attempt_id, expected, entry),
        )

    async def conclude(self, job_id: UUID, outcome: str, made: int | None = None) -> Account:
        """Record the outcome."""
        return await self.faults.call(
            "conclude", lambda: self._existing(job_id).conclude(outcome, made)
        )

    async def stop(self, job_id: UUID) -> None:
        """Mark a job as stopped."""
        await self.faults.call("stop", lambda: self._stop(job_id))

    async def now(self) -> datetime:
        """Return the time of Trio's clock."""
        return await self.faults.call("now", now)

    async def history(self, job_id: UUID) -> tuple[Line, ...]:
        """Return a job's journal."""
        return await self.faults.call("history", lambda: self._journal(job_id))

    async def jobs(self, query: JobQuery = EVERY_JOB) -> tuple[JobSummary, ...]:
        """List jobs."""
        return await self.faults.call("jobs", lambda: page(self._jobs, self._in_order, query))

    async def spending(
        self,
        since: datetime | None = None,
        until: datetime | None = None,
        by: Collection[SpendingKey] = (),
    ) -> tuple[Spending, ...]:
        """Sum up what was spent."""
        return await self.faults.call("spending", lambda: self._books.spending(since, until, by))

    async def purse(self, purse: Purse) -> Account:
        """Return where a purse stands."""
        return await self.faults.call("purse", lambda: self._books.purse(purse)[0])

    async def observed(self, backend: str, *, limit: int) -> tuple[Observation, ...]:
        """Return what became of a backend's attempts."""
        return await self.faults.call("observed", lambda: self._books.observed(backend, limit))

    async def add_notice(self, notice: Notice) -> bool:
        """Record a notice."""
        return await self.faults.call("add_notice", lambda: self._books.add_notice(notice))

    async def noticed(self, account: str, provider_ids: Collection[str]) -> frozenset[str]:
        """Return which attempts were told of."""
        return await self.faults.call("noticed", lambda: self._books.noticed(account, provider_ids))

    def peek(self, job_id: UUID) -> Job | None:
        """Return a job without a ledger call: no fault is injected, and nothing is logged."""
        job = self._jobs.get(job_id)
        if job is None:
            return None
        return Job(
            job.manifest,
            job.account,
            tuple(job.attempts.values()),
            job.outcome,
            job.stopped,
        )

    def _open_job(self, manifest: Manifest, need: Need) -> Account:
        job = self._jobs.get(manifest.job_id)
        if job is None:
            account, place = Account(limit=manifest.budget), len(self._in_order)
            job = MemoryJob(manifest, account, now(), place, self._books, self.call_log)
        job.reopen(manifest, need)
        if manifest.job_id not in self._jobs:
            self._jobs[manifest.job_id] = job
            self._in_order.append(job)
        self.call_log.add(manifest)
        return job.account

    def _clip(self, job_id: UUID, clip_index: int) -> JobClip | None:
        return self._jobs[job_id].clip(clip_index) if job_id in self._jobs else None

    def _unsettled(self, job_id: UUID | None) -> tuple[Attempt, ...]:
        if job_id is None:
            return tuple(self._books.unsettled.values())
        return tuple(self._jobs[job_id].open.values()) if job_id in self._jobs else ()

    def _stop(self, job_id: UUID) -> None:
        self._existing(job_id).stopped = True

    def _holder(self, job_id: UUID, clip_index: int) -> Claim | None:
        return self._jobs[job_id].holder(clip_index) if job_id in self._jobs else None

    def _of_clip(self, job_id: UUID, clip_index: int) -> tuple[Attempt, ...]:
        return self._jobs[job_id].of_clip(clip_index) if job_id in self._jobs else ()

    def _journal(self, job_id: UUID) -> tuple[Line, ...]:
        return tuple(self._jobs[job_id].journal) if job_id in self._jobs else ()

    def _release(self, claim: Claim) -> None:
        if claim.job_id in self._jobs:
            self._jobs[claim.job_id].release(claim)

    def _log_call(self, what: str, attempt: Attempt, answer: str = "") -> None:
        about = f"clip {attempt.clip_index}"
        self.call_log.add(Call("ledger", what, attempt.attempt_id, about, answer))

    def _existing(self, job_id: UUID) -> MemoryJob:
        if job_id not in self._jobs:
            raise NotFoundError(f"the ledger has no job {job_id}")
        return self._jobs[job_id]
