"""The numbers of a whole clip, drawn together from those of its pictures."""

from __future__ import annotations

from itertools import groupby, pairwise
from typing import TYPE_CHECKING

import numpy as np

from vgen.video.calm import longest_calm
from vgen.video.measures import REPAINTED_MOTION
from vgen.video.order import loop, order, without_repeats

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from vgen.records.video import VideoInfo
    from vgen.video.measures import Measured

FLAT_CONTRAST, FLAT_SPAN = 2.5, 24
"""A picture of one colour: the standard deviation and the span of its levels; a NaN decodes to one.
A bird in an empty sky or a firefly at night has no contrast, but a span."""

SAME_BLANK = 0.02
"""By how much an empty part may grow or shrink: the edge of a wipe moves on."""

REST_SECONDS, REST_DRIFT = 0.3, 3.0
"""No part of a frozen picture's thumbnail differs by more than 2 levels when it is painted again,
but in slow night scenes some part differs by 4 and more after two seconds."""

CUT_MOTION = 15.0
CUT_LIKENESS = 0.6
CUT_RATIO = 4.0
"""A cut changes many levels, leaves little likeness, and stands out from the usual motion."""


def summary(info: VideoInfo, pictures: Sequence[Measured]) -> dict[str, float]:
    """The clip's measures by name. Needs at least one picture.

    Luma, contrast and motion are means, in levels; sharpness, roughness, likeness and rest are
    medians; `new_likeness` and `new_rest` leave out pictures that repeat the one before.

    `black_ratio`, `flat_ratio` and `frozen_ratio` are shares of the pictures; movement too slow to
    show from one picture to the next is not frozen. `longest_freeze`, `longest_black` and
    `longest_flat` are in seconds, and so is `longest_calm`, in which nothing moves but grain.
    `loop` is after how many pictures a scene starts again and again, 0 if it does not. `blank` is
    the share of a picture that is empty most often, at one place, and `blank_ratio` the share of
    the pictures where it is. `range` is the largest difference between any two pixels of the clip,
    in levels of luma or of a chroma; `block_range` that between areas of luma over which grain is
    averaged away. `flicker` is the mean absolute second difference of the mean luma.

    `disorder` says how much less a picture resembles the one before it than the most similar one
    nearby: 1 in any clip whose pictures follow one another, more also where movements repeat.
    `aimlessness` and `habit` tell these apart: `aimlessness` is near 1 where pictures are as unlike
    whether they stand next to one another or a few places apart, `habit` the share of pictures
    whose most similar one stands as far away as that of most others, little in a mixed-up clip.

    `drift` is the mean difference between the first and the last picture, `standstill` the largest
    that some area shows from one run of decoded pictures to the next, of these the least, and
    `stillest_run` the share of frozen pictures in the run with the most. Where not all pictures
    were decoded, the numbers are of those that were.
    """
    frozen = _frozen(pictures)
    ratio = _mean(float(is_frozen) for is_frozen in frozen if is_frozen is not None)
    distinct = without_repeats(pictures)
    rest = _median(_rests_of(distinct), without=1)
    ordered = order(distinct)
    blank = _usual_blank(pictures)
    return {
        "luma": _mean(picture.luma for picture in pictures),
        "contrast": _mean(picture.contrast for picture in pictures),
        "sharpness": _median((picture.sharpness for picture in pictures), without=0),
        "roughness": _median((picture.roughness for picture in pictures), without=0),
        "motion": _mean(_motions(pictures)),
        "likeness": _median(_likenesses(pictures), without=1),
        "new_likeness": _median(_likenesses(distinct), without=1),
        "rest": _median(_rests_of(pictures), without=1),
        "new_rest": rest,
        "disorder": ordered.disorder,
        "aimlessness": ordered.aimlessness,
        "habit": ordered.habit,
        "loop": float(loop(pictures, rest)),
        "flicker": _flicker(pictures),
        "cuts": float(_cuts(pictures)),
        "drift": float(_drift(pictures[0], pictures[-1]).mean()),
        "black_ratio": _share(pictures, _is_black),
        "longest_black": _longest(info, pictures, _is_black, _follows),
        "flat_ratio": _share(pictures, _is_flat),
        "longest_flat": _longest(info, pictures, _is_flat, _follows),
        "blank": blank,
        "blank_ratio": _share(pictures, lambda picture: _is_as_blank(picture, blank)),
        "block_range": _block_range(pictures),
        "range": float(_range(pictures)),
        "frozen_ratio": ratio,
        "stillest_run": _stillest_run(frozen),
        "standstill": _standstill(pictures),
        "longest_freeze": _longest(info, pictures, lambda _: True, _is_still),
        "longest_calm": _longest_calm(info, pictures),
        "effective_fps": float(info.fps) * (1 - ratio),
    }


def _is_black(picture: Measured) -> bool:
    return picture.dark and _is_flat(picture)


def _is_flat(picture: Measured) -> bool:
    return picture.contrast < FLAT_CONTRAST and picture.span < FLAT_SPAN


def _usual_blank(pictures: Sequence[Measured]) -> float:
    """The share that is empty in most pictures, of those with an empty part; 0 without any."""
    found = [picture.blank for picture in pictures if picture.blank > 0]
    alike = {share: sum(abs(share - other) <= SAME_BLANK for other in found) for share in found}
    return max(alike, key=lambda share: alike[share], default=0.0)


def _is_as_blank(picture: Measured, share: float) -> bool:
    return picture.blank > 0 and abs(picture.blank - share) <= SAME_BLANK


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


def _rests_of(pictures: Sequence[Measured]) -> list[float]:
    return [picture.rest for picture in pictures if picture.rest is not None]


def _median(numbers: Iterable[float], *, without: float) -> float:
    known = list(numbers)
    return float(np.median(known)) if known else without


def _mean(numbers: Iterable[float]) -> float:
    known = list(numbers)
    return sum(known) / len(known) if known else 0.0


def _share(pictures: Sequence[Measured], holds: Callable[[Measured], bool]) -> float:
    return _mean(float(holds(picture)) for picture in pictures)


def _frozen(pictures: Sequence[Measured]) -> list[bool | None]:
    """Which pictures are still, without those in a movement that is merely slow.

    None for the first of each run: it has no picture before it to resemble.
    Slow is what ends in a change too small for a jump, or, where the pictures that follow were not
    decoded, what looks different some time before and after.
    """
    frozen: list[bool | None] = []
    slow = ended = True
    for picture in reversed(pictures):
        if ended:
            slow = not _rests(picture, pictures)
        ended = picture.motion is None
        if picture.motion is None:
            frozen.append(None)
        else:
            frozen.append(picture.still and not slow)
            slow = slow if picture.still else picture.motion < REPAINTED_MOTION
    return frozen[::-1]


def _stillest_run(frozen: Sequence[bool | None]) -> float:
    """The largest share of frozen pictures in a run."""
    runs = (list(run) for first, run in groupby(frozen, lambda one: one is None) if not first)
    return max((sum(map(bool, run)) / len(run) for run in runs), default=0.0)


def _standstill(pictures: Sequence[Measured]) -> float:
    """The least that a run's first picture differs anywhere from the one of the run before.

    Of a single run, what its first picture differs from its last.
    """
    firsts = [picture for picture in pictures if picture.motion is None]
    if len(firsts) == 1:
        firsts.append(pictures[-1])
    return min(float(_drift(one, two).max()) for one, two in pairwise(firsts))


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


def _longest_calm(info: VideoInfo, pictures: Sequence[Measured]) -> float:
    stirs = [picture.stir for picture in pictures]
    return longest_calm(stirs, [p.seconds for p in pictures], list(_ends(info, pictures)))


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
