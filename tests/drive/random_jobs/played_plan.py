"""The results of a played plan: what the fakes recorded, what the runners returned or raised."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from uuid import UUID

from attrs import define, field, frozen

from vgen import Clips
from vgen.abc import Attempt
from vgen.errors import VgenError
from vgen.records.entry import Entry, Line
from vgen.records.job import Job
from vgen.testing import (
    Call,
    CallLog,
    FakeBackend,
    LogEntry,
    MemoryLedger,
    MemoryStorage,
    Plan,
    Run,
)
from vgen.testing.accepted import AcceptedAttempt

from .neighbour import JOB as NEIGHBOUR
from .neighbour import is_neighbours

JOB = UUID("6d6f6f6e-0000-4000-8000-000000000001")


@frozen
class Outcome:
    """How and when one runner's `process` ended: clips, an error, or neither if cancelled."""

    clips: Clips | None = None
    error: VgenError | None = None
    at: float = 0.0


@define
class PlayedRun:
    """One run of the job; its entries in the call log are `[first:last]`.

    `before` and `after` are the job in the ledger, `running` the attempts running at the end.
    `cancelled_elsewhere`: whether another runner has cancelled the job. `fault_free`: whether it is
    the last run, in which nothing fails.
    """

    planned: Run
    began: float
    first: int
    before: Job | None
    outcomes: list[Outcome] = field(factory=list[Outcome])
    ended: float = 0.0
    last: int = 0
    after: Job | None = None
    fault_free: bool = False
    running: tuple[UUID, ...] = ()
    cancelled_elsewhere: bool = False

    @property
    def shared(self) -> bool:
        """Whether more than one runner worked on the job or cancelled it."""
        return len(self.outcomes) > 1 or self.planned.cancelled_elsewhere is not None

    @property
    def cancelled(self) -> bool:
        """Whether the caller cancelled it."""
        return any(o.clips is None and o.error is None for o in self.outcomes)

    @property
    def errors(self) -> list[VgenError]:
        """The errors that its runners raised."""
        return [o.error for o in self.outcomes if o.error is not None]


@define
class PlayedPlan:
    """A plan, its fakes, and its runs so far; `violations` are those of rule 9."""

    plan: Plan
    call_log: CallLog
    ledger: MemoryLedger
    storage: MemoryStorage
    backends: list[FakeBackend]
    spool: Path | None
    runs: list[PlayedRun] = field(factory=list[PlayedRun])
    violations: list[str] = field(factory=list[str])

    @property
    def log(self) -> list[LogEntry]:
        """The call log's entries about the job."""
        return self._about_the_job(self.call_log.entries)

    def log_entries(self, run: PlayedRun) -> list[LogEntry]:
        """Return the call log's entries about the job in a run."""
        return self._about_the_job(self.call_log.entries[run.first : run.last])

    def log_before(self, run: PlayedRun) -> list[LogEntry]:
        """Return the call log's entries about the job before a run."""
        return self._about_the_job(self.call_log.entries[: run.first])

    def _about_the_job(self, entries: list[LogEntry]) -> list[LogEntry]:
        neighbours = self.neighbours
        return [each for each in entries if not is_neighbours(each, neighbours)]

    @property
    def neighbours(self) -> dict[UUID, Attempt]:
        """The neighbour's attempts, by id."""
        return self._attempts(NEIGHBOUR)

    def calls(self, *what: str, within: PlayedRun | None = None) -> Iterator[tuple[float, Call]]:
        """Yield the calls of the methods named, with their times."""
        for logged in self.log_entries(within) if within else self.log:
            if isinstance(logged.what, Call) and logged.what.what in what:
                yield logged.at, logged.what

    def lines(self) -> list[Line]:
        """Return the journal's lines in order."""
        return [logged.what for logged in self.log if isinstance(logged.what, Line)]

    def entries(self, attempt_id: UUID) -> list[Entry]:
        """Return the ledger's entries for an attempt, in order."""
        return [line.entry for line in self.lines() if line.attempt_id == attempt_id]

    @property
    def accepted(self) -> dict[UUID, AcceptedAttempt]:
        """The attempts that the fakes have accepted, by id."""
        return {key: attempt for fake in self.backends for key, attempt in fake.accepted.items()}

    @property
    def attempts(self) -> dict[UUID, Attempt]:
        """The attempts as the ledger has them now, by id."""
        return self._attempts(JOB)

    def _attempts(self, job_id: UUID) -> dict[UUID, Attempt]:
        job = self.ledger.peek(job_id)
        return {a.attempt_id: a for a in job.attempts} if job else {}

    @property
    def holds(self) -> dict[UUID, Decimal]:
        """The hold of each attempt, also where it was released."""
        return {key: attempt.hold for key, attempt in self.attempts.items()}

    def fake(self, name: str) -> FakeBackend:
        """Return the backend of that name."""
        return next(fake for fake in self.backends if fake.name == name)
