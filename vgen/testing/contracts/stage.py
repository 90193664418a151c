"""Playing an asynchronous test in a Trio run of its own, whatever plug-ins pytest has."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial, wraps
from typing import ClassVar, Concatenate, ParamSpec, TypeVar

import trio
from trio.abc import Clock


class Stage:
    """What the tests of a contract are played on.

    `patience` is how long one test may take, in seconds of its clock.
    """

    patience: ClassVar[float] = 120.0

    def clock(self) -> Clock | None:
        """Give the clock of one test; `None` is real time, a fake may take a `MockClock`."""
        return None

    def run(self, work: Callable[[], Awaitable[None]]) -> None:
        """Run `work` to its end, or fail when it takes too long."""

        async def within_patience() -> None:
            with trio.fail_after(self.patience):
                await work()

        trio.run(within_patience, clock=self.clock())


S = TypeVar("S", bound=Stage)
P = ParamSpec("P")


def in_trio(
    test: Callable[Concatenate[S, P], Awaitable[None]],
) -> Callable[Concatenate[S, P], None]:
    """Turn an asynchronous test method into one that every pytest runs."""

    @wraps(test)
    def play(self: S, /, *args: P.args, **kwargs: P.kwargs) -> None:
        self.run(partial(test, self, *args, **kwargs))

    return play
