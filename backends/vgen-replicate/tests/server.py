"""A simulator that serves over HTTP, in a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from queue import SimpleQueue
from typing import Any

import trio
from attrs import frozen

from vgen_replicate.simulator import Simulator


@frozen
class RunningSimulator:
    """A running simulator and its base URL."""

    simulator: Simulator
    url: str

    @property
    def access(self) -> dict[str, Any]:
        """Arguments for a backend at this simulator."""
        return {"token": self.simulator.token, "base_url": self.url}


@contextmanager
def running_simulator(**options: Any) -> Generator[RunningSimulator]:
    """Serve a simulator until the block ends."""
    arguments: dict[str, Any] = {"scale": 0.125, "epoch": datetime.now(UTC), **options}
    simulator = Simulator(**arguments)
    started: SimpleQueue[tuple[str, trio.lowlevel.TrioToken, trio.CancelScope]] = SimpleQueue()

    async def serve() -> None:
        async with trio.open_nursery() as nursery:
            url = await nursery.start(simulator.serve)
            started.put((url, trio.lowlevel.current_trio_token(), nursery.cancel_scope))

    thread = threading.Thread(target=trio.run, args=(serve,))
    thread.start()
    url, token, scope = started.get(timeout=30)
    try:
        yield RunningSimulator(simulator, url)
    finally:
        token.run_sync_soon(scope.cancel)
        thread.join()
