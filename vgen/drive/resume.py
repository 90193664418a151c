"""What an earlier run has left of a clip: kept if stored, carried on if open."""

from __future__ import annotations

import logging

from attrs import evolve

from vgen.decisions.fingerprint import same_request
from vgen.drive.attempt import Try
from vgen.drive.clip import ClipRun
from vgen.drive.job import Stopped
from vgen.drive.planning import stored_attempt
from vgen.drive.slots import in_flight
from vgen.errors import (
    AttemptTimeoutError,
    ConfigurationError,
    GenerationError,
    LedgerError,
    StorageError,
    SubmitInDoubtError,
    VgenError,
    VideoError,
)
from vgen.ports.storage import Storage
from vgen.records.attempt import Attempt, Custody, Money
from vgen.records.clip import Clip
from vgen.records.entry import Doubted, Lost

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


async def carry_on(run: ClipRun, standing: Attempt) -> Clip | None:
    """Bring an open attempt to its end: its clip, or `None` where the clip may be made anew.

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
    try:
        await _clear(one)
        await _end(run, one)
        if one.attempt.custody not in MADE:
            return None
        if same_request(standing, run.planned):
            return await run.deliver(one)
        await one.write(Lost("the request has changed"))
    except VideoError:
        return None
    finally:
        run.book(one)
    return None


async def end_quietly(run: ClipRun, standing: Attempt) -> None:
    """End an open attempt that nobody needs, as far as that can be done now.

    Raises:
        LedgerError: what happens can no longer be written down.
    """
    try:
        await carry_on(run, standing)
    except LedgerError:
        raise
    except (Stopped, VgenError) as error:
        logger.info("clip %d: an attempt stays open: %s", standing.clip_index, error)


async def _clear(one: Try) -> None:
    """Find out whether a submit without an answer arrived."""
    if one.attempt.custody is not Custody.INTENDED:
        return
    if one.attempt.money is Money.HELD:
        await one.write(Doubted("the process that was sending it has ended"))
    if await one.resolve():
        return
    if one.backend.capabilities.can_find:
        raise SubmitInDoubtError("it may be running and may be billed: not cleared yet")
    await one.write_off(f"{one.backend.name} cannot say whether it was accepted")


async def _end(run: ClipRun, one: Try) -> None:
    """Wait for the verdict, or stop what nobody asks for any more, and settle."""
    if one.attempt.custody is not Custody.TICKETED:
        return
    async with in_flight(run.job, one.backend, who=one):
        if same_request(one.attempt, run.planned):
            status = await one.verdict(run.report)
        else:
            status = await one.stop(GenerationError("the request has changed"))
    if status is None:
        raise AttemptTimeoutError(f"still open at {one.backend.name}: a later run waits for it")
    await one.settle(status)
