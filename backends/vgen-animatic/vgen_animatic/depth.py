"""A guess at how near each part of a picture is: a prior for slight parallax, not a depth map."""

from __future__ import annotations

import numpy as np
from PIL import Image

from vgen_animatic.arrays import Floats

COLUMNS, ROWS = 24, 14
SAMPLE = (96, 56)
GROUND, SHARPNESS, CONTRAST, CENTRE = 0.45, 0.2, 0.2, 0.25


def depth_grid(picture: Image.Image) -> Floats:
    """The nearness, 0..1, of the corners of a grid of 24 by 14 cells over an RGB picture.

    What stands low, is sharp, differs from the picture's border or is central counts as near.
    """
    small = picture.resize(SAMPLE, Image.Resampling.BOX)
    pixels = np.asarray(small, dtype=np.float32)
    luma = pixels.mean(axis=2)
    across = np.linspace(-1.0, 1.0, SAMPLE[0], dtype=np.float32)[None, :]
    down = np.linspace(0.0, 1.0, SAMPLE[1], dtype=np.float32)[:, None]
    near = GROUND * down**1.5 + SHARPNESS * _scaled(_detail(luma))
    near = near + CONTRAST * _scaled(_unlike_border(pixels))
    near = near + CENTRE * np.exp(-(across**2 / 0.35 + (down - 0.55) ** 2 / 0.12))
    return _scaled(_smooth(np.asarray(near, dtype=np.float32)))


def focus(grid: Floats) -> tuple[float, float]:
    """The point that deserves a closer look, as fractions of the picture: its near middle."""
    rows, columns = grid.shape
    y, x = np.mgrid[0:rows, 0:columns].astype(np.float32)
    central = np.exp(
        -(((x / (columns - 1) - 0.5) / 0.3) ** 2 + ((y / (rows - 1) - 0.45) / 0.3) ** 2)
    )
    weight = grid**3 * central
    total = float(weight.sum()) or 1.0
    return float((weight * x).sum()) / total / (columns - 1), float((weight * y).sum()) / total / (
        rows - 1
    )


def _detail(luma: Floats) -> Floats:
    down, across = np.gradient(luma)
    return _blurred(np.hypot(down, across).astype(np.float32), 4)


def _unlike_border(pixels: Floats) -> Floats:
    border = np.concatenate(
        [pixels[:6].reshape(-1, 3), pixels[:, :6].reshape(-1, 3), pixels[:, -6:].reshape(-1, 3)]
    )
    return _blurred(np.linalg.norm(pixels - border.mean(axis=0), axis=2).astype(np.float32), 3)


def _blurred(values: Floats, reach: int) -> Floats:
    """The mean over a square of `2 * reach + 1` cells a side; the border is continued."""
    side = 2 * reach + 1
    sums = np.cumsum(np.cumsum(np.pad(values, reach + 1, mode="edge"), axis=0), axis=1)
    sums = sums[side:, :] - sums[:-side, :]
    sums = sums[:, side:] - sums[:, :-side]
    return np.asarray(sums[: values.shape[0], : values.shape[1]] / side**2, dtype=np.float32)


def _scaled(values: Floats) -> Floats:
    low, high = float(values.min()), float(values.max())
    return np.asarray((values - low) / max(high - low, 1e-6), dtype=np.float32)


def _smooth(near: Floats) -> Floats:
    for _ in range(3):
        near = _blurred(near, 5)
    grid = Image.fromarray(near).resize((COLUMNS + 1, ROWS + 1), Image.Resampling.BILINEAR)
    return np.asarray(grid, dtype=np.float32)
