"""Waiting for a provider's verdict, and cancelling an attempt at its provider."""

from __future__ import annotations

import logging
from collections.abc import Callable

import trio

from vgen.drive.attempt.backend_call import backend_call
from vgen.drive.attempt.run import AttemptRun
from vgen.errors import (
    AccountError,
    AttemptError,
    AttemptTimeoutError,
    ClaimPassedOnError,
    JobReopenedError,
    RetryableError,
    VgenError,
)
from vgen.ports.backend import WaitableBackend
from vgen.records.status import State, Status

logger = logging.getLogger("vgen")


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
        await run.settle(await cancel(run, RetryableError("the job was cancelled")))
        raise
    except AttemptError as error:
        return await cancel(run, error)


async def _wait(run: AttemptRun, report: Callable[[float], None]) -> Status:
    limits = run.backend.capabilities
    run_limit = min(limits.run_limit, run.context.settings.attempt_timeout or limits.run_limit)
    running = False

    def receive(status: Status) -> None:
        nonlocal running
        if status.state is State.RUNNING and not running:
            running = True
            scope.deadline = min(scope.deadline, trio.current_time() + run_limit)
        if status.progress is not None:
            report(status.progress)

    with trio.move_on_after(limits.queue_limit + run_limit) as scope:
        if isinstance(run.backend, WaitableBackend):
            with backend_call(run.backend, "wait_finished"):
                return await run.backend.wait_finished(run.ticket, receive)
        with backend_call(run.backend):
            return await run.context.pollers[run.backend.name].wait(run.ticket, receive)
    took = f"{run_limit:g} s of running" if running else "its time in the queue"
    raise AttemptTimeoutError(f"{run.backend.name} took longer than {took}")


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
                await trio.sleep(settings.poll_interval)
    if status is None or not status.is_final:
        return None
    if status.state is State.SUCCEEDED:
        return status
    return Status(status.state, billed=status.billed, failure=failure)


async def _ask_to_cancel(run: AttemptRun, *, first: bool) -> Status | None:
    if first:
        await run.held.confirm()
        with backend_call(run.backend, "cancel"):
            return await run.backend.cancel(run.ticket)
    await trio.sleep(run.context.settings.poll_interval)
    async with run.call("status"):
        return (await run.backend.status([run.ticket])).get(run.ticket)
