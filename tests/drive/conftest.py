"""Fixtures: no worker threads, and a ledger file in virtual time."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any, TypeVar

import pytest
import trio

from tests.drive.sqlite_job import SQLiteJob
from tests.memory import IN_MEMORY

T = TypeVar("T")


async def inline(function: Callable[..., T], *arguments: Any, **_options: object) -> T:
    """Call a function in the calling task: in a thread, the virtual clock would run ahead of it."""
    await trio.lowlevel.checkpoint()
    return function(*arguments)


async def exists(path: trio.Path) -> bool:
    """Whether a file exists, without a thread."""
    return await inline(Path(path).exists)


@pytest.fixture
def no_threads(monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    """Trio's worker threads are replaced by calls in the task, so that the virtual clock waits."""
    with monkeypatch.context() as patched:
        patched.setattr(trio.to_thread, "run_sync", inline)
        patched.setattr(trio.Path, "exists", exists)
        patched.setattr(trio.Path, "is_file", exists)
        yield


@pytest.fixture
def sqlite_job(no_threads: None, monkeypatch: pytest.MonkeyPatch) -> Generator[SQLiteJob]:
    """An empty ledger file."""
    with tempfile.TemporaryDirectory(dir=IN_MEMORY) as folder:
        sqlite_job = SQLiteJob(Path(folder, "vgen.db"))
        monkeypatch.setattr("vgen.builtin.sqlite.connect", sqlite_job.connect)
        yield sqlite_job
