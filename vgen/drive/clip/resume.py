"""What an earlier run has left of a clip: kept if stored, finished if open."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from math import inf
from pathlib import Path

import trio

from vgen.decisions.fingerprint import same_request
from vgen.decisions.resolution import give_up
from vgen.drive.attempt.expiry import has_expired
from vgen.drive.attempt.lookup import look_up, write_off
from vgen.drive.attempt.run import AttemptRun
from vgen.drive.attempt.spool import remove_file
from vgen.drive.attempt.verdict import ask, cancel, wait_for_verdict
from vgen.drive.clip.state import ClipRun
from vgen.drive.clip.takes import publish
from vgen.drive.limits.stop import NotStarted
from vgen.errors import (
    AccountError,
    ConfigurationError,
    JobReopenedError,
    JobStoppedError,
    LedgerError,
    RetryableError,
    SubmitInDoubtError,
    VgenError,
    VideoError,
)
from vgen.records.attempt import JOB_CANCELLED, Attempt, Custody, Money
from vgen.records.clip import Clip
from vgen.records.entry import Doubted
from vgen.records.status import Status

logger = logging.getLogger("vgen")

MADE = frozenset({Custody.SUCCEEDED, Custody.FETCHED, Custody.SPOOLED})

GetVerdict = Callable[[ClipRun, AttemptRun], Awaitable[Status | None]]
"""How the verdict of an attempt that the provider has is obtained; `None` without one."""


async def finish_attempt(
    run: ClipRun, attempt: Attempt, *, get_verdict: GetVerdict | None = None
) -> Clip | None:
    """Finish an open attempt: return its clip, or `None` if the clip may be made anew.

    Its verdict is waited for, unless `get_verdict` says otherwise.

    Raises:
        SubmitInDoubtError, AttemptTimeoutError: it stays open, and nothing else may be sent.
        ConfigurationError: its backend, or its account there, is not among the runner's, and what
            it has made may still be there.
    """
    backend = run.context.backends.get(attempt.backend)
    if backend is None:
        raise ConfigurationError(
            f"clip {attempt.clip_index} has an attempt open on {attempt.backend}: "
            f"run again with {attempt.backend} among the backends, "
            f"or resolve attempt {attempt.attempt_id}"
        )
    one = run.attempt_run(backend, attempt)
    if attempt.account != backend.account and attempt.custody is not Custody.SPOOLED:
        await _give_up_if_expired(run, one)
        return None
    with run.at_work(one):
        return await _finish(run, one, get_verdict or _wait)


async def _give_up_if_expired(run: ClipRun, one: AttemptRun) -> None:
    """Give up an attempt on an account that the runner does not have, once nothing of it is kept.

    Raises:
        ConfigurationError: it may still be there.
    """
    account = f"account {one.attempt.account or 'unnamed'}"
    if not await has_expired(one):
        raise ConfigurationError(
            f"clip {one.attempt.clip_index} has an attempt open on {one.backend.name}, on "
            f"{account}: run again with that account's key, "
            f"or resolve attempt {one.attempt.attempt_id}"
        )
    await one.write(give_up(one.attempt, f"nobody came with the key of {account} in time"))
    run.update(one)


async def _finish(run: ClipRun, one: AttemptRun, get_verdict: GetVerdict) -> Clip | None:
    before = one.attempt
    try:
        await _clear_doubt(one)
        await _settle(run, one, get_verdict)
        if one.attempt.custody not in MADE:
            return None
        await run.deliver(one)
    except VideoError:
        _remove_spooled(before)
        return None
    except AccountError as error:
        if not one.attempt.is_open or not await has_expired(one):
            raise
        await one.write(give_up(one.attempt, str(error)))
    finally:
        run.update(one)
    if not same_request(one.attempt, run.planned):
        logger.warning("clip %d: kept as take %d: its request has changed since", *_take(one))
        return None
    return (await publish(run, one.attempt)).clip


def _take(one: AttemptRun) -> tuple[int, int]:
    return one.attempt.clip_index, one.attempt.number


def _remove_spooled(lost: Attempt) -> None:
    if lost.custody is Custody.SPOOLED and lost.path is not None:
        remove_file(Path(lost.path))


async def finish_unneeded(run: ClipRun, attempt: Attempt) -> None:
    """Finish an open attempt that nobody needs, as far as that can be done now.

    Raises:
        LedgerError: what happens can no longer be written down.
        JobStoppedError: the job was stopped.
        JobReopenedError: it was opened anew with other prompts.
    """
    try:
        await finish_attempt(run, attempt)
    except (LedgerError, JobStoppedError, JobReopenedError):
        raise
    except (NotStarted, VgenError) as error:
        logger.info("clip %d: an attempt stays open: %s", attempt.clip_index, error)


async def _clear_doubt(one: AttemptRun) -> None:
    """Find out whether a submit without an answer has arrived."""
    if one.attempt.custody is not Custody.INTENDED:
        return
    under_way_until = -inf
    if one.attempt.money is Money.HELD:
        if one.backend.capabilities.durable_tickets:
            # Its claim has passed on by the ledger's clock: its process may be sending it still.
            under_way_until = trio.current_time() + one.context.settings.submit_timeout
        await one.write(Doubted("the process that was sending it has ended"))
    if await look_up(one, under_way_until=under_way_until):
        return
    if one.backend.capabilities.can_find:
        name, word = one.backend.name, one.word
        raise SubmitInDoubtError(
            f"it may be running at {name} and may be billed: not cleared yet ({word})"
        )
    await write_off(one, f"{one.backend.name} cannot say whether it was accepted")


async def _settle(run: ClipRun, one: AttemptRun, get_verdict: GetVerdict) -> None:
    """Get the provider's verdict, and settle it."""
    if one.attempt.custody is not Custody.TICKETED:
        return
    status = await get_verdict(run, one)
    if status is not None:
        await one.settle(status)
    elif one.word.not_found and await has_expired(one):
        await one.write(give_up(one.attempt, f"{one.backend.name} no longer knows it: {one.word}"))
    else:
        raise one.still_open()


async def _wait(run: ClipRun, one: AttemptRun) -> Status | None:
    """Wait for the verdict, of what is no longer asked for too: it is paid, and becomes a take."""
    async with run.context.flight.slot(one.backend, run.context.stop, run.asker(one)):
        run.leave_place()
        return await wait_for_verdict(one, run.report_progress, new=False)


async def ask_once(run: ClipRun, one: AttemptRun) -> Status | None:
    """Ask for the verdict without waiting for it."""
    del run
    try:
        status = await ask(one)
    except RetryableError as error:
        one.not_heard(error)
        return None
    return status if status is not None and status.is_final else None


async def cancel_attempt(run: ClipRun, one: AttemptRun) -> Status | None:
    """Cancel at the provider, within the grace period."""
    del run
    return await cancel(one, RetryableError(JOB_CANCELLED))
