"""A ledger in memory, on Trio's clock and without threads: the model for all others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar
from uuid import UUID

from vgen.errors import LedgerError, NotFoundError, VgenError
from vgen.ports.ledger import CostLedger
from vgen.records.attempt import Attempt, Custody, Money
from vgen.records.entry import Entry, Line
from vgen.records.job import Claim, Job, Manifest
from vgen.records.money import Account
from vgen.testing.call_log import Call, CallLog
from vgen.testing.faults import Fault, Faults
from vgen.testing.memory_job import MemoryJob

T = TypeVar("T")


class MemoryLedger(CostLedger):
    """A ledger that lives as long as the object does.

    Its time is Trio's clock, and no call takes any of it, so that whole jobs run in virtual time.
    `faults` make calls of its methods fail, before or after they are committed, or take their
    time. Every manifest and every line of a journal is added to `call_log`, and each call of
    `reserve` before its line.
    """

    def __init__(self, faults: Sequence[Fault] = (), *, call_log: CallLog | None = None) -> None:
        self.call_log = call_log or CallLog()
        self.faults = Faults(faults, LedgerError)
        self._jobs: dict[UUID, MemoryJob] = {}

    def __repr__(self) -> str:
        """Show the journals, a line for each entry, job by job."""
        lines = [
            f"{line.at.timestamp():9.3f} clip {line.clip_index}: {line.entry!r}"
            for job in self._jobs.values()
            for line in job.journal
        ]
        return "\n".join(["<MemoryLedger", *lines, ">"])

    async def open_job(self, manifest: Manifest, holds: Sequence[Attempt]) -> Account:
        """Write the job and its first holds down together."""
        return await self._call("open_job", lambda: self._open_job(manifest, holds))

    async def job(self, job_id: UUID) -> Job | None:
        """Return a job."""
        return await self._call("job", lambda: self.books(job_id))

    async def attempts(self, job_id: UUID, clip_index: int) -> tuple[Attempt, ...]:
        """Return a clip's attempts."""
        return await self._call("attempts", lambda: self._of_clip(job_id, clip_index))

    async def attempt(self, attempt_id: UUID) -> Attempt | None:
        """Return an attempt."""
        return await self._call("attempt", lambda: self._attempt(attempt_id))

    async def unsettled(self) -> tuple[Attempt, ...]:
        """Return the attempts that were sent and are not closed yet."""
        return await self._call("unsettled", self._unsettled)

    async def jobs(self) -> tuple[UUID, ...]:
        """List the jobs."""
        return await self._call("jobs", lambda: tuple(self._jobs))

    async def claim(
        self, job_id: UUID, clip_index: int, *, owner: str, lease: float
    ) -> Claim | None:
        """Claim a clip."""
        return await self._call(
            "claim", lambda: self._known(job_id).claim(job_id, clip_index, owner, lease)
        )

    async def holder(self, job_id: UUID, clip_index: int) -> Claim | None:
        """Return the claim on a clip."""
        return await self._call("holder", lambda: self._holder(job_id, clip_index))

    async def renew(self, claim: Claim, *, lease: float) -> None:
        """Renew a claim."""
        await self._call("renew", lambda: self._known(claim.job_id).renew(claim, lease))

    async def release(self, claim: Claim) -> None:
        """Release a claim."""
        await self._call("release", lambda: self._release(claim))

    async def reserve(self, claim: Claim, attempt: Attempt) -> Attempt:
        """Hold an attempt's money within the budget."""
        self._note("reserve", attempt)
        try:
            return await self._call(
                "reserve", lambda: self._known(claim.job_id).reserve(claim, attempt)
            )
        except VgenError as error:
            self._note("cannot reserve", attempt, str(error))
            raise

    async def advance(
        self, claim: Claim, attempt_id: UUID, expected: tuple[Money, Custody], entry: Entry
    ) -> Attempt:
        """Move an attempt on, once."""
        return await self._call(
            "advance",
            lambda: self._known(claim.job_id).advance(claim, attempt_id, expected, entry),
        )

    async def conclude(self, job_id: UUID, outcome: str) -> Account:
        """Release what was planned, and note the outcome."""
        return await self._call("conclude", lambda: self._known(job_id).conclude(outcome))

    async def stop(self, job_id: UUID) -> None:
        """Mark a job as stopped."""
        await self._call("stop", lambda: self._stop(job_id))

    async def history(self, job_id: UUID) -> tuple[Line, ...]:
        """Return a job's journal."""
        return await self._call("history", lambda: self._journal(job_id))

    def books(self, job_id: UUID) -> Job | None:
        """Return a job without a call of the ledger: no fault strikes, and nothing is logged."""
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

    async def _call(self, name: str, work: Callable[[], T]) -> T:
        return await self.faults.call(name, lambda: self._published(work))

    def _published(self, work: Callable[[], T]) -> T:
        """Do the work, and add what it wrote to the log."""
        before = {job_id: len(job.journal) for job_id, job in self._jobs.items()}
        result = work()
        for job_id, job in self._jobs.items():
            for line in job.journal[before.get(job_id, 0) :]:
                self.call_log.add(line)
        return result

    def _open_job(self, manifest: Manifest, holds: Sequence[Attempt]) -> Account:
        old = self._jobs.get(manifest.job_id) or MemoryJob(manifest, Account(limit=manifest.budget))
        self._jobs[manifest.job_id] = job = old.renewed(manifest, holds)
        self.call_log.add(manifest)
        return job.account

    def _attempt(self, attempt_id: UUID) -> Attempt | None:
        found = (job.attempts.get(attempt_id) for job in self._jobs.values())
        return next((attempt for attempt in found if attempt is not None), None)

    def _unsettled(self) -> tuple[Attempt, ...]:
        every = (attempt for job in self._jobs.values() for attempt in job.attempts.values())
        return tuple(attempt for attempt in every if attempt.sent and attempt.is_open)

    def _stop(self, job_id: UUID) -> None:
        self._known(job_id).stopped = True

    def _holder(self, job_id: UUID, clip_index: int) -> Claim | None:
        return self._jobs[job_id].holder(clip_index) if job_id in self._jobs else None

    def _of_clip(self, job_id: UUID, clip_index: int) -> tuple[Attempt, ...]:
        return self._jobs[job_id].of_clip(clip_index) if job_id in self._jobs else ()

    def _journal(self, job_id: UUID) -> tuple[Line, ...]:
        return tuple(self._jobs[job_id].journal) if job_id in self._jobs else ()

    def _release(self, claim: Claim) -> None:
        if claim.job_id in self._jobs:
            self._jobs[claim.job_id].release(claim)

    def _note(self, what: str, attempt: Attempt, answer: str = "") -> None:
        about = f"clip {attempt.clip_index}"
        self.call_log.add(Call("ledger", what, attempt.attempt_id, about, answer))

    def _known(self, job_id: UUID) -> MemoryJob:
        if job_id not in self._jobs:
            raise NotFoundError(f"the ledger has no job {job_id}")
        return self._jobs[job_id]
