"""The part of a picture that is empty: one colour from an edge to a straight line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_SPAN = 2
"""Levels by which pixels of an empty part differ, as encoders leave them."""

RINGING = 0.06
"""The share of the picture beyond its line in which an encoder may smear it."""

LEAST_BEYOND = 0.8
"""The share of a line beyond the empty part that is of other levels. Skies, walls and black ground
around letters have no straight end: there it is a half at the most."""

ALL_BUT = 0.95
"""What is emptier than this is a picture of one colour, not one with an empty part."""


def blank_share(pixels: NDArray[np.uint8]) -> float:
    """The share of the picture that is empty, 0 to 1; bars at opposite edges count as a frame."""
    level = pixels.astype(np.int16)
    return max(
        _blank_lines(side) / len(side) for side in (level, level[::-1], level.T, level.T[::-1])
    )


def _blank_lines(lines: NDArray[np.int16]) -> int:
    """How many lines are of one level from the first on.

    0 where others are of this level too, and where no straight line ends them.
    """
    level = int(np.median(lines[0]))
    if np.abs(lines[0] - level).max() > MOST_SPAN:
        return 0
    other = np.abs(lines - level) > MOST_SPAN
    filled = [bool(line.any()) for line in other]
    count = filled.index(True) if True in filled else len(lines)
    beyond = count + round(RINGING * len(lines))
    if not 0 < count < ALL_BUT * len(lines) or beyond >= len(lines):
        return 0
    return count if all(filled[count:]) and other[beyond].mean() >= LEAST_BEYOND else 0
