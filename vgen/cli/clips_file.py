"""`clips.json`: a job's clips and failures so far, in the output directory."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from errno import EACCES, ENOTDIR
from pathlib import Path
from uuid import UUID, uuid4

import trio

from vgen import AttemptSubmitted, ClipFailure, ClipGivenUp, Clips, ClipStored, Event, to_json
from vgen.cli.job_id import CLIPS_FILE
from vgen.drive.exception_groups import single_error
from vgen.drive.job.result import count_clips
from vgen.errors import LedgerError, StorageError
from vgen.ports.ledger import CostLedger
from vgen.ports.storage import Storage
from vgen.records.money import ZERO

MIN_INTERVAL = 1.0
"""The least time between two writes while clips come in, in seconds."""


class ClipsFile:
    """`clips.json` of one job; it is replaced atomically."""

    def __init__(self, out: Path, job_id: UUID, ledger: CostLedger, storage: Storage) -> None:
        self.path = out / CLIPS_FILE
        self._job_id = job_id
        self._ledger = ledger
        self._storage = storage
        self._failures: dict[int, ClipFailure] = {}
        self._changed = trio.Event()

    async def create(self, indexes: Sequence[int]) -> None:
        """Make the directory, and write the file with the clips that exist already.

        Raises:
            StorageError: the directory cannot be made or written to.
            LedgerError: the ledger cannot be read.
        """
        out = trio.Path(self.path.parent)
        try:
            await out.mkdir(parents=True, exist_ok=True)
        except FileExistsError:
            raise StorageError(f"{out}: is no directory") from None
        except OSError as error:
            raise StorageError(f"cannot make {out}: {error.strerror}") from error
        missing = [ClipFailure(index, "not made yet") for index in indexes]
        await self.write(
            await self.current() or Clips.of(self._job_id, missing, total_cost=ZERO, seconds=0.0)
        )

    def observe(self, event: Event) -> None:
        """Observe the job: remember why clips failed, and note that the file is out of date."""
        if isinstance(event, ClipGivenUp):
            self._failures[event.failure.clip_index] = event.failure
        if isinstance(event, AttemptSubmitted | ClipGivenUp | ClipStored):
            self._changed.set()

    @asynccontextmanager
    async def updating(self) -> AsyncGenerator[None]:
        """Rewrite the file whenever a clip was sent, stored or given up, while the block runs."""
        with single_error():
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._update)
                yield
                nursery.cancel_scope.cancel()

    async def _update(self) -> None:
        while True:
            await self._changed.wait()
            self._changed = trio.Event()
            # The final write, when the job has ended, raises such errors.
            with suppress(LedgerError, StorageError):
                clips = await self.current()
                if clips is not None:
                    await self.write(clips)
            await trio.sleep(MIN_INTERVAL)

    async def current(self) -> Clips | None:
        """Return the job's clips according to the ledger; `None` if it has no such job."""
        job = await self._ledger.job(self._job_id)
        if job is None:
            return None
        seconds = sum(a.clip.generation_time for a in job.attempts if a.clip is not None)
        return await count_clips(job, self._storage, failures=self._failures, seconds=seconds)

    async def write(self, clips: Clips) -> None:
        """Replace the file.

        Raises:
            StorageError: it cannot be written; the old file stays.
        """
        await trio.to_thread.run_sync(_replace, self.path, to_json(clips, indent=2) + "\n")


async def check_place(out: Path) -> None:
    """Check that `out` is a directory that can be written to, or could be made; makes nothing.

    Raises:
        StorageError: it is none, in the words of `ClipsFile.create`.
    """
    await trio.to_thread.run_sync(_check_place, out)


def _check_place(out: Path) -> None:
    if out.exists() and not out.is_dir():
        raise StorageError(f"{out}: is no directory")
    what = f"write {out / CLIPS_FILE}" if out.exists() else f"make {out}"
    folder = next(folder for folder in (out, *out.absolute().parents) if folder.exists())
    if not folder.is_dir():
        raise StorageError(f"cannot {what}: {os.strerror(ENOTDIR)}")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise StorageError(f"cannot {what}: {os.strerror(EACCES)}")


def _replace(path: Path, text: str) -> None:
    temporary = path.with_name(f".{path.name}.{uuid4().hex[:8]}")
    try:
        with temporary.open("x", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise StorageError(f"cannot write {path}: {error.strerror}") from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
