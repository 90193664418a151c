"""The look of film on every frame: darker corners and a light grain that hides banding."""

from __future__ import annotations

import numpy as np
from PIL import Image

from vgen_animatic.arrays import Bytes, smoothstep
from vgen_animatic.noise import seeded_rng

DARKENING = 0.28
GRAIN = 6
SPARE = 61
HOLD = 2
"""Frames for which the grain stands still: a new one on each costs the encoder a fifth more."""


class Finish:
    """Grades the frames of one clip; the grain of each frame follows from its number alone."""

    def __init__(self, width: int, height: int) -> None:
        shape = (height + SPARE, width + SPARE, 1)
        noise = seeded_rng("grain").normal(GRAIN / 2, GRAIN / 4.5, shape)
        self._grain = np.repeat(np.clip(noise.round(), 0, GRAIN).astype(np.uint8), 3, axis=2)
        self._vignette = np.repeat(_vignette(width, height)[..., None], 3, axis=2)
        self._product = np.empty((height, width, 3), dtype=np.uint16)
        self._pixels = np.empty((height, width, 3), dtype=np.uint8)

    def apply(self, picture: Image.Image, number: int) -> Bytes:
        """Return the finished pixels of frame `number`; the next call writes over them."""
        pixels = self._pixels
        np.multiply(np.asarray(picture), self._vignette, out=self._product, dtype=np.uint16)
        np.right_shift(self._product, 8, out=pixels, casting="unsafe")
        # Steps that share no factor with the spare border: no offset returns for a long time.
        grain = number // HOLD
        top, left = grain * 23 % SPARE, grain * 37 % SPARE
        height, width = pixels.shape[:2]
        pixels += self._grain[top : top + height, left : left + width]
        return pixels


def _vignette(width: int, height: int) -> Bytes:
    x = np.linspace(-1.0, 1.0, width, dtype=np.float32)[None, :]
    y = np.linspace(-1.0, 1.0, height, dtype=np.float32)[:, None]
    edge = smoothstep(0.55, 1.5, np.hypot(x, y).astype(np.float32))
    # The grain is added on top: white must leave room for it.
    return ((255.0 - GRAIN) * (1.0 - DARKENING * edge)).astype(np.uint8)
