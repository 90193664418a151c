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

BLACK_PIXELS = 0.98
"""The share of dark pixels that makes a picture black (blackdetect `picture_black_ratio_th`)."""

FLAT_CONTRAST = 2.5
"""A picture of one colour, in luma levels of standard deviation; a NaN decodes to one."""

FEWEST_TO_ORDER = 3
NEIGHBOURHOOD = 5
"""How many pictures to each side are looked at for the most similar one."""

REST_SECONDS, REST_DRIFT = 0.3, 3.0
"""No part of a frozen picture's thumbnail differs by more than 2 levels when it is painted again,
but in slow night scenes some part differs by 4 and more after two seconds."""

CUT_MOTION = 15.0
CUT_LIKENESS = 0.6
CUT_RATIO = 4.0
"""A cut changes many levels, leaves little likeness, and stands out from the usual motion."""


def summary(info: VideoInfo, pictures: Sequence[Measured]) -> dict[str, float]:
    """The clip's measures by name. Needs at least one picture.

    Luma, contrast and motion are means, in levels; sharpness, roughness and likeness are medians.
    `black_ratio`, `flat_ratio` and `frozen_ratio` are shares of the pictures; movement too slow to
    show from one picture to the next is not frozen. `longest_freeze` and `longest_black` are in
    seconds. `flicker` is the mean absolute second difference of the mean luma. `disorder` says how
    much less a picture resembles the one before it than the most similar one nearby: 1 in any clip
    whose pictures follow one another. `drift` is the mean difference between the first and the
    last picture. Where not all pictures were decoded, the numbers are of those that were.
    """
    frozen = _frozen_share(pictures)
    return {
        "luma": _mean(picture.luma for picture in pictures),
        "contrast": _mean(picture.contrast for picture in pictures),
        "sharpness": _median((picture.sharpness for picture in pictures), without=0),
        "roughness": _median((picture.roughness for picture in pictures), without=0),
        "motion": _mean(_motions(pictures)),
        "likeness": _median(_likenesses(pictures), without=1),
        "disorder": _disorder(pictures),
        "flicker": _flicker(pictures),
        "cuts": float(_cuts(pictures)),
        "drift": float(_drift(pictures[0], pictures[-1]).mean()),
        "black_ratio": _share(pictures, _is_black),
        "longest_black": _longest(info, pictures, _is_black, _follows),
        "flat_ratio": _share(pictures, _is_flat),
        "frozen_ratio": frozen,
        "longest_freeze": _longest(info, pictures, lambda _: True, _is_still),
        "effective_fps": float(info.fps) * (1 - frozen),
    }


def _is_black(picture: Measured) -> bool:
    return picture.dark >= BLACK_PIXELS


def _is_flat(picture: Measured) -> bool:
    return picture.contrast < FLAT_CONTRAST


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


def _disorder(pictures: Sequence[Measured]) -> float:
    """Median distance to the picture before, over that to the most similar picture nearby.

    Repeated pictures are left out, and so is exposure, which flicker has to answer for.
    """
    distinct = [picture for picture in pictures if not picture.still]
    ordered = [n for n, picture in enumerate(distinct) if n and picture.motion is not None]
    if len(ordered) < FEWEST_TO_ORDER:
        return 1.0
    shapes = np.array([picture.thumbnail / max(picture.contrast, 1.0) for picture in distinct])
    distances = _distances(shapes.reshape(len(shapes), -1))[:, ordered]
    nearest = distances.min(axis=0)
    return float(np.median(distances[0]) / max(float(np.median(nearest)), 1e-3))


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
