"""CPU-bound work in worker threads."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import trio
from trio.testing import MockClock

T = TypeVar("T")


async def in_thread(work: Callable[[], T]) -> T:
    """Run `work` in a worker thread; under a `MockClock`, which would jump meanwhile, inline."""
    if isinstance(trio.lowlevel.current_clock(), MockClock):
        await trio.lowlevel.checkpoint()
        return work()
    return await trio.to_thread.run_sync(work)
