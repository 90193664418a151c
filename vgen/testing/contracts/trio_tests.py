"""Running an asynchronous test in its own Trio run, whatever plug-ins pytest has."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial, wraps
from typing import ClassVar, Concatenate, ParamSpec, TypeVar

import trio
from trio.abc import Clock


class TrioTests:
    """The base of a contract's tests.

    `timeout` is how long one test may take, in seconds of its clock.
    """

    timeout: ClassVar[float] = 120.0

    def clock(self) -> Clock | None:
        """Return the clock for one test: `None` for real time, or a `MockClock` for a fake."""
        return None

    def run(self, work: Callable[[], Awaitable[None]]) -> None:
        """Run `work`; raises `TooSlowError` after `timeout` seconds."""

        async def with_timeout() -> None:
            with trio.fail_after(self.timeout):
                await work()

        trio.run(with_timeout, clock=self.clock())


S = TypeVar("S", bound=TrioTests)
P = ParamSpec("P")


def in_trio(
    test: Callable[Concatenate[S, P], Awaitable[None]],
) -> Callable[Concatenate[S, P], None]:
    """Decorator: run an asynchronous test method in `TrioTests.run`."""

    @wraps(test)
    def wrapper(self: S, /, *args: P.args, **kwargs: P.kwargs) -> None:
        self.run(partial(test, self, *args, **kwargs))

    return wrapper
