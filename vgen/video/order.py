"""The order of a clip's pictures: whether they follow one another, repeat, or are mixed up."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from vgen.video.measures import Measured

FEWEST_TO_ORDER = 3
NEIGHBOURHOOD = 12
"""How many pictures to each side are looked at for the most similar one."""

USUAL_QUANTILE, REPEATED_MOTION = 0.75, 0.3
"""Where films of 12 pictures are shown at 24, every second one moves as the others usually do; the
rest, under a coarse encoder, moves by less than this share of it."""

LEAST_DISTANCE = 1e-3
"""Between two shapes that differ at all."""

SHORTEST_LOOP, LONGEST_LOOP = 3, 60
"""Pictures: of two that take turns it cannot be said whether they repeat or move."""

SAME_LOOK, LOOPED_SHARE = 0.25, 0.95
"""The share of the usual step from picture to picture by which one differs from that which it
repeats, as encoders leave it, and the share of the pictures that do."""

JUMP, FEWEST_ROUNDS, MOST_AT_REST = 1.25, 3, 0.5
"""A loop is a short scene that starts again by a jump, larger than its movements, and all of the
picture moves: a wheel, a wave or a mouth comes round too."""


@frozen
class Order:
    """Numbers about the order of pictures, without repeats of the picture before.

    `disorder` is the median distance to the picture before, over that to the most similar one
    nearby; `aimlessness` the least over the greatest of the median distances to the pictures
    1, 2, … places before; `habit` the share of pictures whose most similar one stands as many
    places away as that of most others. Exposure is left out: flicker answers for it.
    """

    disorder: float = 1.0
    aimlessness: float = 1.0
    habit: float = 1.0


def order(distinct: Sequence[Measured]) -> Order:
    """The order of pictures, of which `without_repeats` has left none out but repeats."""
    ordered = [n for n, picture in enumerate(distinct) if n and picture.motion is not None]
    if len(ordered) < FEWEST_TO_ORDER:
        return Order()
    shapes = np.array([picture.thumbnail / max(picture.contrast, 1.0) for picture in distinct])
    distances = _distances(shapes.reshape(len(shapes), -1))
    nearby, reach = distances[:, ordered], len(distances) // 2
    disorder = np.median(nearby[0]) / max(float(np.median(nearby.min(axis=0))), LEAST_DISTANCE)
    places = [np.median(row[np.isfinite(row)]) for row in distances[:reach]]
    away = Counter(int(place) % reach for place in nearby.argmin(axis=0))
    return Order(
        float(disorder),
        float(min(places) / max(*places, LEAST_DISTANCE)),
        away.most_common(1)[0][1] / len(ordered),
    )


def without_repeats(pictures: Sequence[Measured]) -> list[Measured]:
    """The pictures that are not still, nor as good as the one before as an encoder makes them."""
    moving = [picture for picture in pictures if not picture.still]
    motions = [picture.motion for picture in moving if picture.motion is not None]
    usual = float(np.quantile(motions or [0.0], USUAL_QUANTILE))
    return [p for p in moving if p.motion is None or p.motion >= REPEATED_MOTION * usual]


def loop(pictures: Sequence[Measured], rest: float) -> int:
    """After how many pictures the same scene starts again by a jump, throughout; 0 if it does not.

    `rest` is the share of pixels that usually stay as they were.
    """
    if rest > MOST_AT_REST or any(picture.motion is None for picture in pictures[1:]):
        return 0
    looks = np.array([picture.thumbnail.ravel() + picture.luma for picture in pictures])
    steps = np.abs(np.diff(looks, axis=0)).mean(axis=1)
    usual = float(np.median(steps[steps > 0])) if steps.any() else 0.0
    for length in range(SHORTEST_LOOP, min(LONGEST_LOOP, len(looks) // FEWEST_ROUNDS) + 1):
        apart = np.abs(looks[length:] - looks[:-length]).mean(axis=1)
        looped = (apart <= SAME_LOOK * usual).mean() >= LOOPED_SHARE
        if looped and steps[:length].max() > JUMP * usual:
            return length
    return 0


def _distances(shapes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean absolute distances to the pictures 1, 2, … before and then 1, 2, … after each."""
    count = len(shapes)
    reach = min(NEIGHBOURHOOD, count - 1)
    table = np.full((2 * reach, count), np.inf, np.float32)
    for away in range(1, reach + 1):
        distance = np.abs(shapes[away:] - shapes[:-away]).mean(axis=1)
        table[away - 1, away:] = distance
        table[reach + away - 1, :-away] = distance
    return table
