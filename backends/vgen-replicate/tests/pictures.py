"""A reference image."""

from __future__ import annotations

import hashlib
from functools import cache
from io import BytesIO

from PIL import Image as Pictures

from vgen.abc import Image


@cache
def png_image(side: int = 64) -> Image:
    """A small PNG with a gradient."""
    encoded = BytesIO()
    Pictures.radial_gradient("L").resize((side, side)).convert("RGB").save(encoded, "PNG")
    data = encoded.getvalue()
    return Image(data, "image/png", side, side, hashlib.sha256(data).hexdigest())
