"""A temporary folder of one process."""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from pathlib import Path
from types import TracebackType
from typing import Self


class Scratch:
    """A temporary folder at `path`, there until `remove` is called or this process ends.

    A process that is forked from this one removes nothing of it, however it ends, whereas Python's
    own `TemporaryDirectory` would remove its parent's folder.
    """

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="vgen-"))
        self.remove = weakref.finalize(self, _remove, self.path, os.getpid())

    def __enter__(self) -> Self:
        """Return the folder."""
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Remove it."""
        self.remove()


def _remove(folder: Path, process: int) -> None:
    if os.getpid() == process:
        shutil.rmtree(folder, ignore_errors=True)
