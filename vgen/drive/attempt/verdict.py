"""Waiting for a provider's verdict, and cancelling an attempt at its provider."""

from __future__ import annotations

import logging

import trio
from attrs import evolve

from vgen.drive.attempt.backend_call import backend_call
from vgen.drive.attempt.last_word import LastWord
from vgen.drive.attempt.run import AttemptRun
from vgen.drive.attempt.watch import Report, Watch
from vgen.errors import (
    AccountError,
    AttemptError,
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


async def wait_for_verdict(run: AttemptRun, report: Report, *, new: bool) -> Status | None:
    """Wait for the verdict within the backend's limits; `None` if none could be had.

    `report` is called with the attempt's progress; one that is not `new` may have ended long ago.
    Too slow, cancelled or broken, the attempt is cancelled at the provider within the grace period.

    Raises:
        AccountError: the provider refuses the account; what could be settled is.
    """
    try:
        return await _wait(run, report, new=new)
    except AccountError as error:
        await run.settle(await cancel(run, RetryableError(str(error))))
        raise
    except trio.Cancelled:
        await run.settle(await cancel(run, RetryableError(JOB_CANCELLED)))
        raise
    except AttemptError as error:
        return None if run.word.not_found else await cancel(run, error)


async def _wait(run: AttemptRun, report: Report, *, new: bool) -> Status:
    scope = trio.CancelScope()
    watch = Watch.begin(run, report, scope)
    with scope:
        if isinstance(run.backend, WaitableBackend):
            return await _wait_finished(run.backend, watch)
        expectations = run.context.expectations
        watch.expectation = await expectations.of(run.attempt)
        if new:
            watch.sent_at = watch.began_at
        else:
            watch.began_at -= await expectations.age(run.attempt)
        with backend_call(run.backend):
            return await run.context.pollers[run.backend.name].wait(run.ticket, watch, new=new)
    raise watch.timeout()


async def _wait_finished(backend: WaitableBackend, watch: Watch) -> Status:
    while True:
        try:
            with backend_call(backend, "wait_finished"):
                return await backend.wait_finished(watch.run.ticket, watch.answered)
        except NetworkError as error:
            watch.failed(error)
        await trio.sleep(watch.run.context.settings.poll_interval)


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
    run.context.calls[run.backend.name].send()
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
