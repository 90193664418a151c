"""Playing a job once: attempts wait for slots and money, end, are repeated or given up."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from heapq import heappop, heappush
from math import ceil
from random import Random

from attrs import define, field, frozen

from vgen.decisions.chances import Chances
from vgen.decisions.luck import Luck
from vgen.decisions.outcome import out_of_reach
from vgen.decisions.retry import JITTER

MOMENT = 1e-6
"""Times nearer to each other than so many seconds are the same."""


@frozen
class Step:
    """One backend of a clip's route, and how an attempt there may turn out."""

    backend: str
    chances: Chances


@frozen
class Rules:
    """What a play goes by: money in nano-dollars, times in seconds.

    `slots` are those of the runner, `attempts` and `backoff` those of the settings. `clips` is the
    number of all clips of the job, of which `kept` are made already. With a `budget` of `None`
    nothing waits for money.
    """

    slots: int
    attempts: int
    backoff: float
    clips: int
    kept: int
    min_clips: int
    spent: int
    budget: int | None


@frozen
class Played:
    """How a play has ended; `needed` is the most that was spent and held at any one time."""

    success: bool
    cost: int
    seconds: float
    needed: int


@define
class Lane:
    """A backend at work: its free slots, and the clips that wait for one.

    A verdict is seen when it is asked for: every `poll` seconds since `polling_since` while an
    attempt is in flight, the last until `polled_until`; with 0, at once.
    """

    luck: Luck
    slots: float
    poll: float
    waiting: deque[ClipAtWork] = field(factory=deque["ClipAtWork"])
    polling_since: float = 0.0
    polled_until: float = float("-inf")

    def seen_at(self, sent_at: float, seconds: float) -> float:
        """Return when a verdict is seen that comes so long after its attempt was sent."""
        if not self.poll:
            return sent_at + seconds
        if sent_at > self.polled_until + MOMENT:
            self.polling_since = sent_at
        polls = ceil((sent_at + seconds - self.polling_since - MOMENT) / self.poll)
        seen = self.polling_since + max(polls, 0) * self.poll
        self.polled_until = max(self.polled_until, seen + self.poll)
        return seen


@define(eq=False)
class ClipAtWork:
    """A clip that is still to be made; `place` is that of its backend on the route."""

    route: Sequence[Step]
    place: int = 0
    failed: int = 0
    held: int = 0

    @property
    def step(self) -> Step:
        """Where its next attempt is made."""
        return self.route[self.place]


Verdict = tuple[bool, int]
"""Whether an attempt has succeeded, and its bill in nano-dollars."""

Event = tuple[float, int, ClipAtWork, Verdict | None]
"""When a clip's verdict is seen, or (`None`) its next attempt is due; the second orders equals."""


@define
class Play:
    """One run of a job in simulated time, by the rules of the drive.

    Clips ask for a slot of their backend and then for one of the runner, first come, first served.
    An attempt is sent once its hold fits the budget, and else waits for what others hold.
    """

    rules: Rules
    lanes: Mapping[str, Lane]
    random: Random
    free: int
    spent: int
    held: int = 0
    needed: int = 0
    now: float = 0.0
    at_work: int = 0
    given_up: int = 0
    stopped: bool = False
    ready: deque[ClipAtWork] = field(factory=deque[ClipAtWork])
    short: list[ClipAtWork] = field(factory=list[ClipAtWork])
    events: list[Event] = field(factory=list[Event])
    count: int = 0

    @classmethod
    def of(cls, rules: Rules, lanes: Mapping[str, Lane], random: Random) -> Play:
        """Return a play that has not begun."""
        return cls(rules, lanes, random, free=rules.slots, spent=rules.spent)

    def run(self, routes: Sequence[Sequence[Step]]) -> Played:
        """Play until each clip, by its route, is made or given up; they begin in no set order."""
        clips = [ClipAtWork(route, held=route[0].chances.hold) for route in routes]
        self.random.shuffle(clips)
        self.held = sum(clip.held for clip in clips)
        self.needed = self.spent + self.held
        if self.held and not self._fits(0):
            return Played(success=False, cost=0, seconds=0.0, needed=self.needed)
        made, ended, self.at_work = self.rules.kept, 0.0, len(clips)
        for clip in clips:
            self._ask_for_slot(clip)
        self._send_all()
        while self.events:
            self.now, _, clip, verdict = heappop(self.events)
            if verdict is not None:
                ended = self.now
                made += verdict[0]
                self._end(clip, *verdict)
            elif not self.stopped:
                self._ask_for_slot(clip)
            self._send_all()
        return Played(
            made >= self.rules.min_clips, self.spent - self.rules.spent, ended, self.needed
        )

    def _ask_for_slot(self, clip: ClipAtWork) -> None:
        lane = self.lanes[clip.step.backend]
        if lane.slots > 0:
            lane.slots -= 1
            self.ready.append(clip)
        else:
            lane.waiting.append(clip)

    def _release(self, lane: Lane) -> None:
        """Hand a slot of a backend on to the clip that waits longest for it."""
        if lane.waiting:
            self.ready.append(lane.waiting.popleft())
        else:
            lane.slots += 1

    def _send_all(self) -> None:
        """Send what has slots and money, until nothing more can be sent."""
        while not self.stopped:
            while self.free and self.ready:
                self._send(self.ready.popleft())
            if not self.short or len(self.short) < self.at_work:
                return
            self.short.pop()
            self._give_up()
            self._money_moved()

    def _send(self, clip: ClipAtWork) -> None:
        chances = clip.step.chances
        lane = self.lanes[clip.step.backend]
        if chances.hold and not self._fits(chances.hold - clip.held):
            self.short.append(clip)
            self._release(lane)
            return
        self.free -= 1
        self.held += chances.hold - clip.held
        clip.held = chances.hold
        self.needed = max(self.needed, self.spent + self.held)
        made, seconds, cost = lane.luck.attempt(chances, again=clip.failed > 0, wait=lane.poll)
        self._at(lane.seen_at(self.now, seconds), clip, (made, cost))

    def _end(self, clip: ClipAtWork, made: bool, cost: int) -> None:  # noqa: FBT001 (a verdict)
        lane = self.lanes[clip.step.backend]
        self.held -= clip.held
        self.spent += cost
        clip.held = 0
        if made:
            self.at_work -= 1
        else:
            self._after_failure(clip, lane.luck)
        self.free += 1
        self._release(lane)
        self._money_moved()

    def _after_failure(self, clip: ClipAtWork, luck: Luck) -> None:
        clip.failed += 1
        if clip.failed < self.rules.attempts and self.random.random() >= luck.for_good:
            pause = self.rules.backoff * 2.0 ** (clip.failed - 1)
            self._at(self.now + pause * (1 + JITTER * self.random.random()), clip, None)
        elif clip.place + 1 < len(clip.route):
            clip.place, clip.failed = clip.place + 1, 0
            self._at(self.now, clip, None)
        else:
            self._give_up()

    def _give_up(self) -> None:
        self.at_work -= 1
        self.given_up += 1
        rules = self.rules
        self.stopped = self.stopped or out_of_reach(
            total=rules.clips, given_up=self.given_up, min_clips=rules.min_clips
        )

    def _money_moved(self) -> None:
        """Let the clips that wait for money ask for a slot again."""
        waiting, self.short = self.short, []
        for clip in waiting:
            self._ask_for_slot(clip)

    def _fits(self, more: int) -> bool:
        budget = self.rules.budget
        return budget is None or self.spent + self.held + more <= budget

    def _at(self, time: float, clip: ClipAtWork, verdict: Verdict | None) -> None:
        self.count += 1
        heappush(self.events, (time, self.count, clip, verdict))
