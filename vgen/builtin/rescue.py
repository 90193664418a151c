"""A ledger's file that was removed or replaced while it was open: noticed, and written anew."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from uuid import uuid4

from attrs import frozen


@frozen
class FileIdentity:
    """Which file stands behind a path."""

    device: int
    inode: int


def identity(path: Path) -> FileIdentity | None:
    """Return which file stands behind the path; `None` if there is none to be seen."""
    try:
        found = path.stat()
    except OSError:
        return None
    return FileIdentity(found.st_dev, found.st_ino)


def rescue(connection: sqlite3.Connection, path: Path) -> Path:
    """Write all that an open ledger has, whose file is gone, to `path`, or beside what is there.

    Raises:
        OSError, sqlite3.Error: it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    copy = path.with_name(f"{path.stem}-rescued-{uuid4().hex[:8]}{path.suffix}")
    with closing(sqlite3.connect(copy)) as target:
        connection.backup(target)
    return path if _put_back(copy, path) else copy


def _put_back(copy: Path, path: Path) -> bool:
    """Move the copy to the path, unless something is there or comes there meanwhile."""
    if path.exists():
        return False
    for leftover in ("-wal", "-shm"):  # of the removed file: they would be read into the copy
        path.with_name(path.name + leftover).unlink(missing_ok=True)
    try:
        os.link(copy, path)
    except OSError:
        return False
    with suppress(OSError):
        copy.unlink()
    return True
