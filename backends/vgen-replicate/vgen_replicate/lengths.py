"""The clip lengths that a model supports, and the inputs that set them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import count, takewhile
from math import ceil, floor
from typing import Any

from attrs import frozen

from vgen_replicate.schema import Field, Schema, as_number

DURATION = ("duration", "seconds", "duration_seconds", "video_duration")
FRAMES = ("num_frames", "frames", "frame_num", "video_length")
RATE = ("frames_per_second", "fps", "frame_rate")

MAX_SECONDS = 300
"""The longest clip that vgen asks for, in seconds."""

FRAME_STEP = 8
"""Models compress time by 4 or 8 frames: counts that differ from the default by a multiple of 8
are made exactly."""

MAX_FRAMES, MAX_RATE = 10_000, 120
"""The largest frame count and frame rate that are used, whatever a schema allows."""


@frozen
class Length:
    """A length in seconds, and the inputs that set it."""

    seconds: float
    inputs: Mapping[str, Any]


def lengths(schema: Schema) -> tuple[Length, ...]:
    """Return the lengths that the schema allows, the shortest first; none if it does not say.

    They are the values of a duration input. Without one, they are combinations of frame count and
    frame rate in which one of the two has its default.
    """
    duration, frames, rate = (schema.find_number(names) for names in (DURATION, FRAMES, RATE))
    if duration is not None:
        found = list(_by_duration(duration))
    elif frames is not None and rate is not None:
        found = list(_by_frames(frames, rate))
    else:
        found = []
    return tuple(sorted({one.seconds: one for one in found}.values(), key=lambda one: one.seconds))


def nearest(lengths: Sequence[Length], seconds: float) -> Length:
    """Return the length nearest to `seconds`; of two, the shorter."""
    return min(lengths, key=lambda one: (abs(one.seconds - seconds), one.seconds))


def _by_duration(duration: Field) -> Iterator[Length]:
    for seconds in _accepted_values(duration, limit=MAX_SECONDS):
        yield Length(seconds, {duration.name: duration.nearest(seconds)})


def _by_frames(frames: Field, rate: Field) -> Iterator[Length]:
    counts, rates = _frame_counts(frames), _accepted_values(rate, limit=MAX_RATE)
    default = as_number(frames.default) or (counts[0] if counts else 0)
    default_rate = as_number(rate.default) or (rates[0] if rates else 0)
    for number, each in [
        *((default, each) for each in rates),
        *((n, default_rate) for n in counts),
    ]:
        if number > 0 and each > 0:
            inputs = {frames.name: frames.nearest(number), rate.name: rate.nearest(each)}
            yield Length(number / each, inputs)


def _accepted_values(field: Field, *, limit: int) -> list[float]:
    """Return the field's choices above 0, or the integers within its bounds, up to `limit`."""
    if field.choices:
        return [each for each in sorted(field.numeric_choices) if each > 0]
    low, high = _bounds(field)
    if low is None or high is None:
        return []
    span = range(max(1, ceil(low)), min(limit, floor(high)) + 1)
    return [float(each) for each in span if field.nearest(each) == each]


def _frame_counts(frames: Field) -> list[float]:
    default = as_number(frames.default)
    if frames.choices or default is None:
        return _accepted_values(frames, limit=MAX_FRAMES)
    low, high = _bounds(frames)
    limit = min(MAX_FRAMES, default if high is None else high)
    lower = takewhile(
        lambda n: n >= max(1, default if low is None else low), count(default, -FRAME_STEP)
    )
    higher = takewhile(lambda n: n <= limit, count(default, FRAME_STEP))
    return sorted({n for n in (*lower, *higher) if frames.nearest(n) == n})


def _bounds(field: Field) -> tuple[float | None, float | None]:
    """Return the minimum and the maximum; a missing one is the default, if that is above 0."""
    default = as_number(field.default)
    default = default if default is not None and default > 0 else None
    return (
        default if field.minimum is None else field.minimum,
        default if field.maximum is None else field.maximum,
    )
