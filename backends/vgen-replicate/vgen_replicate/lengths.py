"""The lengths that a model can make, and the inputs that make them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import count, takewhile
from math import ceil, floor
from typing import Any

from attrs import frozen

from vgen_replicate.schema import Field, Schema, amount

DURATION = ("duration", "seconds", "duration_seconds", "video_duration")
FRAMES = ("num_frames", "frames", "frame_num", "video_length")
RATE = ("frames_per_second", "fps", "frame_rate")

LONGEST = 300
"""The longest clip that vgen asks for, in seconds."""

FRAME_STEP = 8
"""Models compress time by 4 or 8 frames: counts that are so far from the default come out whole."""

MOST_FRAMES, FASTEST = 10_000, 120
"""As far as counts and frame rates are followed where a schema goes on."""


@frozen
class Length:
    """A length in seconds, and the inputs that make it."""

    seconds: float
    inputs: Mapping[str, Any]


def lengths(schema: Schema) -> tuple[Length, ...]:
    """Give what the schema offers, the shortest first; nothing where it does not tell.

    A duration is taken as it is. Else the number of frames and the frame rate make the length: one
    of the two stays as the model has it, and the other moves within its limits.
    """
    duration, frames, rate = (schema.number(names) for names in (DURATION, FRAMES, RATE))
    if duration is not None:
        found = list(_by_duration(duration))
    elif frames is not None and rate is not None:
        found = list(_by_frames(frames, rate))
    else:
        found = []
    return tuple(sorted({one.seconds: one for one in found}.values(), key=lambda one: one.seconds))


def nearest(offered: Sequence[Length], seconds: float) -> Length:
    """Give the length nearest to `seconds`, the shorter of two."""
    return min(offered, key=lambda one: (abs(one.seconds - seconds), one.seconds))


def _by_duration(duration: Field) -> Iterator[Length]:
    for seconds in _whole(duration, most=LONGEST):
        yield Length(seconds, {duration.name: duration.nearest(seconds)})


def _by_frames(frames: Field, rate: Field) -> Iterator[Length]:
    counts, rates = _stepped(frames), _whole(rate, most=FASTEST)
    usual = amount(frames.default) or (counts[0] if counts else 0)
    speed = amount(rate.default) or (rates[0] if rates else 0)
    for number, each in [*((usual, each) for each in rates), *((n, speed) for n in counts)]:
        if number > 0 and each > 0:
            inputs = {frames.name: frames.nearest(number), rate.name: rate.nearest(each)}
            yield Length(number / each, inputs)


def _whole(field: Field, *, most: int) -> list[float]:
    """List what a field accepts: its choices, or whole numbers within its limits."""
    if field.choices:
        return [each for each in sorted(field.amounts) if each > 0]
    low, high = _limits(field)
    if low is None or high is None:
        return []
    span = range(max(1, ceil(low)), min(most, floor(high)) + 1)
    return [float(each) for each in span if field.nearest(each) == each]


def _stepped(frames: Field) -> list[float]:
    usual = amount(frames.default)
    if frames.choices or usual is None:
        return _whole(frames, most=MOST_FRAMES)
    low, high = _limits(frames)
    most = min(MOST_FRAMES, usual if high is None else high)
    down = takewhile(
        lambda n: n >= max(1, usual if low is None else low), count(usual, -FRAME_STEP)
    )
    up = takewhile(lambda n: n <= most, count(usual, FRAME_STEP))
    return sorted({n for n in (*down, *up) if frames.nearest(n) == n})


def _limits(field: Field) -> tuple[float | None, float | None]:
    """Give the least and the most; where there is no limit, the default is one."""
    usual = amount(field.default)
    usual = usual if usual is not None and usual > 0 else None
    return (
        usual if field.minimum is None else field.minimum,
        usual if field.maximum is None else field.maximum,
    )
