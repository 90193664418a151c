"""The measures of each picture, alone and against the picture before."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Self

import numpy as np
from attrs import frozen

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

LIMITED_RANGE, FULL_RANGE = (16, 219), (0, 255)
"""Luma of black, and levels from there to white (ITU-R BT.709)."""

WHITE_NOISE_LAPLACIAN = 20**0.5
"""Standard deviation of the 4-neighbour Laplacian of white noise with standard deviation 1."""


FROZEN_MOTION = 0.255
"""0.1 % of the range (FFmpeg freezedetect `noise`); a still night scene moves twice as much."""

REPAINTED_MOTION = 1.0
"""What a still picture may change by when an encoder repaints it at a keyframe."""


@frozen(eq=False)
class Measured:
    """One picture's numbers, in 8-bit luma levels where not said otherwise.

    `sharpness` is the mean square of the Laplacian. `roughness` compares the finest detail with
    the whole contrast: 1 for white noise, 0 for a smooth picture. `dark` is the share of dark
    pixels. `motion` is the mean absolute difference from the picture just before and `likeness`
    the correlation with it; both are None where that one was not decoded. A picture is `still`
    when nothing has moved since the stillness began, so that slow movement is not stillness.
    """

    rank: int
    seconds: float
    luma: float
    contrast: float
    sharpness: float
    roughness: float
    dark: float
    thumbnail: NDArray[np.float32]
    motion: float | None
    likeness: float | None
    still: bool


@frozen(eq=False)
class _Samples:
    """Evenly spaced pixels of a picture, as differences from their mean."""

    rank: int
    mean: float
    spread: float
    pattern: NDArray[np.float32]

    @classmethod
    def of(cls, rank: int, pixels: NDArray[np.uint8]) -> Self:
        values = pixels.astype(np.float32)
        mean = float(values.mean())
        values -= mean
        return cls(rank, mean, math.sqrt(_product(values, values)), values)

    def distance(self, other: Self) -> float:
        """The mean absolute difference."""
        difference = self.pattern - other.pattern
        difference += self.mean - other.mean
        return float(np.abs(difference, out=difference).mean())

    def likeness(self, other: Self) -> float:
        """Pearson's correlation; 1 for pictures too flat to differ in pattern."""
        if self.spread * other.spread < 1.0:
            return 1.0
        return _product(self.pattern, other.pattern) / (self.spread * other.spread)


def measured(pictures: Iterable[Picture]) -> Iterator[Measured]:
    """Measures each picture and lets go of it."""
    last = anchor = None
    for picture in pictures:
        step = max(1, picture.luma.shape[1] // COLUMNS)
        pixels = picture.luma[::step, ::step]
        samples = _Samples.of(picture.rank, pixels)
        if last is None or last.rank != picture.rank - 1:
            last = anchor = None
        still = anchor is not None and _is_still(picture, samples.distance(anchor))
        if not still or picture.keyframe:
            anchor = samples
        yield _measured(picture, pixels, samples, last, still=still)
        last = samples


def _is_still(picture: Picture, distance: float) -> bool:
    return distance < (REPAINTED_MOTION if picture.keyframe else FROZEN_MOTION)


def _measured(
    picture: Picture,
    pixels: NDArray[np.uint8],
    samples: _Samples,
    last: _Samples | None,
    *,
    still: bool,
) -> Measured:
    sharpness = _laplacian_energy(picture.luma)
    return Measured(
        rank=picture.rank,
        seconds=picture.seconds,
        luma=samples.mean,
        contrast=samples.spread,
        sharpness=sharpness,
        roughness=math.sqrt(sharpness) / WHITE_NOISE_LAPLACIAN / max(samples.spread, 1.0),
        dark=_dark_share(pixels, full_range=picture.full_range),
        thumbnail=_thumbnail(samples.pattern),
        motion=None if last is None else samples.distance(last),
        likeness=None if last is None else samples.likeness(last),
        still=still,
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


def _dark_share(pixels: NDArray[np.uint8], *, full_range: bool) -> float:
    black, levels = FULL_RANGE if full_range else LIMITED_RANGE
    return np.count_nonzero(pixels < black + BLACK_SHARE * levels) / pixels.size


def _thumbnail(pattern: NDArray[np.float32]) -> NDArray[np.float32]:
    block = min(THUMBNAIL_BLOCK, *pattern.shape)
    rows, columns = (side // block for side in pattern.shape)
    cropped = pattern[: rows * block, : columns * block]
    # Rows first: adding whole rows is several times faster than adding both ways at once.
    bands = cropped.reshape(rows, block, columns * block).mean(axis=1, dtype=np.float32)
    blocks: NDArray[np.float32] = bands.reshape(rows, columns, block).mean(axis=2, dtype=np.float32)
    return blocks
