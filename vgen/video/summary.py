"""The numbers of a whole clip, drawn together from those of its pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from vgen.video.measures import REPAINTED_MOTION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from vgen.records.video import VideoInfo
    from vgen.video.measures import Measured

FLAT_CONTRAST, FLAT_SPAN = 2.5, 24
"""A picture of one colour: the standard deviation and the span of its levels; a NaN decodes to one.
A bird in an empty sky or a firefly at night has no contrast, but a span."""

FEWEST_TO_ORDER = 3
NEIGHBOURHOOD = 12
"""How many pictures to each side are looked at for the most similar one."""

USUAL_QUANTILE, REPEATED_MOTION = 0.75, 0.3
"""Where films of 12 pictures are shown at 24, every second one moves as the others usually do; the
rest, under a coarse encoder, moves by less than this share of it."""

LEAST_DISTANCE = 1e-3
"""Between two shapes that differ at all."""

REST_SECONDS, REST_DRIFT = 0.3, 3.0
"""No part of a frozen picture's thumbnail differs by more than 2 levels when it is painted again,
but in slow night scenes some part differs by 4 and more after two seconds."""

CUT_MOTION = 15.0
CUT_LIKENESS = 0.6
CUT_RATIO = 4.0
"""A cut changes many levels, leaves little likeness, and stands out from the usual motion."""


def summary(info: VideoInfo, pictures: Sequence[Measured]) -> dict[str, float]:
    """The clip's measures by name. Needs at least one picture.

    Luma, contrast and motion are means, in levels; sharpness, roughness, likeness, rest and blank
    are medians. `black_ratio`, `flat_ratio` and `frozen_ratio` are shares of the pictures; movement
    too slow to show from one picture to the next is not frozen. `longest_freeze`, `longest_black`
    and `longest_flat` are in seconds. `range` is the largest difference between any two pixels of
    the clip, in levels of luma or of a chroma; `block_range` that between areas of luma over which
    grain is averaged away. `flicker` is the mean absolute second difference of
    the mean luma. `disorder` says how much less a picture resembles the one before it than the most
    similar one nearby: 1 in any clip whose pictures follow one another, more also where movements
    repeat. `aimlessness` tells these apart: near 1 where pictures are as unlike whether they stand
    next to one another or a few places apart, less where they follow one another or repeat.
    `drift` is the mean difference between the first and the last picture. Where not all pictures
    were decoded, the numbers are of those that were.
    """
    frozen = _frozen_share(pictures)
    disorder, aimlessness = _order(pictures)
    return {
        "luma": _mean(picture.luma for picture in pictures),
        "contrast": _mean(picture.contrast for picture in pictures),
        "sharpness": _median((picture.sharpness for picture in pictures), without=0),
        "roughness": _median((picture.roughness for picture in pictures), without=0),
        "motion": _mean(_motions(pictures)),
        "likeness": _median(_likenesses(pictures), without=1),
        "rest": _median((p.rest for p in pictures if p.rest is not None), without=1),
        "disorder": disorder,
        "aimlessness": aimlessness,
        "flicker": _flicker(pictures),
        "cuts": float(_cuts(pictures)),
        "drift": float(_drift(pictures[0], pictures[-1]).mean()),
        "black_ratio": _share(pictures, _is_black),
        "longest_black": _longest(info, pictures, _is_black, _follows),
        "flat_ratio": _share(pictures, _is_flat),
        "longest_flat": _longest(info, pictures, _is_flat, _follows),
        "blank": _median((picture.blank for picture in pictures), without=0),
        "block_range": _block_range(pictures),
        "range": float(_range(pictures)),
        "frozen_ratio": frozen,
        "longest_freeze": _longest(info, pictures, lambda _: True, _is_still),
        "effective_fps": float(info.fps) * (1 - frozen),
    }


def _is_black(picture: Measured) -> bool:
    return picture.dark and _is_flat(picture)


def _is_flat(picture: Measured) -> bool:
    return picture.contrast < FLAT_CONTRAST and picture.span < FLAT_SPAN


def _range(pictures: Sequence[Measured]) -> int:
    """The largest difference between any two pixels of the clip, in luma or in a chroma."""
    extremes = np.array([picture.extremes for picture in pictures])
    return int((extremes[..., 1].max(axis=0) - extremes[..., 0].min(axis=0)).max())


def _block_range(pictures: Sequence[Measured]) -> float:
    highest = max(picture.luma + float(picture.thumbnail.max()) for picture in pictures)
    return highest - min(picture.luma + float(picture.thumbnail.min()) for picture in pictures)


def _follows(picture: Measured) -> bool:
    return picture.motion is not None


def _is_still(picture: Measured) -> bool:
    return picture.still


def _motions(pictures: Sequence[Measured]) -> list[float]:
    return [picture.motion for picture in pictures if picture.motion is not None]


def _drift(first: Measured, last: Measured) -> NDArray[np.float32]:
    """How much each part of the picture has changed."""
    return np.abs(last.thumbnail + last.luma - (first.thumbnail + first.luma))


def _likenesses(pictures: Sequence[Measured]) -> list[float]:
    return [picture.likeness for picture in pictures if picture.likeness is not None]


def _median(numbers: Iterable[float], *, without: float) -> float:
    known = list(numbers)
    return float(np.median(known)) if known else without


def _mean(numbers: Iterable[float]) -> float:
    known = list(numbers)
    return sum(known) / len(known) if known else 0.0


def _share(pictures: Sequence[Measured], holds: Callable[[Measured], bool]) -> float:
    return _mean(float(holds(picture)) for picture in pictures)


def _frozen_share(pictures: Sequence[Measured]) -> float:
    """The share of still pictures, without those in a movement that is merely slow.

    Slow is what ends in a change too small for a jump, or, where the pictures that follow were not
    decoded, what looks different some time before and after.
    """
    following = frozen = 0
    slow = ended = True
    for picture in reversed(pictures):
        if ended:
            slow = not _rests(picture, pictures)
        ended = picture.motion is None
        if picture.motion is not None:
            following += 1
            frozen += picture.still and not slow
            slow = slow if picture.still else picture.motion < REPAINTED_MOTION
    return frozen / max(1, following)


def _rests(picture: Measured, pictures: Sequence[Measured]) -> bool:
    """Whether a picture looks like one of those some time before and after, if there are any."""
    earlier = [other for other in pictures if other.seconds <= picture.seconds - REST_SECONDS]
    later = [other for other in pictures if other.seconds >= picture.seconds + REST_SECONDS]
    neighbours = [*earlier[-1:], *later[:1]]
    return not neighbours or any(_drift(picture, other).max() < REST_DRIFT for other in neighbours)


def _longest(
    info: VideoInfo,
    pictures: Sequence[Measured],
    counts: Callable[[Measured], bool],
    continues: Callable[[Measured], bool],
) -> float:
    """Seconds of the longest stretch of pictures that count, each continuing the one before."""
    longest, start = 0.0, None
    for picture, end in zip(pictures, _ends(info, pictures), strict=True):
        if not counts(picture):
            start = None
            continue
        if start is None or not continues(picture):
            start = picture.seconds
        longest = max(longest, end - start)
    return longest


def _ends(info: VideoInfo, pictures: Sequence[Measured]) -> Iterator[float]:
    """When each picture is replaced; by the mean frame rate where the next one was not decoded."""
    for picture, following in zip(pictures, [*pictures[1:], None], strict=True):
        if following is not None and following.rank == picture.rank + 1:
            yield following.seconds
        else:
            yield picture.seconds + float(1 / info.fps)


def _flicker(pictures: Sequence[Measured]) -> float:
    rows = zip(pictures, pictures[1:], pictures[2:], strict=False)
    return _mean(abs(a.luma - 2 * b.luma + c.luma) for a, b, c in rows if c.rank == a.rank + 2)


def _cuts(pictures: Sequence[Measured]) -> int:
    usual = _median(_motions(pictures), without=0)
    return sum(
        picture.motion > max(CUT_MOTION, CUT_RATIO * usual) and picture.likeness < CUT_LIKENESS
        for picture in pictures
        if picture.motion is not None and picture.likeness is not None
    )


def _order(pictures: Sequence[Measured]) -> tuple[float, float]:
    """Disorder and aimlessness.

    Disorder is the median distance to the picture before, over that to the most similar picture
    nearby; aimlessness the least over the greatest of the median distances to the pictures 1, 2, …
    places before. Repeated pictures are left out, and so is exposure, which flicker answers for.
    """
    distinct = _without_repeats(pictures)
    ordered = [n for n, picture in enumerate(distinct) if n and picture.motion is not None]
    if len(ordered) < FEWEST_TO_ORDER:
        return 1.0, 1.0
    shapes = np.array([picture.thumbnail / max(picture.contrast, 1.0) for picture in distinct])
    distances = _distances(shapes.reshape(len(shapes), -1))
    nearby = distances[:, ordered]
    disorder = np.median(nearby[0]) / max(float(np.median(nearby.min(axis=0))), LEAST_DISTANCE)
    places = [np.median(row[np.isfinite(row)]) for row in distances[: len(distances) // 2]]
    return float(disorder), float(min(places) / max(*places, LEAST_DISTANCE))


def _without_repeats(pictures: Sequence[Measured]) -> list[Measured]:
    """The pictures that are not still, nor as good as the one before as an encoder makes them."""
    moving = [picture for picture in pictures if not picture.still]
    usual = float(np.quantile(_motions(moving) or [0.0], USUAL_QUANTILE))
    return [p for p in moving if p.motion is None or p.motion >= REPEATED_MOTION * usual]


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
