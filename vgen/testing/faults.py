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

    With `after_call`, it fails after its work is done: only the answer is lost.
    """

    call: str
    nth: int = 1
    times: int = 1
    after_call: bool = False


@frozen(repr=False)
class Delay(ShortRepr):
    """The `nth` call of a method and the `times - 1` after it each take `seconds` longer.

    The delay is before the work, or with `after_call` between the work and the answer.
    """

    call: str
    seconds: float = 5.0
    nth: int = 1
    times: int = 1
    after_call: bool = False


@frozen(repr=False)
class Outage(ShortRepr):
    """Every call fails from `begins` to `ends`, in seconds of Trio's clock, and does nothing."""

    begins: float = 0.0
    ends: float = 30.0


Fault = Break | Delay | Outage


class Faults:
    """Injects the planned faults into a fake's calls; `error` makes the exception to raise."""

    def __init__(self, planned: Iterable[Fault], error: Callable[[str], Exception]) -> None:
        self._planned = tuple(planned)
        self._error = error
        self._calls: Counter[str] = Counter()

    async def call(self, name: str, work: Callable[[], T]) -> T:
        """Return what `work` returns, with the faults that are due before and after it."""
        due = await self.begin(name)
        result = work()
        for fault in due:
            if fault.after_call:
                await self._inject(fault, name)
        return result

    async def begin(self, name: str) -> list[Break | Delay]:
        """Inject the faults that are due before a call's work, and return all that are due."""
        await trio.lowlevel.checkpoint()
        self._calls[name] += 1
        due = [fault for fault in self._planned if not isinstance(fault, Outage)]
        due = [fault for fault in due if fault.call == name and self._is_due(fault)]
        for fault in due:
            if not fault.after_call:
                await self._inject(fault, name)
        if any(isinstance(f, Outage) and self._is_now(f) for f in self._planned):
            raise self._error(f"{name}: it is down")
        return due

    def stop(self) -> None:
        """Inject no more faults."""
        self._planned = ()

    async def _inject(self, fault: Break | Delay, name: str) -> None:
        if isinstance(fault, Delay):
            await trio.sleep(fault.seconds)
        else:
            raise self._error(
                f"{name}: the answer was lost" if fault.after_call else f"{name}: it broke"
            )

    def _is_due(self, fault: Break | Delay) -> bool:
        return fault.nth <= self._calls[fault.call] < fault.nth + fault.times

    @staticmethod
    def _is_now(outage: Outage) -> bool:
        return outage.begins <= trio.current_time() < outage.ends
