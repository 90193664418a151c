"""The doors for hosts with an event loop."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from types import ModuleType

import anyio
from attrs import frozen

from .parts import running


@frozen
class Door:
    """A door, and the event loop that it is for."""

    vgen: ModuleType
    loop: str

    def play(self, program: Callable[[ModuleType], Awaitable[None]]) -> None:
        """Run a program that uses the door, and see that no thread or socket is left of it."""
        before = running()
        anyio.run(program, self.vgen, backend=self.loop)
        assert running() == before


async def until(condition: Callable[[], object]) -> None:
    """Wait for a condition, but not for ever."""
    with anyio.fail_after(20):
        while not condition():  # noqa: ASYNC110 (what is waited for may be in another thread)
            await anyio.sleep(0.005)
