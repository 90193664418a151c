"""Who is next: what there is too little of is shared out by job, then by clip."""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import insort
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from math import inf
from typing import cast

import trio
from attrs import define, field, frozen

from vgen.drive.limits.window import Window


@define(eq=False)
class Share:
    """A job's part of what is shared out; `left` counts its clips that are not begun yet.

    Jobs of a higher `priority`, from 0 to 9, come first. `since` is when the job began to ask, on
    Trio's clock.
    """

    priority: int = 0
    left: int = 0
    since: float = field(factory=trio.current_time)


@frozen
class Want:
    """What would do: a token of each of the `limiters`, known by a `key`.

    Where there is a `window`, it must be open, and one request is sent.
    """

    key: str
    limiters: Sequence[trio.CapacityLimiter]
    window: Window | None = None

    @property
    def is_free(self) -> bool:
        """Whether there is a token of each now."""
        return all(limiter.available_tokens >= 1 for limiter in self.limiters)

    @property
    def opens_at(self) -> float:
        """When its window is open, on Trio's clock."""
        return self.window.opens_at if self.window else -inf


@define(eq=False)
class Place:
    """What was given to a job, until it is left; its `borrower` holds the tokens."""

    line: Line
    share: Share
    want: Want
    borrower: object
    _left: bool = False

    def leave(self) -> None:
        """Give it back, and let the next one have it; safe to repeat."""
        if not self._left:
            self._left = True
            for limiter in self.want.limiters:
                limiter.release_on_behalf_of(self.borrower)
            self.line.left(self.share)


class Waiter(ABC):
    """One that stands in a line for its job.

    Of a job's waiters that with the lowest `order` comes first. Where it is `paid` for, it comes
    before all waiters of other jobs of the same priority that are not.
    """

    share: Share
    paid: bool = False
    order: int = 0

    @abstractmethod
    def wants(self) -> Sequence[Want]:
        """Return what would do, the best first; nothing: it has enough, and is in line no more."""

    @abstractmethod
    def given(self, place: Place) -> None:
        """Take a place, which is to be left; called in any task."""

    def borrower(self) -> object:
        """Return who borrows the tokens of the next place."""
        return object()


@define(eq=False)
class OneSlot(Waiter):
    """One that waits for one place, which `who` borrows."""

    share: Share
    want: Want
    who: object
    paid: bool
    order: int
    place: Place | None = None
    _given: trio.Event = field(factory=trio.Event)

    def wants(self) -> Sequence[Want]:
        """Return the one want until it is met."""
        return () if self.place else (self.want,)

    def given(self, place: Place) -> None:
        """Take the place."""
        self.place = place
        self._given.set()

    def borrower(self) -> object:
        """Return who borrows it."""
        return self.who

    async def wait(self) -> Place:
        """Wait for the place; cancelled, it is left."""
        try:
            await self._given.wait()
        except BaseException:
            if self.place is not None:
                self.place.leave()
            raise
        return cast("Place", self.place)


class Line:
    """Those that wait for tokens, and how many each job has.

    The next is of the job with the highest priority, then of that with the fewest tokens, then of
    that with the fewest clips left, as far as what it wants is free. Where one of `all_of` is used
    up, nobody is served.
    """

    def __init__(self, *all_of: trio.CapacityLimiter) -> None:
        self._all_of = all_of
        self._waiting: dict[Share, list[Waiter]] = {}
        self._given: dict[Share, int] = {}
        self._opens_at = inf
        self._closed = trio.Event()

    async def run(self) -> None:
        """Serve those that wait for a window when it opens, until cancelled."""
        while True:
            await self._closed.wait()
            await trio.sleep_until(self._opens_at)
            self._opens_at, self._closed = inf, trio.Event()
            self._serve()

    @property
    def waiting(self) -> int:
        """How many wait."""
        return sum(map(len, self._waiting.values()))

    @property
    def not_begun(self) -> int:
        """How many clips are left of the jobs that wait."""
        return sum(share.left for share in self._waiting)

    @contextmanager
    def joined(self, waiter: Waiter) -> Generator[None]:
        """Stand in line within the block; what was given stays given."""
        insort(self._waiting.setdefault(waiter.share, []), waiter, key=_within_job)
        self._serve()
        try:
            yield
        finally:
            self._forget(waiter)

    def left(self, share: Share) -> None:
        """Note that a job has left a place."""
        self._given[share] -= 1
        if not self._given[share]:
            del self._given[share]
        self._serve()

    def _serve(self) -> None:
        while (best := self._best()) is not None:
            waiter, want = best
            share, borrower = waiter.share, waiter.borrower()
            for limiter in want.limiters:
                limiter.acquire_on_behalf_of_nowait(borrower)
            if want.window is not None:
                want.window.send()
            self._given[share] = self._given.get(share, 0) + 1
            waiter.given(Place(self, share, want, borrower))
            if not waiter.wants():
                self._forget(waiter)

    def _forget(self, waiter: Waiter) -> None:
        waiting = self._waiting.get(waiter.share, [])
        if waiter in waiting:
            waiting.remove(waiter)
            if not waiting:
                del self._waiting[waiter.share]

    def _best(self) -> tuple[Waiter, Want] | None:
        if any(limiter.available_tokens < 1 for limiter in self._all_of):
            return None
        found: tuple[Waiter, Want] | None = None
        least, unmet = None, set[int]()
        for share, waiting in self._waiting.items():
            has = self._given.get(share, 0)
            for waiter in waiting:
                rank = (-share.priority, not waiter.paid, has, share.left)
                if least is not None and rank >= least:
                    break
                want = self._met(waiter, unmet)
                if want is not None:
                    found, least = (waiter, want), rank
                    break
        return found

    def _met(self, waiter: Waiter, unmet: set[int]) -> Want | None:
        """Return the first want of a waiter that can be met now, none of those known as `unmet`."""
        for want in waiter.wants():
            if id(want) not in unmet:
                if self._is_met(want):
                    return want
                unmet.add(id(want))
        return None

    def _is_met(self, want: Want) -> bool:
        """Whether a want can be met now; notes when it will be, where only a window is closed."""
        if not want.is_free:
            return False
        if want.opens_at <= trio.current_time():
            return True
        if want.opens_at < self._opens_at:
            self._opens_at = want.opens_at
            self._closed.set()
        return False


def _within_job(waiter: Waiter) -> tuple[bool, int]:
    return not waiter.paid, waiter.order
