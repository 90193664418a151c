"""The state of the work on one clip."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from uuid import UUID

import trio
from attrs import define, field

from vgen.decisions.attempts import open_attempt
from vgen.drive.attempt.held_claim import HeldClaim
from vgen.drive.attempt.record import ClipHistory
from vgen.drive.attempt.run import AttemptRun
from vgen.drive.clip.context import ClipContext
from vgen.drive.limits.concurrency import Asker
from vgen.drive.limits.pace import account_of
from vgen.drive.observe.tracing import attempt_span
from vgen.errors import AccountError, AttemptError
from vgen.ports.backend import VideoBackend
from vgen.records.attempt import Attempt
from vgen.records.clip import Clip
from vgen.records.job import Claim, PlannedClip
from vgen.records.money import ZERO
from vgen.records.status import Status

Leave = Callable[[], object]


@define
class ClipRun:
    """The work on one clip under its claim; `attempts` are all of the clip's, by their ids.

    `leave_place` lets another clip get ready for a slot; safe to repeat.
    """

    context: ClipContext
    planned: PlannedClip
    held: HeldClaim
    attempts: dict[UUID, Attempt]
    leave_place: Leave = bool
    notes: tuple[str, ...] = ()
    started: float = field(factory=trio.current_time)

    @property
    def claim(self) -> Claim:
        """The claim on the clip."""
        return self.held.claim

    def asker(self, run: AttemptRun) -> Asker:
        """Return who asks for a slot for an attempt."""
        paid = any(attempt.sent for attempt in self.attempts.values())
        return Asker(self.context.share, self.claim.clip_index, paid, run)

    def unfinished(self) -> Attempt | None:
        """Return the attempt that was sent and is not closed yet."""
        attempt = open_attempt(self.attempts.values())
        return attempt if attempt is not None and attempt.sent else None

    def attempt_run(self, backend: VideoBackend, attempt: Attempt) -> AttemptRun:
        """Return an attempt ready to be worked on."""
        return AttemptRun(self.context.attempts, self.held, backend, attempt)

    @contextmanager
    def at_work(self, run: AttemptRun) -> Generator[None]:
        """Trace the work on an attempt; an `AccountError` stops what waits for the account."""
        with attempt_span(run):
            try:
                yield
            except AccountError as error:
                self.context.stop.account_refused(account_of(run.backend), error)
                raise

    def update(self, run: AttemptRun) -> None:
        """Take over an attempt's newest state, if it was sent."""
        if run.attempt.sent:
            self.attempts[run.attempt.attempt_id] = run.attempt
            self.context.money.moved()

    def report_progress(self, fraction: float, left: float | None, *, estimated: bool) -> None:
        """Report an attempt's progress, from 0 to 1, and how many seconds are left."""
        progress, index = self.context.progress, self.claim.clip_index
        progress.clip_progressed(index, fraction, left, estimated=estimated)

    async def deliver(self, run: AttemptRun) -> Clip:
        """Bring what the attempt made into storage: see `Delivery.deliver`."""
        others = [a for a in self.attempts.values() if a.attempt_id != run.attempt.attempt_id]
        history = ClipHistory(
            started=self.started,
            earlier_cost=sum((attempt.spent for attempt in others), ZERO),
            retry_count=sum(attempt.sent for attempt in others),
            notes=self.planned.notes + self.notes,
        )
        return await self.context.delivery.deliver(run, self.planned, history)


def failure_of(run: AttemptRun, status: Status | None) -> AttemptError:
    """Return why an attempt without success has failed."""
    return run.still_open() if status is None else run.failure(status)
