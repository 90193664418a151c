"""A reference image, read for drawing: upright, RGB, its first picture if it has several."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from PIL import Image, ImageOps

from vgen.errors import GenerationError

GROUND = (118, 118, 122)
MOST_PIXELS = 64_000_000


def read_picture(data: bytes) -> Image.Image:
    """Decode a picture; what is transparent shows a neutral grey ground.

    Raises:
        GenerationError: it is broken, cut short, of no known kind or too large.
    """
    try:
        with Image.open(BytesIO(data)) as opened:
            _check_size(opened)
            opened.seek(0)
            return _as_rgb(ImageOps.exif_transpose(opened))
    except Exception as error:  # Pillow raises nearly anything over broken bytes
        raise GenerationError(f"the reference image cannot be drawn: {error}") from error


def _check_size(picture: Image.Image) -> None:
    if picture.width * picture.height > MOST_PIXELS:
        raise ValueError("it has too many pixels")


def _as_rgb(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith("I") or picture.mode == "F":
        return _from_deep(picture)
    if picture.has_transparency_data:
        ground = Image.new("RGBA", picture.size, GROUND)
        ground.alpha_composite(picture.convert("RGBA"))
        return ground.convert("RGB")
    return picture.convert("RGB")


def _from_deep(picture: Image.Image) -> Image.Image:
    """Bring grey levels of more than eight bits, or of real numbers, to bytes."""
    levels = np.nan_to_num(np.asarray(picture, dtype=np.float32))
    top = float(levels.max(initial=0.0))
    full = next(full for full in (1.0, 255.0, 65535.0, max(top, 65535.0)) if top <= full)
    grey = np.clip(levels * (255.0 / full), 0.0, 255.0).astype(np.uint8)
    return Image.fromarray(grey).convert("RGB")
