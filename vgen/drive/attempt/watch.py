"""What is heard of an attempt in flight: its time limits, its progress, the next question."""

from __future__ import annotations

from math import inf
from typing import Protocol, Self

import trio
from attrs import define

from vgen.decisions.expectation import Expectation, Progress, Told, pause_until_told
from vgen.drive.attempt.last_word import LastWord
from vgen.drive.attempt.run import AttemptRun
from vgen.errors import AttemptTimeoutError, RetryableError
from vgen.records.status import State, Status

NOT_FOUND_WAIT = 60.0
"""How long an attempt that its provider does not know is waited for, in seconds: a provider may be
slow to know what it has accepted."""


class Report(Protocol):
    """What is called with an attempt's progress."""

    def __call__(self, fraction: float, left: float | None, *, estimated: bool) -> None:
        """Take up a fraction from 0 to 1, and how many seconds are left, if that is known.

        Both are `estimated` where the provider tells no progress.
        """


@define
class Watch:
    """Bounds the wait for a verdict by what is heard of the attempt, and says when to ask again.

    `sent_at` is when an attempt of this wait was sent, on Trio's clock. `ends_at` is the end of its
    own time limit, and `lost_at` when it is no longer waited for because its provider does not know
    it. `told` is the progress that it has told.
    """

    run: AttemptRun
    report: Report
    scope: trio.CancelScope
    run_limit: float
    ends_at: float
    began_at: float
    ceiling: float
    sent_at: float | None = None
    expectation: Expectation | None = None
    state: State | None = None
    running: bool = False
    lost_at: float = inf
    told: Progress | None = None

    @classmethod
    def begin(cls, run: AttemptRun, report: Report, scope: trio.CancelScope) -> Self:
        """Begin to wait; the `scope` is cancelled when it has taken too long."""
        limits, quote = run.backend.capabilities, run.backend.quote(run.attempt.request)
        settings, now = run.context.settings, trio.current_time()
        own = (settings.attempt_timeout, quote.run_limit)
        run_limit = min([limits.run_limit, *(limit for limit in own if limit is not None)])
        run.word = LastWord()
        scope.deadline = now + limits.queue_limit + run_limit
        return cls(
            run=run,
            report=report,
            scope=scope,
            run_limit=run_limit,
            ends_at=scope.deadline,
            began_at=now,
            ceiling=settings.poll_interval,
        )

    def answered(self, status: Status | None) -> None:
        """Note an answer, and report the progress in it; `None` says nothing of the attempt."""
        self.run.heard(status)
        if status is not None and status.is_final:
            return
        self.state, now = status.state if status else None, trio.current_time()
        if self.state is State.RUNNING and not self.running:
            self.running, self.ends_at = (
                True,
                min(self.ends_at, self._ran_from(status, now) + self.run_limit),
            )
        lost = self.state is State.NOT_FOUND
        self.lost_at = min(self.lost_at, now + NOT_FOUND_WAIT) if lost else inf
        self.scope.deadline = min(self.ends_at, self.lost_at)
        if status is not None and status.progress is not None:
            told = Told(status.progress, now)
            if self.told is not None:
                self.told = self.told.after(told)
            elif status.progress:
                self.told = Progress.begun(self.began_at, told)
            self.report(status.progress, self._left(now), estimated=False)

    def failed(self, error: RetryableError) -> None:
        """Note that a question was not answered: the wait goes on while patience lasts."""
        self.run.not_heard(error)
        self.scope.deadline = max(self.ends_at, self.run.patience_ends_at)

    def _ran_from(self, status: Status | None, now: float) -> float:
        """Return when it began to run: now, unless its provider tells for how long it waited."""
        if status is None or status.queued is None or self.sent_at is None:
            return now
        return min(now, self.sent_at + status.queued)

    def pause(self, *, notified: bool) -> float:
        """Return how many seconds to wait before the next question.

        Where nothing is known of when it will end, and before it runs, that is the usual pause.
        """
        now = trio.current_time()
        if notified and self.state is not State.NOT_FOUND and self.run.word.error is None:
            return pause_until_told(
                now - self.began_at,
                self.ceiling,
                expectation=self.expectation,
                run_limit=None if self.running else self.run_limit,
            )
        if self.state is not State.RUNNING or self.run.word.error is not None:
            return self.ceiling
        if self.told is not None:
            return self.told.pause(now, self.ceiling)
        if self.expectation is None:
            return self.ceiling
        return self.expectation.pause(now - self.began_at, self.ceiling)

    def estimate(self) -> None:
        """Report the progress that is expected by now, unless the provider tells one."""
        now = trio.current_time()
        if self.told or self.expectation is None:
            return
        elapsed = now - self.began_at
        left = self.expectation.left(elapsed)
        self.report(elapsed / (elapsed + left), left, estimated=True)

    def _left(self, now: float) -> float | None:
        """Return how many seconds are left, by the progress that is told, else as expected."""
        if self.told is not None:
            return self.told.left(now)
        return self.expectation.left(now - self.began_at) if self.expectation else None

    def timeout(self) -> AttemptTimeoutError:
        """Return why the wait has ended."""
        name, word = self.run.backend.name, self.run.word
        if word.not_found or word.error is not None:
            return AttemptTimeoutError(f"{name}: {word}")
        took = f"{self.run_limit:g} s of running" if self.running else "its time in the queue"
        return AttemptTimeoutError(f"{name} took longer than {took}")
