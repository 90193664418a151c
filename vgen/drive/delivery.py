"""From the provider's output to a clip in storage: fetch, probe, judge, store."""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

import trio
from attrs import evolve, frozen

from vgen.drive.attempt import Try, plugin
from vgen.errors import (
    AccountError,
    AttemptError,
    RateLimitedError,
    RetryableError,
    StorageError,
    VgenError,
    VideoError,
)
from vgen.ports.storage import StoredFile
from vgen.records.attempt import Custody
from vgen.records.clip import Clip
from vgen.records.entry import Fetched, Lost, Spooled, Stored
from vgen.records.job import PlannedClip
from vgen.records.money import ZERO
from vgen.records.video import Fault, Inspection, VideoInfo

logger = logging.getLogger("vgen")

TRIES = 5
"""How often a download is tried before it is left for a later run."""

STORING = 8
"""How often storing is tried, since the clip is paid: for 4 minutes, with the default backoff."""


@frozen
class Told:
    """What the finished clip's record says beside what its file shows.

    `started` is the time of the clip's first submit in this run, on Trio's clock; `earlier_cost`
    what its other attempts were billed, in US dollars.
    """

    started: float
    earlier_cost: Decimal
    retry_count: int
    notes: tuple[str, ...]


async def deliver(one: Try, planned: PlannedClip, told: Told) -> Clip:
    """Bring a generated clip into storage.

    Fetching and storing have a limiter each, held while bytes move and never while waiting: with
    storage down, what the providers have made is still fetched as soon as it exists.

    Raises:
        VideoError: the file is useless or gone; the attempt is lost, the clip may be made anew.
        RetryableError, StorageError: it cannot be had or stored now; a re-run takes it up, from the
            spool if there is one.
    """
    passing = one.kit.folder / f"{one.attempt.attempt_id}.mp4"
    try:
        path, found = await _at_hand(one, passing)
        _refuse_useless(found)
        clip = await _store(one, planned, told, path, found)
    except VideoError as error:
        await one.write(Lost(str(error)))
        raise
    else:
        _remove(path)
        if one.kit.spool is not None:
            _remove(one.kit.spool / passing.name)  # also where it could not be noted as spooled
        return clip
    finally:
        _remove(passing)
        if one.kit.spool is not None:
            _remove(_part(one.kit.spool / passing.name))


async def _at_hand(one: Try, passing: Path) -> tuple[Path, Inspection]:
    """Give the clip's file: the one in the spool, or one that is fetched to `passing`."""
    if one.attempt.custody is not Custody.SPOOLED:
        found = await _fetch_whole(one, passing)
        await one.write(Fetched(str(passing), _bill(one, found.info)))
        return passing, found
    spooled = Path(one.attempt.path or "")
    if await trio.Path(spooled).is_file():
        return spooled, await one.kit.inspector.video(spooled)
    try:
        return passing, await _fetch_whole(one, passing)
    except VideoError as error:
        raise StorageError(f"it is in a spool that is not here: {spooled}") from error


def _refuse_useless(found: Inspection) -> None:
    if found.judgement.useless:
        raise VideoError("; ".join(found.judgement.explanations))


async def _fetch_whole(one: Try, path: Path) -> Inspection:
    """Fetch until the file is whole: a broken download is fetched again, not generated again."""
    failure: VgenError = VideoError("it was never fetched")
    for tried in range(TRIES):
        asked = failure.retry_after if isinstance(failure, RateLimitedError) else None
        await _pause(one, tried, asked)
        try:
            found = await _fetch(one, path)
        except (RetryableError, VideoError) as error:
            failure = error
        except AccountError:
            raise
        except AttemptError as error:
            raise failure if tried else VideoError(f"the output is gone: {error}") from error
        else:
            if Fault.DAMAGED not in found.judgement.faults:
                return found
            failure = VideoError("; ".join(found.judgement.explanations))
        logger.info("clip %d: download %d failed: %s", one.attempt.clip_index, tried + 1, failure)
    raise failure


async def _fetch(one: Try, path: Path) -> Inspection:
    async with one.kit.fetching:
        with plugin(one.backend, "fetch"):
            await one.backend.fetch(one.ticket, path)
        return await one.kit.inspector.video(path)


async def _store(one: Try, planned: PlannedClip, told: Told, path: Path, found: Inspection) -> Clip:
    storage, attempt = one.kit.storage, one.attempt
    try:
        file = await _write(one, path)
    except StorageError as error:
        raise StorageError(await _spool(one, path, error), retryable=error.retryable) from error
    with path.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    clip = _record(one, planned, told, found)
    clip = evolve(
        clip,
        video_url=await storage.url(file.reference),
        reference=file.reference,
        sha256=digest,
        cost=told.earlier_cost + attempt.spent,
        generation_time=round(trio.current_time() - told.started, 3),
    )
    await one.write(Stored(clip))
    return clip


async def _spool(one: Try, path: Path, error: StorageError) -> str:
    """Keep what cannot be stored where a later run finds it; give what is to be said of it."""
    spool = one.kit.spool
    if spool is None or one.attempt.custody is Custody.SPOOLED:
        return str(error)
    kept = (spool / path.name).absolute()
    try:
        await trio.to_thread.run_sync(_keep, path, kept)
    except OSError as problem:
        logger.warning("clip %d cannot be spooled: %s", one.attempt.clip_index, problem)
        return str(error)
    await one.write(Spooled(str(kept)))
    return f"{error}; the clip is kept in {spool} until then"


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink(missing_ok=True)


def _keep(path: Path, kept: Path) -> None:
    """Copy a file, whole or not at all, and force it to disk."""
    kept.parent.mkdir(parents=True, exist_ok=True)
    part = _part(kept)
    with path.open("rb") as source, part.open("wb") as copy:
        shutil.copyfileobj(source, copy, 2**20)
        copy.flush()
        os.fsync(copy.fileno())
    part.replace(kept)


def _part(kept: Path) -> Path:
    """Name what a file is written to on its way into the spool; a killed process leaves it."""
    return kept.with_suffix(".part")


async def _write(one: Try, path: Path) -> StoredFile:
    key = one.kit.clip_key(one.attempt.job_id, one.attempt.clip_index)
    tried = 0
    while True:
        tried += 1
        try:
            async with one.kit.storing:
                return await one.kit.storage.write(key, path)
        except StorageError as error:
            if not error.retryable or tried == STORING:
                raise
            logger.info("clip %d: storing failed: %s", one.attempt.clip_index, error)
        await _pause(one, tried)


def _record(one: Try, planned: PlannedClip, told: Told, found: Inspection) -> Clip:
    info, target = found.info, float(planned.prompt.duration)
    difference = float(info.duration) - target
    quote = one.backend.quote(one.attempt.request)
    return Clip(
        clip_index=planned.clip_index,
        video_url="",
        actual_duration=float(info.duration),
        target_duration=target,
        duration_diff=round(difference, 6),
        requested_duration=one.attempt.request.duration,
        within_tolerance=abs(difference) <= one.kit.settings.tolerance,
        retry_count=told.retry_count,
        backend=one.backend.name,
        generator=one.backend.capabilities.generator,
        width=info.width,
        height=info.height,
        fps=round(float(info.fps), 3),
        frames=info.frames,
        seed=one.attempt.request.seed,
        ignored=quote.ignored,
        faults=found.judgement.faults,
        notes=told.notes + found.judgement.explanations,
    )


def _bill(one: Try, info: VideoInfo) -> Decimal:
    """Give the attempt's cost by its true duration, unless the provider named its own bill."""
    if one.attempt.metered:
        return one.attempt.billed or ZERO
    return one.backend.quote(one.attempt.request).price.cost(float(info.duration))


async def _pause(one: Try, tried: int, least: float | None = None) -> None:
    if tried:
        await trio.sleep(max(one.kit.settings.backoff * 2 ** (tried - 1), least or 0.0))
