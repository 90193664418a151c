"""Seeded noise, drawn at a fixed grain so that a clip of any size shows the same scene."""

from __future__ import annotations

import hashlib

import numpy as np

from vgen_animatic.arrays import Floats

Rng = np.random.Generator


def seeded_rng(*parts: object) -> Rng:
    """A random generator that depends on the text of `parts` alone, in every process."""
    digest = hashlib.sha256("\x1f".join(map(str, parts)).encode("utf-8", "replace")).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "big")))


def clouds(
    rng: Rng, height: int, width: int, *, falloff: float = 1.8, stretch: float = 1.0
) -> Floats:
    """Spectral noise in 0..1 that repeats seamlessly both ways.

    The spectrum falls with frequency to the power of `falloff`; `stretch` above 1 draws it out
    sideways. The finest eighth of it is cut off: it would only shimmer and cost bits.
    """
    white = np.fft.rfft2(rng.standard_normal((height, width)))
    rows = np.fft.fftfreq(height)[:, None] * height
    columns = np.fft.rfftfreq(width)[None, :] * height * stretch
    frequency = np.hypot(rows, columns)
    frequency[0, 0] = np.inf
    white *= frequency**-falloff * (frequency < height * 0.44 * max(1.0, stretch**0.5))
    field = np.fft.irfft2(white, s=(height, width))
    low, high = np.quantile(field, (0.01, 0.99))
    return np.asarray(np.clip((field - low) / (high - low), 0.0, 1.0), dtype=np.float32)


def curve(rng: Rng, x: Floats, *, frequency: float, octaves: int = 5, gain: float = 0.5) -> Floats:
    """Smooth fractal noise along `x`, about -1..1; `frequency` is in knots for one unit of `x`."""
    total = np.zeros_like(x)
    for octave in range(octaves):
        knots = rng.uniform(-1.0, 1.0, 256).astype(np.float32)
        total += gain**octave * _between(knots, x * frequency * 2.0**octave + 61.0)
    return total


def ridges(rng: Rng, x: Floats, *, frequency: float, octaves: int = 5) -> Floats:
    """Pointed fractal noise along `x`, 0..1: mountain crests."""
    total = np.zeros_like(x)
    weight = np.ones_like(x)
    for octave in range(octaves):
        knots = rng.uniform(-1.0, 1.0, 256).astype(np.float32)
        fold = 1.0 - np.abs(_between(knots, x * frequency * 2.0**octave + 61.0))
        total += 0.5**octave * fold * weight
        weight = np.clip(fold * 1.1, 0.0, 1.0)
    return np.asarray(total / 1.9, dtype=np.float32)


def _between(knots: Floats, position: Floats) -> Floats:
    whole = np.floor(position)
    t = position - whole
    index = whole.astype(np.int64)
    left, right = knots[index % len(knots)], knots[(index + 1) % len(knots)]
    return np.asarray(left + (right - left) * t * t * (3.0 - 2.0 * t), dtype=np.float32)
