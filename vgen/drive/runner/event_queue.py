"""The events of one job on their way to a reader, who may be slow or in another thread."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable
from threading import Lock

from vgen.ports.events import ClipProgress, Event

MAX_PROGRESS = 64
"""How many progress events wait for a reader; a further one drops the oldest."""


class EventQueue:
    """A queue whose writer never waits, and which drops nothing but old progress events.

    The reader sets `wake`; it is called in the writer's thread after every change.
    """

    def __init__(self) -> None:
        self.wake: Callable[[], None] = lambda: None
        self._lock = Lock()
        self._events = OrderedDict[int, Event]()
        self._progress = deque[int]()
        self._count = 0
        self._closed = False

    def put(self, event: Event) -> None:
        """Add an event."""
        with self._lock:
            self._count += 1
            self._events[self._count] = event
            if isinstance(event, ClipProgress):
                self._progress.append(self._count)
            if len(self._progress) > MAX_PROGRESS:
                del self._events[self._progress.popleft()]
        self.wake()

    def close(self) -> None:
        """End the queue: no more events will come."""
        with self._lock:
            self._closed = True
        self.wake()

    @property
    def ended(self) -> bool:
        """Whether the queue is closed and empty."""
        with self._lock:
            return self._closed and not self._events

    def take(self) -> Event | None:
        """Remove and return the oldest event; `None` if there is none now."""
        with self._lock:
            if not self._events:
                return None
            number, event = self._events.popitem(last=False)
            if self._progress and self._progress[0] == number:
                self._progress.popleft()
            return event
