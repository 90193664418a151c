"""How many requests an account may be sent in a minute."""

from __future__ import annotations

from collections import deque
from math import inf

import trio
from attrs import define, field

PERIOD = 61.0
"""In how many seconds so many requests are sent: a second more than the minute that is meant, since
requests arrive when the network lets them."""


@define(eq=False)
class Window:
    """The requests of the last minute; `most` are sent in one, `None`: any number.

    One that is promised counts until it is sent, however long that takes, or is taken back.
    """

    most: int | None
    _sent: deque[float] = field(factory=deque[float])
    _promised: int = 0
    _turn: trio.Lock = field(factory=trio.Lock)
    _clock: trio.abc.Clock = field(factory=trio.lowlevel.current_clock)

    @property
    def opens_at(self) -> float:
        """When the next request may be sent, on Trio's clock; long ago, where it may be now.

        That is not known, and infinite, while as many are promised as may be sent.
        """
        if self.most is None or len(self._sent) + self._promised < self.most:
            return -inf
        left = self.most - self._promised
        return self._sent[-left] + PERIOD if left else inf

    @property
    def in_last_minute(self) -> int:
        """How many were sent in the last minute; also asked for from other threads."""
        oldest = self._clock.current_time() - PERIOD
        return sum(at > oldest for at in self._sent.copy())

    @property
    def room(self) -> float:
        """How many may be sent now."""
        if self.most is None:
            return inf
        self._forget()
        return max(0, self.most - len(self._sent))

    def send(self, count: int = 1) -> None:
        """Note that so many requests are sent now."""
        self._forget()
        self._sent.extend([trio.current_time()] * count)

    def promise(self) -> None:
        """Promise that a request may be sent soon."""
        self._promised += 1

    def send_promised(self) -> None:
        """Note that a promised request is sent now."""
        self.take_back()
        self.send()

    def take_back(self) -> None:
        """Note that a promised request will not be sent."""
        self._promised -= 1

    async def turn(self) -> None:
        """Wait until a request may be sent, one after the other, and note it."""
        if self.most is None:
            return
        async with self._turn:
            while self.opens_at > trio.current_time():  # noqa: ASYNC110 (others send too)
                await trio.sleep_until(self.opens_at)
            self.send()

    def _forget(self) -> None:
        oldest = trio.current_time() - PERIOD
        while self._sent and self._sent[0] <= oldest:
            self._sent.popleft()
