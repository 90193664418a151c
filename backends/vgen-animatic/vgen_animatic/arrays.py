"""Array types, and the few curves and conversions that every picture here is drawn with."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Floats = NDArray[np.floating[Any]]
"""Real numbers; single precision wherever there are many."""
Bytes = NDArray[np.uint8]


def smoothstep(low: float | Floats, high: float | Floats, value: Floats) -> Floats:
    """Rise from 0 at `low` to 1 at `high` along a cubic with level ends."""
    t = np.clip((value - low) / (np.asarray(high) - low), 0.0, 1.0)
    return np.asarray(t * t * (3.0 - 2.0 * t), dtype=np.float32)


def ease(fraction: float) -> float:
    """Ease a move in and out; even its ends keep half of the mean speed, so nothing stands."""
    smooth = fraction * fraction * (3.0 - 2.0 * fraction)
    return 0.5 * fraction + 0.5 * smooth


def grid(start: float, count: int, scale: float) -> Floats:
    """The centres of `count` pixels from `start` on, `scale` of them for each unit."""
    return (start + (np.arange(count, dtype=np.float32) + 0.5) / scale).astype(np.float32)


def to_bytes(values: Floats) -> Bytes:
    """Round values meant as 0..255 to bytes, cutting off what lies outside."""
    return np.asarray(np.clip(values + 0.5, 0.0, 255.0), dtype=np.uint8)


def to_picture(values: Floats) -> Image.Image:
    """Turn an array of 0..255, one value or three for each pixel, into a picture."""
    return Image.fromarray(np.ascontiguousarray(to_bytes(values)))


def to_mask(alpha: Floats) -> Image.Image:
    """Turn opacities of 0..1 into a mask."""
    return to_picture(np.asarray(alpha * 255.0, dtype=np.float32))


def to_paint(colours: Floats, alpha: Floats) -> Image.Image:
    """Join colours of 0..255 and opacities of 0..1 to a premultiplied picture."""
    height, width = alpha.shape
    pixels = np.empty((height, width, 4), dtype=np.uint8)
    pixels[..., :3] = to_bytes(colours * alpha[..., None])
    pixels[..., 3] = to_bytes(alpha * np.float32(255.0))
    return Image.frombytes("RGBa", (width, height), pixels.tobytes())
