"""A plan as it was played: what every fake saw, what every runner gave back."""

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

JOB = UUID("6d6f6f6e-0000-4000-8000-000000000001")


@frozen
class Outcome:
    """How and when one runner's `process` ended: clips, an error, or neither where cancelled."""

    clips: Clips | None = None
    error: VgenError | None = None
    at: float = 0.0


@define
class Chapter:
    """One run of the job; `first` and `last` are the bounds of its notes on the call_log.

    `called_off` tells whether another runner has done so.
    """

    run: Run
    began: float
    first: int
    before: Job | None
    outcomes: list[Outcome] = field(factory=list[Outcome])
    ended: float = 0.0
    last: int = 0
    after: Job | None = None
    calm: bool = False
    running: tuple[UUID, ...] = ()
    called_off: bool = False

    @property
    def shared(self) -> bool:
        """Whether more than one runner had to do with the job."""
        return len(self.outcomes) > 1 or self.run.called_off is not None

    @property
    def cancelled(self) -> bool:
        """Whether the caller cut it short."""
        return any(o.clips is None and o.error is None for o in self.outcomes)

    @property
    def errors(self) -> list[VgenError]:
        """What its runners raised."""
        return [o.error for o in self.outcomes if o.error is not None]


@define
class Story:
    """Everything that happened to a plan."""

    plan: Plan
    call_log: CallLog
    ledger: MemoryLedger
    storage: MemoryStorage
    backends: list[FakeBackend]
    spool: Path | None
    chapters: list[Chapter] = field(factory=list[Chapter])
    complaints: list[str] = field(factory=list[str])

    def notes(self, chapter: Chapter) -> list[LogEntry]:
        """Give what happened in a chapter."""
        return self.call_log.entries[chapter.first : chapter.last]

    def calls(self, *what: str, within: Chapter | None = None) -> Iterator[tuple[float, Call]]:
        """Give the calls of some kinds, with their times."""
        for note in self.notes(within) if within else self.call_log.entries:
            if isinstance(note.what, Call) and note.what.what in what:
                yield note.at, note.what

    def lines(self) -> list[Line]:
        """Give the lines of the journal as they were written."""
        return [note.what for note in self.call_log.entries if isinstance(note.what, Line)]

    def entries(self, attempt_id: UUID) -> list[Entry]:
        """Give what was written of an attempt, in order."""
        return [line.entry for line in self.lines() if line.attempt_id == attempt_id]

    @property
    def accepted(self) -> dict[UUID, AcceptedAttempt]:
        """Give what the fakes accepted."""
        return {key: order for fake in self.backends for key, order in fake.accepted.items()}

    @property
    def attempts(self) -> dict[UUID, Attempt]:
        """Give the attempts as the ledger has them now."""
        job = self.ledger.books(JOB)
        return {a.attempt_id: a for a in job.attempts} if job else {}

    @property
    def holds(self) -> dict[UUID, Decimal]:
        """Give what is held, or was, for each attempt."""
        return {key: attempt.hold for key, attempt in self.attempts.items()}

    def fake(self, name: str) -> FakeBackend:
        """Give a backend by its name."""
        return next(fake for fake in self.backends if fake.name == name)
