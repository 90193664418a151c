"""The service's clock: Trio's, made faster, with dates counted from an epoch."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import trio
from attrs import define

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


@define
class Clock:
    """Counts the service's seconds, `speed` of them to one of Trio's, from the first time asked.

    Whatever is given as a number is in the service's seconds.
    """

    speed: float = 1.0
    epoch: datetime = EPOCH
    _zero: float = math.nan

    def now(self) -> float:
        """Seconds since the clock was first asked."""
        now = trio.current_time()
        if math.isnan(self._zero):
            self._zero = now
        return (now - self._zero) * self.speed

    def deadline(self, at: float) -> float:
        """The same moment as a deadline of Trio's."""
        return trio.current_time() + (at - self.now()) / self.speed

    async def sleep(self, seconds: float) -> None:
        """Wait for so many of the service's seconds."""
        await trio.sleep(seconds / self.speed)

    def date(self, at: float) -> datetime:
        """The moment as a date, to the microsecond."""
        return self.epoch + timedelta(microseconds=round(at * 1_000_000))

    def stamp(self, at: float) -> str:
        """The moment as the service writes it."""
        return self.date(at).isoformat(timespec="microseconds").replace("+00:00", "Z")
