"""The spool: a folder for finished clips while storage is down."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

import trio
from attrs import frozen


@frozen
class Spool:
    """Keeps clips that cannot be stored now; a later run stores them from there."""

    folder: Path

    async def keep(self, path: Path, name: str) -> Path:
        """Copy a clip into the spool, whole or not at all, and force it to disk.

        Raises:
            OSError: it cannot be written.
        """
        kept = (self.folder / name).absolute()
        await trio.to_thread.run_sync(_copy, path, kept)
        return kept

    def remove(self, name: str) -> None:
        """Remove a clip, if it is there."""
        remove_file(self.folder / name)

    def remove_partial(self, name: str) -> None:
        """Remove what a killed process may have left of a copy."""
        remove_file(_partial(self.folder / name))


def remove_file(path: Path) -> None:
    """Remove a file, if it is there and can be removed."""
    with suppress(OSError):
        path.unlink()


def _copy(path: Path, kept: Path) -> None:
    kept.parent.mkdir(parents=True, exist_ok=True)
    partial = _partial(kept)
    with path.open("rb") as source, partial.open("wb") as copy:
        shutil.copyfileobj(source, copy, 2**20)
        copy.flush()
        os.fsync(copy.fileno())
    partial.replace(kept)


def _partial(kept: Path) -> Path:
    return kept.with_suffix(".part")
