"""The events of one job on their way to a reader, who may be slow, or in another thread."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable
from threading import Lock

from vgen.ports.events import ClipProgress, Event, JobProgress

TICKS = 64
"""How many events of mere progress wait for a reader; further ones push out the oldest."""


class Mailbox:
    """Takes events without ever waiting, and loses none that says more than how far things are.

    Whoever reads sets `wake`; it is called, in the writer's thread, after every change.
    """

    def __init__(self) -> None:
        self.wake: Callable[[], None] = lambda: None
        self._lock = Lock()
        self._events = OrderedDict[int, Event]()
        self._ticks = deque[int]()
        self._count = 0
        self._closed = False

    def put(self, event: Event) -> None:
        """Add an event."""
        with self._lock:
            self._count += 1
            self._events[self._count] = event
            if isinstance(event, ClipProgress | JobProgress):
                self._ticks.append(self._count)
            if len(self._ticks) > TICKS:
                del self._events[self._ticks.popleft()]
        self.wake()

    def close(self) -> None:
        """Let no more come."""
        with self._lock:
            self._closed = True
        self.wake()

    @property
    def ended(self) -> bool:
        """Whether all has been taken out, and no more will come."""
        with self._lock:
            return self._closed and not self._events

    def take(self) -> Event | None:
        """Take the oldest event out; `None` where there is none just now."""
        with self._lock:
            if not self._events:
                return None
            number, event = self._events.popitem(last=False)
            if self._ticks and self._ticks[0] == number:
                self._ticks.popleft()
            return event
