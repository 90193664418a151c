"""A virtual clock for the threads in which `vgen.aio` and `vgen.blocking` run Trio."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from threading import Lock

import trio
from trio.testing import (
    MockClock,
    active_thread_count,
    wait_all_tasks_blocked,
    wait_all_threads_completed,
)

from vgen import portal

IDLE = 0.001
"""How often a thread looks again whether its host waits for it, in seconds of real time."""

IN_USE = "the virtual clock is in use: only one runner may be open on it at a time"


@contextmanager
def virtual_clock() -> Generator[MockClock]:
    """Open runners of `vgen.aio` and `vgen.blocking` on a virtual clock within the block.

    It jumps to whatever comes next while the program waits for the runner: for a call, for an
    event. In between it stands still, and while a worker thread of Trio's is at work. One runner
    may be open at a time; the next one finds the clock where the last has left it. `process` and
    `plan` of those modules open one too. Timers of the program itself take real time.
    """
    clock, before = MockClock(autojump_threshold=0), portal.virtual_time
    portal.virtual_time = _VirtualTime(clock)
    try:
        yield clock
    finally:
        portal.virtual_time = before


class _VirtualTime:
    def __init__(self, clock: MockClock) -> None:
        self._clock = clock
        self._in_use = Lock()

    def __call__(self, main: Callable[[], Awaitable[None]], host: portal.Host) -> None:
        """Run Trio in the calling thread until `main` ends.

        Raises:
            RuntimeError: another thread does so.
        """
        if not self._in_use.acquire(blocking=False):
            raise RuntimeError(IN_USE)
        try:
            trio.run(self._run, main, host, clock=self._clock)
        finally:
            self._in_use.release()

    async def _run(self, main: Callable[[], Awaitable[None]], host: portal.Host) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait_all_tasks_blocked, math.inf)  # or it would jump by itself
            nursery.start_soon(self._pass_time, host)
            await main()
            nursery.cancel_scope.cancel()

    async def _pass_time(self, host: portal.Host) -> None:
        """Jump to what comes next whenever host, tasks and worker threads all wait."""
        cushion = 0.0
        while True:
            await wait_all_threads_completed()
            await wait_all_tasks_blocked(cushion)
            ahead = trio.lowlevel.current_statistics().seconds_to_next_deadline
            waits = host.waits and not active_thread_count() and ahead < math.inf
            cushion = 0.0 if waits else IDLE
            if waits:
                self._clock.jump(max(0.0, ahead))
