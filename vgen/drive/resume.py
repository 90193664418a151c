"""What an earlier run has left of a clip: kept if stored, carried on if open."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from math import inf
from pathlib import Path

import trio
from attrs import evolve

from vgen.decisions.fingerprint import same_request
from vgen.drive import marks
from vgen.drive.attempt import Try, plugin
from vgen.drive.clip import ClipRun
from vgen.drive.job import Stopped
from vgen.drive.planning import stored_attempt
from vgen.drive.slots import in_flight
from vgen.errors import (
    AttemptTimeoutError,
    ConfigurationError,
    GenerationError,
    JobStoppedError,
    LedgerError,
    RetryableError,
    StorageError,
    SubmitInDoubtError,
    VgenError,
    VideoError,
)
from vgen.ports.storage import Storage
from vgen.records.attempt import Attempt, Custody, Money
from vgen.records.clip import Clip
from vgen.records.entry import Doubted, Lost
from vgen.records.status import Status

logger = logging.getLogger("vgen")

MADE = frozenset({Custody.SUCCEEDED, Custody.FETCHED, Custody.SPOOLED})


async def keep(run: ClipRun) -> Clip | None:
    """Take the stored clip as it is, if it is there and is what is asked for."""
    stored = stored_attempt(list(run.attempts.values()), run.planned)
    if stored is None or stored.clip is None:
        return None
    storage = run.job.kit.storage
    if await storage.stat(stored.clip.reference) is None:
        return None
    return evolve(stored.clip, video_url=await current_url(storage, stored.clip))


async def current_url(storage: Storage, clip: Clip) -> str:
    """Mint a stored clip's URL anew, or give the one from its storing while that cannot be done."""
    try:
        return await storage.url(clip.reference)
    except StorageError as error:
        logger.warning("clip %d keeps an older URL: %s", clip.clip_index, error)
        return clip.video_url


End = Callable[[ClipRun, Try], Awaitable[Status | None]]
"""What is done about an attempt that the provider has: gives its verdict, `None` without one."""


async def carry_on(run: ClipRun, standing: Attempt, *, end: End | None = None) -> Clip | None:
    """Bring an open attempt to its end: its clip, or `None` where the clip may be made anew.

    It is waited for, unless another `end` is given.

    Raises:
        SubmitInDoubtError, AttemptTimeoutError: it stays open, and nothing else may be sent.
        ConfigurationError: its backend, or its account there, is not at hand.
    """
    backend = run.job.kit.backends.get(standing.backend)
    if backend is None:
        raise ConfigurationError(
            f"clip {standing.clip_index} has an attempt open on {standing.backend}: "
            f"run again with {standing.backend} among the backends"
        )
    if standing.account != backend.account:
        raise ConfigurationError(
            f"clip {standing.clip_index} has an attempt open on {standing.backend}, on account "
            f"{standing.account or 'unnamed'}: run again with that account's key"
        )
    one = Try(run.job.kit, run.claim, backend, standing)
    with marks.attempt(one):
        return await _ended(run, one, end or _wait)


async def _ended(run: ClipRun, one: Try, end: End) -> Clip | None:
    standing = one.attempt
    try:
        await _clear(one)
        await _end(run, one, end)
        if one.attempt.custody not in MADE:
            return None
        if same_request(standing, run.planned):
            return await run.deliver(one)
        await one.write(Lost("the request has changed"))
        _forget(standing)
    except VideoError:
        _forget(standing)
        return None
    finally:
        run.book(one)
    return None


def _forget(lost: Attempt) -> None:
    """Remove from the spool what nobody asks for any more."""
    if lost.custody is Custody.SPOOLED and lost.path is not None:
        with suppress(OSError):
            Path(lost.path).unlink(missing_ok=True)


async def end_quietly(run: ClipRun, standing: Attempt) -> None:
    """End an open attempt that nobody needs, as far as that can be done now.

    Raises:
        LedgerError: what happens can no longer be written down.
    """
    try:
        await carry_on(run, standing)
    except (LedgerError, JobStoppedError):
        raise
    except (Stopped, VgenError) as error:
        logger.info("clip %d: an attempt stays open: %s", standing.clip_index, error)


async def _clear(one: Try) -> None:
    """Find out whether a submit without an answer arrived."""
    if one.attempt.custody is not Custody.INTENDED:
        return
    under_way_until = -inf
    if one.attempt.money is Money.HELD:
        # Its claim has passed on, but by the ledger's clock: its process may be sending it still.
        under_way_until = trio.current_time() + one.kit.settings.submit_timeout
        await one.write(Doubted("the process that was sending it has ended"))
    if await one.resolve(under_way_until=under_way_until):
        return
    if one.backend.capabilities.can_find:
        raise SubmitInDoubtError("it may be running and may be billed: not cleared yet")
    await one.write_off(f"{one.backend.name} cannot say whether it was accepted")


async def _end(run: ClipRun, one: Try, end: End) -> None:
    """Have the provider's verdict, and settle."""
    if one.attempt.custody is not Custody.TICKETED:
        return
    status = await end(run, one)
    if status is None:
        raise AttemptTimeoutError(f"still open at {one.backend.name}: a later run waits for it")
    await one.settle(status)


async def _wait(run: ClipRun, one: Try) -> Status | None:
    """Wait for the verdict, or stop what nobody asks for any more."""
    async with in_flight(run.job, one.backend, who=one):
        if same_request(one.attempt, run.planned):
            return await one.verdict(run.report)
        return await one.stop(GenerationError("the request has changed"))


async def ask_once(run: ClipRun, one: Try) -> Status | None:
    """Ask for the verdict, without waiting for one."""
    del run
    with plugin(one.backend, "status"):
        status = (await one.backend.status([one.ticket])).get(one.ticket)
    return status if status is not None and status.is_verdict else None


async def call_off(run: ClipRun, one: Try) -> Status | None:
    """Cancel at the provider, within the grace period."""
    del run
    return await one.stop(RetryableError("the job was cancelled"))
