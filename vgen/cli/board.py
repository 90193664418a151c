"""Where every clip of a running job stands, by the events that were heard of it."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from attrs import define, field

from vgen import (
    AttemptSubmitted,
    Clip,
    ClipGivenUp,
    ClipProgress,
    ClipStored,
    Event,
    FellBack,
    JobOpened,
    RetryScheduled,
)
from vgen.cli.text import dollars, plain


class Phase(Enum):
    """What is happening to a clip; the value is its colour."""

    WAITING = "dim"
    RENDERING = "cyan"
    PAUSED = "yellow"
    STORED = "green"
    GIVEN_UP = "red"


@define
class Place:
    """Where one clip stands; a pause ends at `until` on the board's clock."""

    clip_index: int
    phase: Phase = Phase.WAITING
    state: str = "waiting"
    reason: str = ""
    fraction: float = 0.0
    until: float | None = None

    @property
    def ended(self) -> bool:
        """Whether nothing more happens to it."""
        return self.phase in {Phase.STORED, Phase.GIVEN_UP}

    def words(self, now: float) -> str:
        """Say where it stands at this moment."""
        state = self.state
        if self.until is not None:
            state = f"retry in {max(0.0, self.until - now):.0f} s"
        elif self.phase is Phase.RENDERING and self.fraction:
            state = f"{state} {self.fraction:.0%}"
        return plain(f"{state}: {self.reason}" if self.reason else state)


@define
class Board:
    """Every clip of the job in its order; `clock` gives seconds from any beginning."""

    clock: Callable[[], float]
    places: dict[int, Place] = field(factory=dict[int, Place])

    @property
    def stored(self) -> int:
        """How many clips are there."""
        return sum(place.phase is Phase.STORED for place in self.places.values())

    @property
    def fraction(self) -> float:
        """How much of the job is done, from 0 to 1."""
        fractions = [place.fraction for place in self.places.values()]
        return sum(fractions) / len(fractions) if fractions else 0.0

    def hear(self, event: Event) -> Place | None:
        """Move the clip that the event tells of, and give it where it has come to a new state."""
        match event:
            case JobOpened():
                self.places = {index: Place(index) for index in sorted(event.clip_indexes)}
                return None
            case ClipProgress():
                self._progress(event)
                return None
            case AttemptSubmitted():
                place = Place(event.clip_index, Phase.RENDERING, f"rendering on {event.backend}")
            case RetryScheduled():
                place = Place(event.clip_index, Phase.PAUSED, reason=event.reason)
                place.until = self.clock() + event.delay
            case FellBack():
                state = f"going on with {event.backend}"
                place = Place(event.clip_index, Phase.PAUSED, state, event.reason)
            case ClipStored():
                state = _stored(event.clip, made=event.made)
                place = Place(event.clip.clip_index, Phase.STORED, state, fraction=1.0)
            case ClipGivenUp():
                index, reason = event.failure.clip_index, event.failure.reason
                place = Place(index, Phase.GIVEN_UP, "given up", reason, fraction=1.0)
            case _:
                return None
        self.places[place.clip_index] = place
        return place

    def _progress(self, event: ClipProgress) -> None:
        place = self.places[event.clip_index]
        if place.phase is Phase.WAITING:
            place.phase, place.state = Phase.RENDERING, "rendering"
        place.fraction = max(place.fraction, event.fraction)


def _stored(clip: Clip, *, made: bool) -> str:
    cost = f", {dollars(clip.cost)}" if clip.cost else ""
    return f"{'stored' if made else 'kept'}, {clip.actual_duration:.2f} s{cost}"
