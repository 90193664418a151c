"""From the provider's output to a clip in storage: download, judge, store."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path, PurePosixPath
from uuid import UUID

import trio
from attrs import evolve, frozen

from vgen.drive.attempt.download import download, pause
from vgen.drive.attempt.run import AttemptRun
from vgen.drive.attempt.spool import Spool, remove_file
from vgen.drive.media.inspector import Inspector
from vgen.errors import StorageError, VideoError
from vgen.ports.storage import Storage
from vgen.records.attempt import Attempt, Custody
from vgen.records.clip import Clip, StoredFile
from vgen.records.entry import Fetched, Lost, Spooled, Stored
from vgen.records.job import PlannedClip
from vgen.records.money import ZERO
from vgen.records.settings import Settings
from vgen.records.video import Inspection, VideoInfo

logger = logging.getLogger("vgen")

WRITES = 8
"""How often storing is tried, since the clip is paid: for 4 minutes, with the default backoff."""


@frozen
class ClipHistory:
    """What a finished clip's record says of the work on the clip, beside what its file shows.

    `started` is the time of the clip's first submit in this run, on Trio's clock; `earlier_cost`
    what its other attempts were billed, in US dollars.
    """

    started: float
    earlier_cost: Decimal
    retry_count: int
    notes: tuple[str, ...]


@frozen
class Delivery:
    """Where finished clips go, and how many are moved at once.

    `downloads` and `writes` are limiters held while bytes move, never while waiting: with storage
    down, what the providers have made is still downloaded as soon as it exists. `folder` is where
    clips lie on their way; `clip_key` names a clip's place in storage, where its chosen take is.
    """

    storage: Storage
    inspector: Inspector
    downloads: trio.CapacityLimiter
    writes: trio.CapacityLimiter
    folder: Path
    spool: Spool | None
    clip_key: Callable[[UUID, int], str]

    async def deliver(self, run: AttemptRun, planned: PlannedClip, history: ClipHistory) -> Clip:
        """Bring a generated clip into storage, as a take of its own.

        Raises:
            VideoError: the file is useless or gone, or has a fault where settings are strict; the
                attempt is lost, the clip may be made anew.
            RetryableError, StorageError: it cannot be downloaded or stored now; a later run takes
                it up, from the spool if there is one.
        """
        temporary = self.folder / f"{run.attempt.attempt_id}.mp4"
        try:
            path, found = await self._file(run, temporary)
            _refuse_useless(found, strict=run.context.settings.strict)
            clip = await self._store(run, path, _record(run, planned, history, found), history)
        except VideoError as error:
            await run.write(Lost(str(error)))
            raise
        else:
            remove_file(path)
            if self.spool is not None:
                self.spool.remove(temporary.name)  # also where the ledger does not know of it
            return clip
        finally:
            remove_file(temporary)
            if self.spool is not None:
                self.spool.remove_partial(temporary.name)

    async def _file(self, run: AttemptRun, temporary: Path) -> tuple[Path, Inspection]:
        """Return the clip's file: the one in the spool, or one downloaded to `temporary`."""
        if run.attempt.custody is not Custody.SPOOLED:
            found = await download(run, temporary, self.inspector, self.downloads)
            await run.write(Fetched(str(temporary), _bill(run, found.info)))
            return temporary, found
        spooled = Path(run.attempt.path or "")
        if await trio.Path(spooled).is_file():
            return spooled, await self.inspector.video(spooled)
        try:
            return temporary, await download(run, temporary, self.inspector, self.downloads)
        except VideoError as error:
            raise StorageError(f"it is in a spool that is not here: {spooled}") from error

    async def _store(self, run: AttemptRun, path: Path, clip: Clip, history: ClipHistory) -> Clip:
        try:
            file = await self._write(run, path)
        except StorageError as error:
            message = await self._keep_in_spool(run, path, error)
            raise StorageError(message, retryable=error.retryable) from error
        clip = evolve(
            clip,
            reference=file.reference,
            take=file,
            sha256=_sha256(path),
            cost=history.earlier_cost + run.attempt.spent,
            generation_time=round(trio.current_time() - history.started, 3),
        )
        await run.write(Stored(clip))
        return clip

    async def fetch_again(self, run: AttemptRun, clip: Clip) -> StoredFile:
        """Fetch a stored clip's file from the provider once more, and store it as its take.

        Raises:
            VideoError: the provider has it no more, or has another.
            RetryableError, StorageError: it cannot be fetched or stored now.
        """
        temporary = self.folder / f"{run.attempt.attempt_id}.mp4"
        try:
            await download(run, temporary, self.inspector, self.downloads)
            if _sha256(temporary) != clip.sha256:
                raise VideoError("the provider has another file in its place")
            return await self._write(run, temporary)
        finally:
            remove_file(temporary)

    async def copy(self, settings: Settings, reference: str, key: str) -> StoredFile:
        """Copy a stored file, trying as often as for storing.

        Raises:
            StorageError: it cannot be copied now, or is not there.
        """
        return await self._retried(settings, lambda: self.storage.copy(reference, key))

    async def _write(self, run: AttemptRun, path: Path) -> StoredFile:
        attempt = run.attempt
        key = take_key(self.clip_key(attempt.job_id, attempt.clip_index), attempt)

        async def write() -> StoredFile:
            await run.held.ensure()
            return await self.storage.write(key, path)

        return await self._retried(run.context.settings, write)

    async def _retried(
        self, settings: Settings, store: Callable[[], Awaitable[StoredFile]]
    ) -> StoredFile:
        for tried in range(1, WRITES):
            try:
                async with self.writes:
                    return await store()
            except StorageError as error:
                if not error.retryable:
                    raise
                logger.info("storing failed: %s", error)
            await pause(settings, tried)
        async with self.writes:
            return await store()

    async def _keep_in_spool(self, run: AttemptRun, path: Path, error: StorageError) -> str:
        """Keep what cannot be stored for a later run; return the message for the user."""
        if self.spool is None or run.attempt.custody is Custody.SPOOLED:
            return str(error)
        try:
            kept = await self.spool.keep(path)
        except OSError as problem:
            logger.warning("clip %d cannot be spooled: %s", run.attempt.clip_index, problem)
            return str(error)
        await run.write(Spooled(str(kept)))
        return f"{error}; the clip is kept in {self.spool.folder} until then"


def take_key(clip_key: str, attempt: Attempt) -> str:
    """Return the key of a take's own file, beside that of its clip.

    The start of the attempt's id makes it the only one of its number in all ledgers: where one was
    lost, the takes of before stay.
    """
    key = PurePosixPath(clip_key)
    name = f"{key.stem}-{attempt.number}-{attempt.attempt_id.hex[:8]}{key.suffix}"
    return takes_folder(clip_key) + name


def takes_folder(clip_key: str) -> str:
    """Return the start of all keys of a clip's takes."""
    return f"{PurePosixPath(clip_key).parent / 'takes'}/"


def _sha256(path: Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _refuse_useless(found: Inspection, *, strict: bool) -> None:
    judgement = found.judgement
    if judgement.useless or (strict and judgement.faults):
        raise VideoError("; ".join(judgement.explanations))


def _record(run: AttemptRun, planned: PlannedClip, history: ClipHistory, found: Inspection) -> Clip:
    info, target = found.info, float(planned.prompt.duration)
    difference = float(info.duration) - target
    quote = run.backend.quote(run.attempt.request)
    return Clip(
        clip_index=planned.clip_index,
        video_url="",
        actual_duration=float(info.duration),
        target_duration=target,
        duration_diff=round(difference, 6),
        requested_duration=run.attempt.request.duration,
        within_tolerance=abs(difference) <= run.context.settings.tolerance,
        retry_count=history.retry_count,
        backend=run.backend.name,
        generator=run.backend.capabilities.generator,
        width=info.width,
        height=info.height,
        fps=round(float(info.fps), 3),
        frames=info.frames,
        seed=run.attempt.request.seed,
        ignored=quote.ignored,
        faults=found.judgement.faults,
        notes=history.notes + quote.notes + found.judgement.explanations,
    )


def _bill(run: AttemptRun, info: VideoInfo) -> Decimal:
    """Return the attempt's cost by its true duration, unless the provider named its own bill."""
    if run.attempt.metered:
        return run.attempt.billed or ZERO
    return run.backend.quote(run.attempt.request).price.cost(float(info.duration))
