"""`clips.json`: what a job has made so far, beside the clips."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from uuid import UUID, uuid4

import trio

from vgen import ClipFailure, ClipGivenUp, Clips, ClipStored, Event, to_json
from vgen.cli.identity import CLIPS_FILE
from vgen.drive.exception_groups import single_error
from vgen.drive.job.result import count_clips
from vgen.errors import LedgerError, StorageError
from vgen.ports.ledger import CostLedger
from vgen.ports.storage import Storage
from vgen.records.money import ZERO

PAUSE = 1.0
"""The least time between two writings while clips come in, in seconds."""


class ClipsFile:
    """The record of one job's clips in the output directory, replaced whole or not at all."""

    def __init__(self, out: Path, job_id: UUID, ledger: CostLedger, storage: Storage) -> None:
        self.path = out / CLIPS_FILE
        self._job_id = job_id
        self._ledger = ledger
        self._storage = storage
        self._failures: dict[int, ClipFailure] = {}
        self._changed = trio.Event()

    async def begin(self, indexes: Sequence[int]) -> None:
        """Make the directory, and write down what is there already.

        Raises:
            StorageError: the directory cannot be made or written in.
            LedgerError: the ledger cannot be read.
        """
        out = trio.Path(self.path.parent)
        try:
            await out.mkdir(parents=True, exist_ok=True)
        except FileExistsError:
            raise StorageError(f"{out}: is no directory") from None
        except OSError as error:
            raise StorageError(f"cannot make {out}: {error.strerror}") from error
        nothing = [ClipFailure(index, "not made yet") for index in indexes]
        await self.write(
            await self.count() or Clips.of(self._job_id, nothing, total_cost=ZERO, seconds=0.0)
        )

    def hear(self, event: Event) -> None:
        """Take note of an event, as an observer of the job."""
        if isinstance(event, ClipGivenUp):
            self._failures[event.failure.clip_index] = event.failure
        if isinstance(event, ClipGivenUp | ClipStored):
            self._changed.set()

    @asynccontextmanager
    async def kept(self) -> AsyncGenerator[None]:
        """Write the record again whenever a clip has come in, for as long as the block runs."""
        with single_error():
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._keep)
                yield
                nursery.cancel_scope.cancel()

    async def _keep(self) -> None:
        while True:
            await self._changed.wait()
            self._changed = trio.Event()
            # The last writing, when the job has ended, says what is wrong.
            with suppress(LedgerError, StorageError):
                clips = await self.count()
                if clips is not None:
                    await self.write(clips)
            await trio.sleep(PAUSE)

    async def count(self) -> Clips | None:
        """Count the job's clips as the ledger has them; `None` where it has no such job."""
        job = await self._ledger.job(self._job_id)
        if job is None:
            return None
        seconds = sum(a.clip.generation_time for a in job.attempts if a.clip is not None)
        return await count_clips(job, self._storage, failures=self._failures, seconds=seconds)

    async def write(self, clips: Clips) -> None:
        """Replace the file.

        Raises:
            StorageError: it cannot be written; the one that was there stays.
        """
        await trio.to_thread.run_sync(_replace, self.path, to_json(clips, indent=2) + "\n")


def _replace(path: Path, text: str) -> None:
    passing = path.with_name(f".{path.name}.{uuid4().hex[:8]}")
    try:
        with passing.open("x", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        passing.replace(path)
    except OSError as error:
        raise StorageError(f"cannot write {path}: {error.strerror}") from error
    finally:
        with suppress(OSError):
            passing.unlink(missing_ok=True)
