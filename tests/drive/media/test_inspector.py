"""Reference images as backends are handed them."""

from __future__ import annotations

import hashlib
from io import BytesIO

from PIL import Image

from vgen.drive.media.inspector import Inspector


async def test_an_avif_image_is_handed_on_as_jpeg() -> None:
    """A backend is handed what all models read, under the digest of the file that was read."""
    file = BytesIO()
    Image.new("RGB", (8, 4), "teal").save(file, "AVIF")
    image = await Inspector().image(file.getvalue())
    assert image.sha256 == hashlib.sha256(file.getvalue()).hexdigest()
    assert image.media_type == "image/jpeg"
    assert image.data.startswith(b"\xff\xd8\xff")
