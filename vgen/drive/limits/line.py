"""Who is next: what there is too little of is shared out by job, then by clip."""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from itertools import count
from math import inf
from typing import cast

import trio
from attrs import define, field, frozen

from vgen.drive.limits.window import Window

Rank = tuple[int, bool, int, int, int]
"""Of a job in line: the lowest is next. The last one is its number, so that no two are the same."""

_numbers = count()


@define(eq=False)
class Share:
    """A job's part of what is shared out; `left` counts its clips that are not begun yet.

    Jobs of a higher `priority`, from 0 to 9, come first. `since` is when the job began to ask, on
    Trio's clock. Of equals that with the lowest `number` comes first.
    """

    priority: int = 0
    left: int = 0
    since: float = field(factory=trio.current_time)
    number: int = field(factory=lambda: next(_numbers))


@frozen
class Want:
    """What would do: a token of each of the `limiters`, known by a `key`.

    Where there is a `window`, it must be open, and one request is promised.
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
    """What was given to a job, until it is left; its `borrower` holds the tokens.

    It is `promised` a request until that is sent, where there is a window.
    """

    line: Line
    share: Share
    want: Want
    borrower: object
    _promised: bool = field(init=False)
    _left: bool = False

    def __attrs_post_init__(self) -> None:
        self._promised = self.want.window is not None

    def send(self) -> None:
        """Note that the request is sent now that was promised."""
        if self._promised and self.want.window is not None:
            self._promised = False
            self.want.window.send_promised()
            self.line.serve()

    def leave(self) -> None:
        """Give it back, and let the next one have it; safe to repeat."""
        if not self._left:
            self._left = True
            if self._promised and self.want.window is not None:
                self.want.window.take_back()
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


@define(eq=False)
class Queue:
    """Those that wait for one `want`, by job: `jobs` has their shares' numbers, sorted by rank."""

    want: Want
    jobs: list[Rank] = field(factory=list[Rank])
    _waiting: dict[int, tuple[Rank, list[Waiter]]] = field(
        factory=dict[int, "tuple[Rank, list[Waiter]]"]
    )

    @property
    def first(self) -> Waiter:
        """The next one."""
        return self._waiting[self.jobs[0][-1]][1][0]

    def add(self, waiter: Waiter, has: int) -> None:
        """Let one wait whose job has so many places."""
        waiting = self._take(waiter.share)
        insort(waiting, waiter, key=_within_job)
        self._put(waiting, has)

    def remove(self, waiter: Waiter, has: int) -> None:
        """Let one wait no longer."""
        waiting = self._take(waiter.share)
        waiting.remove(waiter)
        self._put(waiting, has)

    def sort(self, share: Share, has: int) -> None:
        """Sort a job in again, which has so many places now."""
        self._put(self._take(share), has)

    def _take(self, share: Share) -> list[Waiter]:
        rank, waiting = self._waiting.pop(share.number, (None, list[Waiter]()))
        if rank is not None:
            del self.jobs[bisect_left(self.jobs, rank)]
        return waiting

    def _put(self, waiting: list[Waiter], has: int) -> None:
        if waiting:
            share = waiting[0].share
            rank = (-share.priority, not waiting[0].paid, has, share.left, share.number)
            insort(self.jobs, rank)
            self._waiting[share.number] = rank, waiting


class Line:
    """Those that wait for tokens, and how many each job has.

    The next is of the job with the highest priority, then of that with the fewest tokens, then of
    that with the fewest clips left when it last came or was served, as far as what it wants is
    free. Where one of `all_of` is used up, nobody is served.
    """

    def __init__(self, *all_of: trio.CapacityLimiter) -> None:
        self._all_of = all_of
        self._queues: dict[int, Queue] = {}
        self._waiting: dict[Waiter, list[Queue]] = {}
        self._given = Counter[Share]()
        self._opens_at = inf
        self._closed = trio.Event()

    async def run(self) -> None:
        """Serve those that wait for a window when it opens, until cancelled."""
        while True:
            await self._closed.wait()
            await trio.sleep_until(self._opens_at)
            self._opens_at, self._closed = inf, trio.Event()
            self.serve()

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._waiting)

    @property
    def not_begun(self) -> int:
        """How many clips are left of the jobs that wait."""
        return sum(share.left for share in {waiter.share for waiter in self._waiting})

    @contextmanager
    def joined(self, waiter: Waiter) -> Generator[None]:
        """Stand in line within the block; what was given stays given."""
        queues = [self._queue(want) for want in waiter.wants()]
        self._waiting[waiter] = queues
        for queue in queues:
            queue.add(waiter, self._given[waiter.share])
        self.serve()
        try:
            yield
        finally:
            self._keep(waiter, ())

    def left(self, share: Share) -> None:
        """Note that a job has left a place."""
        self._give(share, -1)
        self.serve()

    def _queue(self, want: Want) -> Queue:
        return self._queues.setdefault(id(want), Queue(want))

    def _give(self, share: Share, count: int) -> None:
        self._given[share] += count
        has = self._given[share]
        if not has:
            del self._given[share]
        for queue in self._queues.values():
            queue.sort(share, has)

    def _keep(self, waiter: Waiter, wants: Sequence[Want]) -> None:
        """Let one wait for nothing else any longer."""
        queues = self._waiting.pop(waiter, [])
        kept = [queue for queue in queues if queue.want in wants]
        for queue in queues:
            if queue not in kept:
                queue.remove(waiter, self._given[waiter.share])
        if kept:
            self._waiting[waiter] = kept

    def serve(self) -> None:
        """Give those that wait what is free."""
        while (queue := self._next()) is not None:
            waiter, want = queue.first, queue.want
            share, borrower = waiter.share, waiter.borrower()
            for limiter in want.limiters:
                limiter.acquire_on_behalf_of_nowait(borrower)
            if want.window is not None:
                want.window.promise()
            waiter.given(Place(self, share, want, borrower))
            self._keep(waiter, waiter.wants())
            self._give(share, 1)

    def _next(self) -> Queue | None:
        """Return the queue whose first waiter is next, if what it wants is free."""
        if any(limiter.available_tokens < 1 for limiter in self._all_of):
            return None
        met = [queue for queue in self._queues.values() if queue.jobs and self._is_met(queue.want)]
        return min(met, key=_rank, default=None)

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


def _rank(queue: Queue) -> tuple[Rank, tuple[bool, int], str]:
    return queue.jobs[0], _within_job(queue.first), queue.want.key


def _within_job(waiter: Waiter) -> tuple[bool, int]:
    return not waiter.paid, waiter.order
