"""Signs in a clip's packets, undecoded, that for a while nothing new may be shown in it."""

from __future__ import annotations

from itertools import groupby, pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from vgen.video.survey import Survey

QUIET_BYTES, QUIET_BITS_PER_PIXEL = 60, 0.003
"""Smaller packets repeat the picture before. In H.264 those of frozen, black and flat clips are so
small for seconds on end, those of slow but moving ones for 0.2 s at most."""

QUIET_SHARE = 0.8
"""Of the shortest fault: its first packets may still be large."""

LULL_SHARE, LIVELY_QUANTILE, FEWEST_PACKETS = 0.2, 0.75, 3
"""Where a clip stops, its packets sink to a tenth of what its livelier parts need, at any quality;
with less than a fifth of that it may have stopped."""

SAME_SIZE = 0.003
"""Pictures that repeat one another, each encoded for itself, differ in size by less."""

LARGE, LARGE_QUANTILE, FEWEST_LARGE, UNEVENNESS, LONGEST_LOOP = 2.5, 0.8, 4, 3, 1.5
"""A loop jumps back with a packet so much larger than most, at least so many times, at distances
even but for what the order of decoding shifts them by; seconds."""


def may_stand_still(survey: Survey, seconds: float) -> bool:
    """Whether for about so many seconds nothing new may be shown, or the same again and again."""
    info = survey.info
    others = [packet.size for packet in survey.packets if not packet.keyframe]
    least = QUIET_SHARE * seconds
    window = max(FEWEST_PACKETS, round(least * float(info.fps)))
    if not others:
        sizes = [packet.size for packet in survey.packets]
        same = (abs(two - one) <= SAME_SIZE * one for one, two in pairwise(sizes))
        return _longest(same) >= window
    small = QUIET_BYTES + QUIET_BITS_PER_PIXEL * info.width * info.height / 8
    quiet = _longest(size < small for size in others)
    return (
        quiet / float(info.fps) >= least
        or longest_shown(survey) >= seconds
        or _sinks(others, window)
        or _jumps_back(others, LONGEST_LOOP * float(info.fps))
    )


def longest_shown(survey: Survey) -> float:
    """For how many seconds the picture is shown that is shown the longest, but for the last."""
    times = sorted({p.pts for p in survey.packets if p.shown and p.pts is not None})
    longest = max((after - before for before, after in pairwise(times)), default=0)
    return float(longest * survey.time_base)


def _longest(holds: Iterable[bool]) -> int:
    return max((len(list(row)) for holding, row in groupby(holds) if holding), default=0)


def _sinks(sizes: Sequence[int], window: int) -> bool:
    """Whether somewhere packets take far less than the livelier parts of the clip."""
    if len(sizes) <= window:
        return False
    total = np.concatenate([[0], np.cumsum(sizes)])
    needed = total[window:] - total[:-window]
    return bool(needed.min() < LULL_SHARE * np.quantile(needed, LIVELY_QUANTILE))


def _jumps_back(sizes: Sequence[int], longest: float) -> bool:
    """Whether large packets come at even distances."""
    large = np.flatnonzero(np.array(sizes) > LARGE * np.quantile(sizes, LARGE_QUANTILE))
    steps = [int(step) for step in np.diff(large) if step > UNEVENNESS]
    if len(steps) < FEWEST_LARGE - 1:
        return False
    return max(steps) <= longest and max(steps) - min(steps) <= UNEVENNESS
