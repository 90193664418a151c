"""The APIs for hosts with an event loop: `vgen` for Trio, `vgen.aio` for asyncio."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from types import ModuleType

import anyio
from attrs import frozen

from .parts import threads_and_sockets


@frozen
class Door:
    """One API, and the event loop that it is for."""

    vgen: ModuleType
    loop: str

    def run(self, program: Callable[[ModuleType], Awaitable[None]]) -> None:
        """Run a program with this API, and check that it leaves no thread or socket."""
        before = threads_and_sockets()
        anyio.run(program, self.vgen, backend=self.loop)
        assert threads_and_sockets() == before


async def until(condition: Callable[[], object]) -> None:
    """Wait until a condition holds, for at most 20 seconds."""
    with anyio.fail_after(20):
        while not condition():  # noqa: ASYNC110 (what is waited for may be in another thread)
            await anyio.sleep(0.005)
