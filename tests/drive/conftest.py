"""A ledger file in virtual time."""

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
    """Do in the calling task what is meant for a worker thread, which outruns a virtual clock."""
    await trio.lowlevel.checkpoint()
    return function(*arguments)


async def exists(path: trio.Path) -> bool:
    """Look for a file, likewise."""
    return await inline(Path(path).exists)


@pytest.fixture
def no_threads(monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    """Nothing outruns the virtual clock: all work is done in the calling task."""
    with monkeypatch.context() as patched:
        patched.setattr(trio.to_thread, "run_sync", inline)
        patched.setattr(trio.Path, "exists", exists)
        patched.setattr(trio.Path, "is_file", exists)
        yield


@pytest.fixture
def sqlite_job(no_threads: None, monkeypatch: pytest.MonkeyPatch) -> Generator[SQLiteJob]:
    """A ledger that no job has been opened in."""
    with tempfile.TemporaryDirectory(dir=IN_MEMORY) as folder:
        sqlite_job = SQLiteJob(Path(folder, "vgen.db"))
        monkeypatch.setattr("vgen.builtin.sqlite.connect", sqlite_job.connect)
        yield sqlite_job
