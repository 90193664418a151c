"""From the provider's output to a clip in storage: download, judge, bring into MP4, store."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import trio
from attrs import evolve, frozen

from vgen.drive.attempt.download import download, pause
from vgen.drive.attempt.keys import key_in, take_key
from vgen.drive.attempt.record import ClipHistory, clip_record, true_bill
from vgen.drive.attempt.run import AttemptRun
from vgen.drive.attempt.spool import Spool, remove_file
from vgen.drive.attempt.stored_form import StoredForm, stored_form
from vgen.drive.media.inspector import Inspector
from vgen.errors import StorageError, VideoError
from vgen.ports.storage import Storage
from vgen.records.attempt import Attempt, Custody
from vgen.records.clip import Clip, StoredFile
from vgen.records.entry import Fetched, Lost, Spooled, Stored
from vgen.records.job import PlannedClip
from vgen.records.settings import Settings
from vgen.records.video import Inspection

T = TypeVar("T")

logger = logging.getLogger("vgen")

WRITES = 8
"""How often storing is tried, since the clip is paid: for 4 minutes, with the default backoff."""


@frozen
class Delivery:
    """Where finished clips go, and how many are moved at once.

    `downloads` and `writes` are limiters held while bytes move, never while waiting: with storage
    down, what the providers have made is still downloaded as soon as it exists. `folder` is where
    clips lie on their way; `clip_key` names a clip's place in storage, where its chosen take is, if
    that is an MP4 file.
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
            form = await self._form(path, found)
            clip = await self._store(run, form, clip_record(run, planned, history, found), history)
        except VideoError as error:
            await run.write(Lost(str(error)))
            raise
        else:
            remove_file(path)
            if self.spool is not None:
                self.spool.remove(_spooled(run, form))  # also where the ledger does not know of it
            return clip
        finally:
            remove_file(temporary)
            remove_file(self._copy_of(temporary))
            if self.spool is not None:
                self.spool.remove_partial(temporary.name)

    async def _form(self, path: Path, found: Inspection) -> StoredForm:
        async with self.downloads:
            return await stored_form(self.inspector, path, found, self._copy_of(path))

    def _copy_of(self, path: Path) -> Path:
        return self.folder / f"{path.stem}.copy.mp4"

    async def _file(self, run: AttemptRun, temporary: Path) -> tuple[Path, Inspection]:
        """Return the clip's file: the one in the spool, or one downloaded to `temporary`."""
        if run.attempt.custody is not Custody.SPOOLED:
            found = await download(run, temporary, self.inspector, self.downloads)
            await run.write(Fetched(str(temporary), true_bill(run, found.info)))
            return temporary, found
        spooled = Path(run.attempt.path or "")
        if await trio.Path(spooled).is_file():
            return spooled, await self.inspector.video(spooled, asked=run.promised_seconds)
        try:
            return temporary, await download(run, temporary, self.inspector, self.downloads)
        except VideoError as error:
            raise StorageError(f"it is in a spool that is not here: {spooled}") from error

    async def _store(
        self, run: AttemptRun, form: StoredForm, clip: Clip, history: ClipHistory
    ) -> Clip:
        try:
            file = await self._write(run, form)
        except StorageError as error:
            message = await self._keep_in_spool(run, form, error)
            raise StorageError(message, retryable=error.retryable) from error
        clip = evolve(
            form.described(clip),
            reference=file.reference,
            take=file,
            cost=history.earlier_cost + run.attempt.spent,
            generation_time=round(trio.current_time() - history.started, 3),
        )
        await run.write(Stored(clip))
        return clip

    async def fetch_again(self, run: AttemptRun, clip: Clip) -> Clip:
        """Fetch a stored clip's file from the provider again and store it; return its record.

        Raises:
            VideoError: the provider has it no more, or has another.
            RetryableError, StorageError: it cannot be fetched or stored now.
        """
        temporary = self.folder / f"{run.attempt.attempt_id}.mp4"
        try:
            found = await download(run, temporary, self.inspector, self.downloads)
            form = await self._form(temporary, found)
            if not form.is_of(clip):
                raise VideoError("the provider has another file in its place")
            return evolve(form.described(clip), take=await self._write(run, form))
        finally:
            remove_file(temporary)
            remove_file(self._copy_of(temporary))

    async def copy(self, settings: Settings, reference: str, key: str) -> StoredFile:
        """Copy a stored file, trying as often as for storing.

        Raises:
            StorageError: it cannot be copied now, or is not there.
        """
        return await self._retried(settings, lambda: self.storage.copy(reference, key))

    async def remove(self, settings: Settings, reference: str) -> None:
        """Remove a stored file, trying as often as for storing.

        Raises:
            StorageError: it cannot be removed now.
        """
        await self._retried(settings, lambda: self.storage.remove(reference))

    def key(self, attempt: Attempt, container: str) -> str:
        """Return the key of an attempt's clip, for a file of this container."""
        return key_in(container, self.clip_key(attempt.job_id, attempt.clip_index))

    async def _write(self, run: AttemptRun, form: StoredForm) -> StoredFile:
        key = take_key(self.key(run.attempt, form.container), run.attempt)

        async def write() -> StoredFile:
            await run.held.ensure()
            return await self.storage.write(key, form.path)

        return await self._retried(run.context.settings, write)

    async def _retried(self, settings: Settings, store: Callable[[], Awaitable[T]]) -> T:
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

    async def _keep_in_spool(self, run: AttemptRun, form: StoredForm, error: StorageError) -> str:
        """Keep what cannot be stored for a later run; return the message for the user."""
        if self.spool is None or run.attempt.custody is Custody.SPOOLED:
            return str(error)
        try:
            kept = await self.spool.keep(form.path, _spooled(run, form))
        except OSError as problem:
            logger.warning("clip %d cannot be spooled: %s", run.attempt.clip_index, problem)
            return str(error)
        await run.write(Spooled(str(kept)))
        return f"{error}; the clip is kept in {self.spool.folder} until then"


def _spooled(run: AttemptRun, form: StoredForm) -> str:
    """Return the name of the clip's file in the spool."""
    return f"{run.attempt.attempt_id}{form.ending}"


def _refuse_useless(found: Inspection, *, strict: bool) -> None:
    judgement = found.judgement
    if judgement.useless or (strict and judgement.faults):
        raise VideoError("; ".join(judgement.explanations))
