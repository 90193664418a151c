"""The status of a running job and its clips, updated by its events."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from attrs import define, field

from vgen import (
    AttemptSubmitted,
    BackendReached,
    BackendUnreachable,
    Clip,
    ClipGivenUp,
    ClipProgress,
    ClipStored,
    Event,
    FellBack,
    JobOpened,
    RetryScheduled,
)
from vgen.cli.text import dollars, escaped


class Phase(Enum):
    """The phase of a clip; the value is its colour."""

    WAITING = "dim"
    RENDERING = "cyan"
    PAUSED = "yellow"
    STORED = "green"
    GIVEN_UP = "red"


@define
class ClipStatus:
    """The status of one clip.

    A pause ends at `retry_at` on the job's clock, and what runs probably at `ends_at`; `estimated`:
    that and the `fraction` are what is expected.
    """

    clip_index: int
    phase: Phase = Phase.WAITING
    state: str = "waiting"
    reason: str = ""
    fraction: float = 0.0
    retry_at: float | None = None
    ends_at: float | None = None
    estimated: bool = False

    @property
    def ended(self) -> bool:
        """Whether it is stored or given up."""
        return self.phase in {Phase.STORED, Phase.GIVEN_UP}

    def describe(self, now: float) -> str:
        """Return its status as one line of text; `now` is the time on the job's clock."""
        state = self.state
        if self.retry_at is not None:
            state = f"retry in {_pause(self.retry_at - now)}"
        elif self.phase is Phase.RENDERING and self.fraction:
            state = f"{state} {self._progress(now)}"
        return escaped(f"{state}: {self.reason}" if self.reason else state)

    def _progress(self, now: float) -> str:
        about = "about " if self.estimated else ""
        left = max(0.0, self.ends_at - now) if self.ends_at is not None else 0.0
        return f"{about}{self.fraction:.0%}" + (f", {_time(left)} left" if left >= 1 else "")


@define
class JobStatus:
    """The status of every clip, by index; `clock` returns seconds since an arbitrary point."""

    clock: Callable[[], float]
    clips: dict[int, ClipStatus] = field(factory=dict[int, ClipStatus])

    @property
    def stored(self) -> int:
        """How many clips are stored."""
        return sum(clip.phase is Phase.STORED for clip in self.clips.values())

    @property
    def fraction(self) -> float:
        """How much of the job is done, from 0 to 1."""
        fractions = [clip.fraction for clip in self.clips.values()]
        return sum(fractions) / len(fractions) if fractions else 0.0

    def update(self, event: Event) -> ClipStatus | None:
        """Apply an event; return the clip's status if the event put it into a new state."""
        match event:
            case JobOpened():
                self.clips = {index: ClipStatus(index) for index in sorted(event.clip_indexes)}
                return None
            case ClipProgress():
                self._progress(event)
                return None
            case AttemptSubmitted():
                clip = ClipStatus(
                    event.clip_index, Phase.RENDERING, f"rendering on {event.backend}"
                )
            case BackendUnreachable():
                state = f"waiting for {event.backend}, which cannot be reached"
                clip = self._after(event.clip_index, Phase.PAUSED, state, event.reason)
            case BackendReached():
                state = f"rendering on {event.backend}"
                clip = self._after(event.clip_index, Phase.RENDERING, state)
            case RetryScheduled():
                clip = ClipStatus(event.clip_index, Phase.PAUSED, reason=event.reason)
                clip.retry_at = self.clock() + event.delay
            case FellBack():
                state = f"going on with {event.backend}"
                clip = ClipStatus(event.clip_index, Phase.PAUSED, state, event.reason)
            case ClipStored():
                state = _stored(event.clip, made=event.made)
                clip = ClipStatus(event.clip.clip_index, Phase.STORED, state, fraction=1.0)
            case ClipGivenUp():
                index, reason = event.failure.clip_index, event.failure.reason
                clip = ClipStatus(index, Phase.GIVEN_UP, "given up", reason, fraction=1.0)
            case _:
                return None
        self.clips[clip.clip_index] = clip
        return clip

    def _after(self, index: int, phase: Phase, state: str, reason: str = "") -> ClipStatus:
        return ClipStatus(index, phase, state, reason, self.clips[index].fraction)

    def _progress(self, event: ClipProgress) -> None:
        clip = self.clips[event.clip_index]
        if clip.phase is Phase.WAITING:
            clip.phase, clip.state = Phase.RENDERING, "rendering"
        clip.fraction, clip.estimated = max(clip.fraction, event.fraction), event.estimated
        left = event.seconds_left
        clip.ends_at = None if left is None else self.clock() + left


def _pause(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds >= 1 else f"{max(0.0, seconds) * 1000:.0f} ms"


def _time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}" if minutes else f"{rest} s"


def _stored(clip: Clip, *, made: bool) -> str:
    cost = f", {dollars(clip.cost)}" if clip.cost else ""
    return f"{'stored' if made else 'kept'}, {clip.actual_duration:.2f} s{cost}"
