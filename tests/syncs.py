"""Which files a test has forced to disk."""

from __future__ import annotations

import os

import pytest


def watch_syncs(monkeypatch: pytest.MonkeyPatch) -> set[int]:
    """Note the inodes of all files and folders that are forced to disk from now on."""
    synced, fsync = set[int](), os.fsync

    def watched(descriptor: int) -> None:
        fsync(descriptor)
        synced.add(os.fstat(descriptor).st_ino)

    monkeypatch.setattr("os.fsync", watched)
    return synced
