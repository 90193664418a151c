"""A witness to the opening of files, by whichever library and language."""

from __future__ import annotations

import ctypes
import os
import struct
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

IN_OPEN = 0x20
HEADER = struct.Struct("iIII")


@contextmanager
def openings(folder: Path) -> Generator[list[str]]:
    """Lists, once the block has ended, the files in `folder` opened meanwhile (Linux inotify)."""
    libc = ctypes.CDLL(None, use_errno=True)
    watch = libc.inotify_init1(os.O_NONBLOCK)
    assert libc.inotify_add_watch(watch, os.fsencode(folder), IN_OPEN) >= 0
    names: list[str] = []
    try:
        yield names
        names += _names(_events(watch))
    finally:
        os.close(watch)


def _events(watch: int) -> bytes:
    try:
        return os.read(watch, 65536)
    except BlockingIOError:
        return b""


def _names(events: bytes) -> Generator[str]:
    while events:
        *_, length = HEADER.unpack_from(events)
        name = events[HEADER.size : HEADER.size + length]
        events = events[HEADER.size + length :]
        yield name.rstrip(b"\0").decode()
