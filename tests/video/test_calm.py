"""Calm: pictures in which nothing moves but grain, told from those that move a little or slowly."""

from __future__ import annotations

import numpy as np
import pytest

from vgen.video.calm import longest_calm, stir

STARTS = [n / 10 for n in range(12)]
ENDS = [start + 0.1 for start in STARTS]


@pytest.mark.parametrize(
    ("stirs", "seconds"),
    [
        ([None, *[0.3] * 11], 1.2),
        ([None, *[0.3] * 3, None, *[0.3] * 7], 0.8),
        ([None, *[0.3] * 4, None, *[0.3] * 4, None, 0.3], 0),
        ([None, *(0.1 * n for n in range(11))], 0),
        ([None] * 12, 0),
    ],
    ids=["throughout", "the longer half", "too few to tell", "slow movement", "movement"],
)
def test_longest_calm(stirs: list[float | None], seconds: float) -> None:
    """A calm is as long as its pictures are shown, if they are some and do not drift away."""
    assert longest_calm(stirs, STARTS, ENDS) == pytest.approx(seconds)


def test_what_stirs() -> None:
    """Grain stirs a picture; a spot, a patch or a lot of grain is movement."""
    random, still = np.random.default_rng(1), np.zeros((4, 6), np.float32)
    grain = random.normal(0, 3, (100, 190)).astype(np.float32)
    spot, patch = grain.copy(), still.copy()
    spot[50:54, 90:94] = 70
    patch[1, 2] = 9
    assert stir(grain, still) == 0
    assert stir(spot, still) is None
    assert stir(grain, patch) is None
    assert stir(4 * grain, still) is None
