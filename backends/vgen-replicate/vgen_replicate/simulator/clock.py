"""The service's clock: Trio's, sped up, with dates from an epoch."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import trio
from attrs import define

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


@define
class Clock:
    """Counts the service's seconds, `speed` per second of Trio's, from the first call of `now`.

    All times that are numbers are in the service's seconds.
    """

    speed: float = 1.0
    epoch: datetime = EPOCH
    _zero: float = math.nan

    def now(self) -> float:
        """Return the seconds since the first call."""
        now = trio.current_time()
        if math.isnan(self._zero):
            self._zero = now
        return (now - self._zero) * self.speed

    def deadline(self, at: float) -> float:
        """Convert a time to a Trio deadline."""
        return trio.current_time() + (at - self.now()) / self.speed

    async def sleep(self, seconds: float) -> None:
        """Sleep for that many of the service's seconds."""
        await trio.sleep(seconds / self.speed)

    def date(self, at: float) -> datetime:
        """Convert a time to a date, to the microsecond."""
        return self.epoch + timedelta(microseconds=round(at * 1_000_000))

    def stamp(self, at: float) -> str:
        """Convert a time to the service's ISO 8601 format."""
        return self.date(at).isoformat(timespec="microseconds").replace("+00:00", "Z")
