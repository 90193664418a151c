"""Faults of a fake's calls: failures, delays, outages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import TypeVar

import trio
from attrs import frozen

from vgen.testing.short_repr import ShortRepr

T = TypeVar("T")


@frozen(repr=False)
class Break(ShortRepr):
    """The `nth` call of a method fails, and the `times - 1` after it.

    With `done` it has done its work by then: only its answer is lost.
    """

    call: str
    nth: int = 1
    times: int = 1
    done: bool = False


@frozen(repr=False)
class Delay(ShortRepr):
    """The `nth` call of a method takes so many `seconds`, and the `times - 1` after it do.

    They pass before the work, or with `done` between the work and the answer.
    """

    call: str
    seconds: float = 5.0
    nth: int = 1
    times: int = 1
    done: bool = False


@frozen(repr=False)
class Outage(ShortRepr):
    """From `begins` to `ends`, in seconds of Trio's clock, every call fails and does nothing."""

    begins: float = 0.0
    ends: float = 30.0


Fault = Break | Delay | Outage


class Faults:
    """Injects the planned faults into a fake's calls; `error` makes what a failing call raises."""

    def __init__(self, planned: Iterable[Fault], error: Callable[[str], Exception]) -> None:
        self._planned = tuple(planned)
        self._error = error
        self._calls: Counter[str] = Counter()

    async def call(self, name: str, work: Callable[[], T]) -> T:
        """Do the work of a call, with the faults that are due before and after it."""
        due = await self.begin(name)
        result = work()
        for fault in due:
            if fault.done:
                await self._play(fault, name)
        return result

    async def begin(self, name: str) -> list[Break | Delay]:
        """Inject the faults before a call's work, and return all that are due."""
        await trio.lowlevel.checkpoint()
        self._calls[name] += 1
        due = [fault for fault in self._planned if not isinstance(fault, Outage)]
        due = [fault for fault in due if fault.call == name and self._is_due(fault)]
        for fault in due:
            if not fault.done:
                await self._play(fault, name)
        if any(isinstance(f, Outage) and self._is_now(f) for f in self._planned):
            raise self._error(f"{name}: it is down")
        return due

    def end(self) -> None:
        """Inject no more faults."""
        self._planned = ()

    async def _play(self, fault: Break | Delay, name: str) -> None:
        if isinstance(fault, Delay):
            await trio.sleep(fault.seconds)
        else:
            raise self._error(f"{name}: the answer was lost" if fault.done else f"{name}: it broke")

    def _is_due(self, fault: Break | Delay) -> bool:
        return fault.nth <= self._calls[fault.call] < fault.nth + fault.times

    @staticmethod
    def _is_now(outage: Outage) -> bool:
        return outage.begins <= trio.current_time() < outage.ends
