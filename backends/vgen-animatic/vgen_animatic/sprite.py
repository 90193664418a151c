"""Small pictures that move over the frame between whole pixels: glows, boats, birds."""

from __future__ import annotations

import math

import numpy as np
from attrs import frozen
from PIL import Image, ImageChops

from vgen_animatic.arrays import to_mask
from vgen_animatic.palette import RGB

GLOW_SIDE = 64
FLATNESS = 1.4
"""How much lower a reflection is than what it shows."""


@frozen
class Sprite:
    """A picture with a border of two clear pixels; `anchor` is the point that is placed.

    `paint` is as in a layer: "RGBa", or "L" for a light of one colour, given when it is drawn.
    """

    paint: Image.Image
    anchor: tuple[float, float]

    def draw(self, frame: Image.Image, x: float, y: float, zoom: float = 1.0) -> None:
        """Put its anchor at a point of the frame, `zoom` times as large as it is."""
        corner, seen = self._seen(frame, x, y, zoom)
        if seen is not None:
            frame.paste(seen, corner, seen)

    def shine(
        self, frame: Image.Image, x: float, y: float, zoom: float, colour: RGB, opacity: float = 1.0
    ) -> None:
        """Put a light there, of a colour and an opacity of 0..1."""
        corner, seen = self._seen(frame, x, y, zoom)
        level = round(255 * opacity)
        if seen is None or level <= 0:
            return
        if level < 255:
            seen = ImageChops.multiply(seen, Image.new("L", seen.size, level))
        frame.paste(Image.new("RGB", seen.size, colour), corner, seen)

    def _seen(
        self, frame: Image.Image, x: float, y: float, zoom: float
    ) -> tuple[tuple[int, int], Image.Image | None]:
        """Its pixels on the frame's grid and where they go; `None` if they are out of sight."""
        left, top = x - self.anchor[0] * zoom, y - self.anchor[1] * zoom
        wide, high = self.paint.size
        column, row = math.ceil(left), math.ceil(top)
        columns, rows = math.floor(left + wide * zoom) - column, math.floor(top + high * zoom) - row
        inside = -columns < column < frame.width and -rows < row < frame.height
        if columns < 1 or rows < 1 or not inside:
            return (column, row), None
        x0, y0 = (column - left) / zoom, (row - top) / zoom
        box = (x0, y0, min(x0 + columns / zoom, wide), min(y0 + rows / zoom, high))
        return (column, row), self.paint.resize((columns, rows), Image.Resampling.BILINEAR, box)

    def mirrored(self, opacity: float) -> Sprite:
        """Its reflection in rippled water below its anchor, fainter the deeper it reaches."""
        pixels = np.asarray(self.paint, dtype=np.float32)[::-1]
        rows = np.arange(int(len(pixels) / FLATNESS)) * FLATNESS
        foot = len(pixels) - self.anchor[1]
        down = np.maximum(rows - foot, 0.0) / max(len(pixels) - foot, 1.0)
        picked = pixels[rows.astype(int)] * (opacity * (1.0 - 0.8 * down))[:, None, None]
        waves = np.sin(rows * 0.55) * down**0.5 * pixels.shape[1] * 0.035
        shifts = [round(float(wave)) for wave in waves]
        rolled = [np.roll(row, shift, axis=0) for row, shift in zip(picked, shifts, strict=True)]
        paint = np.stack(rolled).astype(np.uint8)
        size = (paint.shape[1], paint.shape[0])
        return Sprite(
            Image.frombytes(self.paint.mode, size, paint.tobytes()),
            (self.anchor[0], foot / FLATNESS),
        )


def glow(core: float = 0.12) -> Sprite:
    """A round light with a soft halo, its radius 30 pixels; `core` is the bright part of it."""
    axis = (np.arange(GLOW_SIDE, dtype=np.float32) + 0.5) / (GLOW_SIDE / 2) - 1.0
    away = np.hypot(axis[None, :], axis[:, None]) * (GLOW_SIDE / 60.0)
    halo = 0.5 * np.clip(1.0 - away, 0.0, 1.0) ** 2.6
    light = np.maximum(np.clip((core - away) / (0.35 * core) + 1.0, 0.0, 1.0), halo)
    light[0], light[-1], light[:, 0], light[:, -1] = 0, 0, 0, 0
    return Sprite(to_mask(light.astype(np.float32)), (GLOW_SIDE / 2, GLOW_SIDE / 2))
