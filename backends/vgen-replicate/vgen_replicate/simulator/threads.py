"""Work for the processor, kept off the event loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import trio
from trio.testing import MockClock

T = TypeVar("T")


async def in_thread(work: Callable[[], T]) -> T:
    """Do the work in a worker thread; under a virtual clock in line, for that one would leap."""
    if isinstance(trio.lowlevel.current_clock(), MockClock):
        await trio.lowlevel.checkpoint()
        return work()
    return await trio.to_thread.run_sync(work)
