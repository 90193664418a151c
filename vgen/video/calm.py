"""Pictures in which nothing moves, however their grain or their encoder stirs them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

MAX_STIR = 8.0
"""Levels by which the pixels of a still picture may change on average: grain of a spread of 7."""

LEAST_DRIFT, DRIFT_OF_STIR = 3.5, 0.75
"""Levels by which no area of it changes: an encoder's repainting of grain, and what grain leaves of
its mean change in an area of 64 pixels, at five times the spread."""

MAX_DRIFT = DRIFT_OF_STIR * MAX_STIR
"""Levels by which no area of a still picture changes, whatever its grain."""

LEAST_LOCAL, LOCAL_OF_STIR = 32, 12
"""No pixel of grain changes by more than so many times the mean: else something small moves."""

LARGEST, LARGEST_SHARE = 0.01, 0.35
"""Where the largest hundredth of all changes has more than this share of their squares, something
small moves; of an encoder's repainting it has a quarter, of grain a tenth."""

MAX_GROWTH, LEAST_GROWTH = 1.4, 0.12
"""What moves slowly looks less and less like its beginning: the mean drift of its areas grows.
Below so many levels growth is an encoder's."""

FEWEST_GROWING = 6
"""Of fewer pictures it cannot be said whether they drift away: plain tiles in a small picture, at 7
a second, look alike for half a second while a camera pans."""


def stir(change: NDArray[np.float32], drift: NDArray[np.float32]) -> float | None:
    """How much the areas of a picture have drifted on average, in levels; None if something moves.

    `change` is the difference of each pixel, `drift` that of the mean of each area.
    """
    size = np.abs(change)
    mean, most = float(size.mean()), float(size.max())
    areas = np.abs(drift)
    if mean > MAX_STIR or float(areas.max()) > max(LEAST_DRIFT, DRIFT_OF_STIR * mean):
        return None
    if most > max(LEAST_LOCAL, LOCAL_OF_STIR * mean) or (
        most > LEAST_LOCAL and _concentration(size) > LARGEST_SHARE
    ):
        return None
    return float(areas.mean())


def _concentration(size: NDArray[np.float32]) -> float:
    """The share that the largest changes have of the squares of all."""
    squares = np.square(size, dtype=np.float64).ravel()
    count = max(1, round(LARGEST * squares.size))
    return float(np.partition(squares, -count)[-count:].sum() / max(squares.sum(), 1.0))


def longest_calm(
    stirs: Sequence[float | None], starts: Sequence[float], ends: Sequence[float]
) -> float:
    """Seconds of the longest stretch in which nothing moves, not even slowly.

    For each picture its `stir`, and when it is shown and replaced.
    """
    longest, first = 0.0, 0
    for index in range(1, len(stirs) + 1):
        if index == len(stirs) or stirs[index] is None:
            if _stays([drift for drift in stirs[first:index] if drift is not None]):
                longest = max(longest, ends[index - 1] - starts[first])
            first = index
    return longest


def _stays(drifts: Sequence[float]) -> bool:
    """Whether there are enough pictures, and they do not drift away from the first."""
    if len(drifts) < FEWEST_GROWING:
        return False
    third = len(drifts) // 3
    early, late = np.median(drifts[:third]), np.median(drifts[-third:])
    return bool(late <= max(MAX_GROWTH * early, LEAST_GROWTH))
