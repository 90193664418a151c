"""Waiting for a provider's verdict, and cancelling an attempt at its provider."""

from __future__ import annotations

import logging
from collections.abc import Callable
from math import inf
from typing import Self

import trio
from attrs import define, evolve

from vgen.drive.attempt.backend_call import backend_call
from vgen.drive.attempt.last_word import LastWord
from vgen.drive.attempt.run import AttemptRun
from vgen.errors import (
    AccountError,
    AttemptError,
    AttemptTimeoutError,
    ClaimPassedOnError,
    JobReopenedError,
    NetworkError,
    RetryableError,
    VgenError,
)
from vgen.ports.backend import WaitableBackend
from vgen.records.attempt import JOB_CANCELLED
from vgen.records.status import State, Status

logger = logging.getLogger("vgen")

NOT_FOUND_WAIT = 60.0
"""How long an attempt that its provider does not know is waited for, in seconds: a provider may be
slow to know what it has accepted."""


async def wait_for_verdict(run: AttemptRun, report: Callable[[float], None]) -> Status | None:
    """Wait for the verdict within the backend's limits; `None` if none could be had.

    `report` is called with the attempt's progress, from 0 to 1. Too slow, cancelled or broken, the
    attempt is cancelled at the provider within the grace period.

    Raises:
        AccountError: the provider refuses the account; what could be settled is.
    """
    try:
        return await _wait(run, report)
    except AccountError as error:
        await run.settle(await cancel(run, RetryableError(str(error))))
        raise
    except trio.Cancelled:
        await run.settle(await cancel(run, RetryableError(JOB_CANCELLED)))
        raise
    except AttemptError as error:
        return None if run.word.not_found else await cancel(run, error)


async def _wait(run: AttemptRun, report: Callable[[float], None]) -> Status:
    scope = trio.CancelScope()
    watch = _Watch.begin(run, report, scope)
    with scope:
        if isinstance(run.backend, WaitableBackend):
            return await _wait_finished(run.backend, watch)
        with backend_call(run.backend):
            poller = run.context.pollers[run.backend.name]
            return await poller.wait(run.ticket, watch.answered, watch.failed)
    raise watch.timeout()


async def _wait_finished(backend: WaitableBackend, watch: _Watch) -> Status:
    while True:
        try:
            with backend_call(backend, "wait_finished"):
                return await backend.wait_finished(watch.run.ticket, watch.answered)
        except NetworkError as error:
            watch.failed(error)
        await trio.sleep(watch.run.context.settings.poll_interval)


@define
class _Watch:
    """Bounds the wait for a verdict by what is heard of the attempt.

    `ends_at` is the end of the attempt's own time limit, on Trio's clock, and `lost_at` when it is
    no longer waited for because its provider does not know it.
    """

    run: AttemptRun
    report: Callable[[float], None]
    scope: trio.CancelScope
    run_limit: float
    ends_at: float
    running: bool = False
    lost_at: float = inf

    @classmethod
    def begin(
        cls, run: AttemptRun, report: Callable[[float], None], scope: trio.CancelScope
    ) -> Self:
        """Begin to wait; the `scope` is cancelled when it has taken too long."""
        limits, quote = run.backend.capabilities, run.backend.quote(run.attempt.request)
        own = (run.context.settings.attempt_timeout, quote.run_limit)
        run_limit = min([limits.run_limit, *(limit for limit in own if limit is not None)])
        run.word = LastWord()
        scope.deadline = trio.current_time() + limits.queue_limit + run_limit
        return cls(run, report, scope, run_limit, scope.deadline)

    def answered(self, status: Status | None) -> None:
        """Note an answer, and report the progress in it; `None` says nothing of the attempt."""
        self.run.heard(status)
        if status is not None and status.is_final:
            return
        state, now = status and status.state, trio.current_time()
        if state is State.RUNNING and not self.running:
            self.running, self.ends_at = True, min(self.ends_at, now + self.run_limit)
        lost = state is State.NOT_FOUND
        self.lost_at = min(self.lost_at, now + NOT_FOUND_WAIT) if lost else inf
        self.scope.deadline = min(self.ends_at, self.lost_at)
        if status is not None and status.progress is not None:
            self.report(status.progress)

    def failed(self, error: RetryableError) -> None:
        """Note that a question was not answered: the wait goes on while patience lasts."""
        self.run.not_heard(error)
        self.scope.deadline = max(self.ends_at, self.run.patience_ends_at)

    def timeout(self) -> AttemptTimeoutError:
        """Return why the wait has ended."""
        name, word = self.run.backend.name, self.run.word
        if word.not_found or word.error is not None:
            return AttemptTimeoutError(f"{name}: {word}")
        took = f"{self.run_limit:g} s of running" if self.running else "its time in the queue"
        return AttemptTimeoutError(f"{name} took longer than {took}")


async def cancel(run: AttemptRun, failure: AttemptError) -> Status | None:
    """Cancel at the provider, poll until it has ended, and return the verdict if there is one.

    Shielded for the grace period. A clip that succeeded all the same is a success; any other
    verdict has the `failure` as its reason.

    Raises:
        ClaimPassedOnError, JobReopenedError: another call waits for it now; nothing was cancelled.
    """
    settings = run.context.settings
    status: Status | None = None
    with trio.move_on_after(settings.grace, shield=True):
        while status is None or not status.is_final:
            try:
                status = await _ask_to_cancel(run, first=status is None)
            except (ClaimPassedOnError, JobReopenedError):
                raise
            except VgenError as error:
                logger.warning("could not cancel %s: %s", run.ticket, error)
                if isinstance(error, RetryableError):
                    run.not_heard(error)
                await trio.sleep(settings.poll_interval)
            if run.word.not_found:
                return None
    if status is None or not status.is_final:
        return None
    if status.state is State.SUCCEEDED:
        return status
    return evolve(status, failure=failure)


async def _ask_to_cancel(run: AttemptRun, *, first: bool) -> Status | None:
    if not first:
        await trio.sleep(run.context.settings.poll_interval)
        return await ask(run)
    await run.held.confirm()
    with backend_call(run.backend, "cancel"):
        status = await run.backend.cancel(run.ticket)
    run.heard(status)
    return status


async def ask(run: AttemptRun) -> Status | None:
    """Ask for the status once; `None` if the provider did not answer for it.

    Raises:
        AttemptError: the provider gave no answer.
    """
    async with run.call("status"):
        status = (await run.backend.status([run.ticket])).get(run.ticket)
    run.heard(status)
    return status


async def wait_until_reached(run: AttemptRun) -> None:
    """Wait until the provider answers a question about the attempt, or patience ends."""
    run.word = LastWord()
    while trio.current_time() <= run.patience_ends_at:
        try:
            await ask(run)
        except NetworkError as error:
            run.not_heard(error)
        except AttemptError:
            return
        else:
            return
        await trio.sleep(run.context.settings.poll_interval)
