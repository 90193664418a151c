"""Atomic writing of a file: it appears complete, or not at all."""

from __future__ import annotations

import os
import re
from collections.abc import Generator
from contextlib import contextmanager, suppress
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

MAX_REPEATED_NAME = 50
"""How many characters of a name its temporary file repeats, so that it is not too long."""


@contextmanager
def write_atomically(target: Path) -> Generator[BinaryIO]:
    """Open a file that takes the place of `target` at the block's end, forced to disk.

    Until then it lies beside it, hidden and locked. An error leaves nothing of it behind; what a
    process leaves that was killed is removed by the next one with the same target.

    Raises:
        OSError: it cannot be written; `target` is as it was.
    """
    _remove_leftovers(target)
    with _opened_beside(target) as file:
        path = Path(file.name)
        try:
            yield file
            file.flush()
            os.fsync(file.fileno())
            path.replace(target)
        finally:
            with suppress(OSError):
                path.unlink()


def _opened_beside(target: Path) -> BinaryIO:
    while True:
        path = target.parent / f"{_prefix(target)}{uuid4().hex}.part"
        file = path.open("xb")
        with suppress(OSError):  # without locks, no file counts as a leftover either
            flock(file, LOCK_EX)
        if path.exists():
            return file
        file.close()  # another process removed it as a leftover before it was locked


def _remove_leftovers(target: Path) -> None:
    """Remove the files of writers that have died: those of live ones are locked."""
    named = re.compile(re.escape(_prefix(target)) + "[0-9a-f]{32}\\.part")
    for path in target.parent.iterdir():
        if named.fullmatch(path.name):
            with suppress(OSError), path.open("r+b") as file:
                flock(file, LOCK_EX | LOCK_NB)
                path.unlink()


def _prefix(target: Path) -> str:
    return f".{target.name[:MAX_REPEATED_NAME]}."
