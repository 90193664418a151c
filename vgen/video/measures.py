"""The measures of each picture, alone and against the picture before."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Self

import numpy as np
from attrs import frozen

from vgen.video.blank import blank_share
from vgen.video.calm import MAX_DRIFT, stir

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from vgen.video.pictures import Picture

COLUMNS = 192
"""Sampled columns: a share of the pixels is enough for statistics of a whole picture."""

SMALLEST_LAPLACIAN = 3
"""Pictures with fewer pixels on a side have none inside their border."""

THUMBNAIL_BLOCK = 8
"""Samples averaged on a side into one pixel of the thumbnail: about 24 columns."""

BLACK_SHARE = 0.10
"""A pixel is dark below this share of the luma range (FFmpeg blackdetect `pixel_black_th`)."""

NO_CHROMA, DARK_CHROMA = 128, 16
"""Chroma of a grey, and how far from it a dark pixel may be: a deep blue is as dark, but blue."""

LIMITED_RANGE, FULL_RANGE = (16, 219), (0, 255)
"""Luma of black, and levels from there to white (ITU-R BT.709)."""

WHITE_NOISE_LAPLACIAN = 20**0.5
"""Standard deviation of the 4-neighbour Laplacian of white noise with standard deviation 1."""


FROZEN_MOTION, FROZEN_CHANGE = 0.255, 32
"""0.1 % of the range (FFmpeg freezedetect `noise`), and as much as no pixel may change by: a mouth
or a propeller far away moves a few pixels only."""

REPAINTED_MOTION, REPAINTED_CHANGE = 1.0, 60
"""What a still picture may change by when an encoder repaints it at a keyframe."""

RESTING_CHANGE = 6
"""A pixel that changes by less has stayed as it was, but for what an encoder does to it."""


@frozen(eq=False)
class Measured:
    """One picture's numbers, in 8-bit luma levels where not said otherwise.

    `sharpness` is the mean square of the Laplacian. `roughness` compares the finest detail with
    the whole contrast: 1 for white noise, 0 for a smooth picture. `extremes` are the lowest and
    the highest level of luma and of each chroma, over all pixels; in a `dark` picture none is
    lighter than a tenth of the range, or coloured. `blank` is the share of the picture that is of
    one level from an edge to a straight line. `motion` is the mean absolute
    difference from the picture just before, `likeness` the correlation with it and `rest` the share
    of the pixels that have not changed; all are None where that one was not decoded. A picture is
    `still` when nothing has moved since the stillness began, so that slow movement is not. `stir`
    is the mean difference of its areas from the last picture in which something has moved, None
    where something has moved again.
    """

    rank: int
    seconds: float
    luma: float
    contrast: float
    sharpness: float
    roughness: float
    extremes: tuple[tuple[int, int], ...]
    dark: bool
    blank: float
    thumbnail: NDArray[np.float32]
    motion: float | None
    likeness: float | None
    rest: float | None
    still: bool
    stir: float | None

    @property
    def span(self) -> int:
        """The largest difference between two pixels, in luma or in a chroma."""
        return max(high - low for low, high in self.extremes)


@frozen(eq=False)
class _Samples:
    """Evenly spaced pixels of a picture: luma as differences from its mean, and each chroma."""

    rank: int
    mean: float
    spread: float
    pattern: NDArray[np.float32]
    thumbnail: NDArray[np.float32]
    chroma: tuple[NDArray[np.int16], ...]

    @classmethod
    def of(cls, picture: Picture) -> Self:
        values = _sampled(picture.luma).astype(np.float32)
        mean = float(values.mean())
        values -= mean
        chroma = tuple(_sampled(plane).astype(np.int16) for plane in picture.chroma)
        spread = math.sqrt(_product(values, values))
        return cls(picture.rank, mean, spread, values, _thumbnail(values), chroma)

    def change(self, other: Self) -> NDArray[np.float32]:
        """The absolute difference of each pixel."""
        difference = self.difference(other)
        np.abs(difference, out=difference)
        return difference

    def difference(self, other: Self) -> NDArray[np.float32]:
        """The difference of each pixel."""
        difference = self.pattern - other.pattern
        difference += self.mean - other.mean
        return difference

    def stir(self, other: Self) -> float | None:
        """How far luma or a chroma has drifted, as `calm.stir`; None if something moves."""
        areas = self.thumbnail + (self.mean - other.mean) - other.thumbnail
        if np.abs(areas).max() > MAX_DRIFT:  # most pictures, at no cost
            return None
        drifted = stir(self.difference(other), areas)
        for one, two in zip(self.chroma, other.chroma, strict=True):
            if drifted is None:
                return None
            change = (one - two).astype(np.float32)
            hue = stir(change, _thumbnail(change))
            drifted = None if hue is None else max(drifted, hue)
        return drifted

    def chroma_change(self, other: Self) -> int:
        """The largest difference of a pixel's chroma."""
        pairs = zip(self.chroma, other.chroma, strict=True)
        return max((int(np.abs(one - two).max()) for one, two in pairs), default=0)

    def likeness(self, other: Self) -> float:
        """Pearson's correlation; 1 for pictures too flat to differ in pattern."""
        if self.spread * other.spread < 1.0:
            return 1.0
        return _product(self.pattern, other.pattern) / (self.spread * other.spread)


def measured(pictures: Iterable[Picture]) -> Iterator[Measured]:
    """Measures each picture and lets go of it."""
    last = anchor = calm = None
    after_keyframe = False
    for picture in pictures:
        samples = _Samples.of(picture)
        if last is None or last.rank != picture.rank - 1:
            last = anchor = calm = None
        # Where all pictures are keyframes, none of them is painted again.
        repainted = picture.keyframe and not after_keyframe
        still = anchor is not None and _is_still(samples, anchor, repainted=repainted)
        if not still or repainted:
            anchor = samples
        drift: float | None = None if calm is None else samples.stir(calm)
        calm = samples if drift is None else calm
        yield _measured(picture, samples, last, still=still, drift=drift)
        last, after_keyframe = samples, picture.keyframe


def _sampled(plane: NDArray[np.uint8]) -> NDArray[np.uint8]:
    step = max(1, plane.shape[1] // COLUMNS)
    return plane[::step, ::step]


def _is_still(samples: _Samples, anchor: _Samples, *, repainted: bool) -> bool:
    motion = REPAINTED_MOTION if repainted else FROZEN_MOTION
    most = REPAINTED_CHANGE if repainted else FROZEN_CHANGE
    change = samples.change(anchor)
    moved = change.mean() >= motion or change.max() >= most
    return not moved and samples.chroma_change(anchor) < most


def _measured(
    picture: Picture, samples: _Samples, last: _Samples | None, *, still: bool, drift: float | None
) -> Measured:
    sharpness = _laplacian_energy(picture.luma)
    change = None if last is None else samples.change(last)
    extremes = tuple(
        (int(plane.min()), int(plane.max())) for plane in (picture.luma, *picture.chroma)
    )
    return Measured(
        rank=picture.rank,
        seconds=picture.seconds,
        luma=samples.mean,
        contrast=samples.spread,
        sharpness=sharpness,
        roughness=math.sqrt(sharpness) / WHITE_NOISE_LAPLACIAN / max(samples.spread, 1.0),
        extremes=extremes,
        dark=_is_dark(*extremes, full_range=picture.full_range),
        blank=blank_share(_sampled(picture.luma)),
        thumbnail=samples.thumbnail,
        motion=None if change is None else float(change.mean()),
        likeness=None if last is None else samples.likeness(last),
        rest=None if change is None else float((change < RESTING_CHANGE).mean()),
        still=still,
        stir=drift,
    )


def _product(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """The mean of the products, pixel by pixel."""
    return float(np.vdot(one, other)) / one.size


def _laplacian_energy(luma: NDArray[np.uint8]) -> float:
    """Mean square of the 4-neighbour Laplacian, at a share of the pixels inside the border."""
    height, width = luma.shape
    if min(height, width) < SMALLEST_LAPLACIAN:
        return 0.0
    right = max(1, width // COLUMNS)
    down = 2 * right

    def at(y: int, x: int) -> NDArray[np.uint8]:
        return luma[1 + y : height - 1 + y : down, 1 + x : width - 1 + x : right]

    laplacian = at(0, 0).astype(np.float32)
    laplacian *= 4
    for neighbour in (at(-1, 0), at(1, 0), at(0, -1), at(0, 1)):
        laplacian -= neighbour
    return _product(laplacian, laplacian)


def _is_dark(luma: tuple[int, int], *chroma: tuple[int, int], full_range: bool) -> bool:
    black, levels = FULL_RANGE if full_range else LIMITED_RANGE
    hues = [abs(level - NO_CHROMA) for extremes in chroma for level in extremes]
    return luma[1] < black + BLACK_SHARE * levels and max(hues, default=0) <= DARK_CHROMA


def _thumbnail(pattern: NDArray[np.float32]) -> NDArray[np.float32]:
    block = min(THUMBNAIL_BLOCK, *pattern.shape)
    rows, columns = (side // block for side in pattern.shape)
    cropped = pattern[: rows * block, : columns * block]
    # Rows first: adding whole rows is several times faster than adding both ways at once.
    bands = cropped.reshape(rows, block, columns * block).mean(axis=1, dtype=np.float32)
    blocks: NDArray[np.float32] = bands.reshape(rows, columns, block).mean(axis=2, dtype=np.float32)
    return blocks
