"""A job's clips, begun one after the other as there is room for them."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence

import trio
from attrs import define, field

from vgen.drive.clip.context import ClipContext
from vgen.drive.clip.run import run_clip
from vgen.drive.exception_groups import single_error
from vgen.drive.limits.concurrency import NOTHING_TO_SEND
from vgen.drive.limits.line import Place, Share, Waiter, Want
from vgen.drive.limits.stop import NotStarted
from vgen.records.clip import Clip, ClipFailure
from vgen.records.job import PlannedClip

Begun = tuple[PlannedClip, Place | None]
"""A clip, and the place that it gets ready in."""


@define(eq=False)
class ClipQueue(Waiter):
    """The clips of a job that are not begun yet, by what they wait for: a backend.

    What is stored or in flight already comes first. Of the others those that are declared to take
    longest are first, so that none of them is left to run alone at the end; of equals the lowest
    index. `begun` are those that have a place since, and are to be run.
    """

    share: Share
    places: Mapping[str, Want]
    _waiting: dict[str, deque[PlannedClip]]
    begun: list[Begun] = field(factory=list[Begun])
    _changed: trio.Event = field(factory=trio.Event)

    @classmethod
    def of(
        cls, context: ClipContext, clips: Iterable[PlannedClip], *, to_send: Collection[int]
    ) -> ClipQueue:
        """Line clips of a job up; those with the indexes `to_send` need a slot."""
        waiting: dict[str, deque[PlannedClip]] = {}

        def rank(planned: PlannedClip) -> tuple[float, int]:
            backend = context.backends[planned.route[0]]
            return -(backend.quote(planned.request).seconds or 0.0), planned.clip_index

        for planned in sorted(clips, key=rank):
            sent = planned.clip_index in to_send
            key = planned.route[0] if sent else NOTHING_TO_SEND
            waiting.setdefault(key, deque()).append(planned)
            context.share.left += 1
        return cls(context.share, context.flight.places(context.share.priority), waiting)

    def __bool__(self) -> bool:
        """Whether there is a clip yet."""
        return self.share.left > 0

    @property
    def only_new(self) -> bool:
        """Whether all of them are still to be sent."""
        return NOTHING_TO_SEND not in self._waiting

    def wants(self) -> Sequence[Want]:
        """Return the places that the clips wait for."""
        return [self.places[key] for key in sorted(self._waiting)]

    def given(self, place: Place) -> None:
        """Begin the next clip that has waited for this place."""
        self._begin(place.want.key, place)
        self._changed.set()

    def begin_all(self) -> None:
        """Begin the clips without places: their job is stopped, and each will say so."""
        while self:
            self._begin(next(iter(self._waiting)), None)

    async def next(self) -> None:
        """Wait until a clip has begun."""
        if not self.begun:
            self._changed = trio.Event()
            await self._changed.wait()

    def take(self) -> list[Begun]:
        """Return the clips that have begun."""
        begun, self.begun = self.begun, []
        return begun

    def _begin(self, key: str, place: Place | None) -> None:
        clips = self._waiting[key]
        self.begun.append((clips.popleft(), place))
        self.share.left -= 1
        if not clips:
            del self._waiting[key]


async def run_clips(context: ClipContext, queue: ClipQueue) -> dict[int, Clip | ClipFailure]:
    """Run clips side by side, each once there is a place to get ready in.

    Returns what became of them, by their indexes. The errors are those of `run_clip`; where one is
    raised, the others are cancelled.
    """
    outcomes: dict[int, Clip | ClipFailure] = {}

    async def run(planned: PlannedClip, place: Place | None) -> None:
        outcomes[planned.clip_index] = await run_clip(context, planned, place)

    with single_error():
        async with trio.open_nursery() as nursery:
            while queue:
                try:
                    await _begin_some(context, queue)
                except NotStarted:
                    queue.begin_all()
                finally:
                    for planned, place in queue.take():
                        nursery.start_soon(run, planned, place)
    return outcomes


async def _begin_some(context: ClipContext, queue: ClipQueue) -> None:
    """Begin one or more clips, unless one of the job waits for money.

    Raises:
        NotStarted: the job was stopped.
    """
    with context.stop.stoppable():
        if queue.only_new:
            await context.money.until_nobody_waits()
        with context.flight.getting_ready.joined(queue):
            await queue.next()
