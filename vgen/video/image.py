"""A check that bytes are a picture which can be decoded in full."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from attrs import frozen
from PIL import Image, UnidentifiedImageError

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

MEDIA_TYPES = {
    "PNG": "image/png",
    "JPEG": "image/jpeg",
    "MPO": "image/jpeg",  # what Pillow calls a JPEG with further pictures behind the first
    "WEBP": "image/webp",
    "GIF": "image/gif",
    "BMP": "image/bmp",
    "TIFF": "image/tiff",
}
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")

MAX_PIXELS = 64_000_000
"""More pixels than this are taken for a decompression bomb: they are 192 MB as RGB."""


@frozen
class ImageInfo:
    """A picture's size in pixels, as stored, and its media type such as `image/png`."""

    width: int
    height: int
    media_type: str


def check_image(data: bytes) -> ImageInfo:
    """Decodes a PNG, JPEG, WebP, GIF, BMP or TIFF picture, the first one of an animation.

    Raises `ValueError` with one plain line for anything else, for a picture that is broken or cut
    short, and for one of more than 64 megapixels, which is refused by its header, undecoded.
    """
    try:
        with Image.open(BytesIO(data), formats=FORMATS) as image:
            _check_size(image)
            image.load()
            return ImageInfo(image.width, image.height, MEDIA_TYPES[image.format or ""])
    except UnidentifiedImageError as error:
        raise ValueError("not a PNG, JPEG, WebP, GIF, BMP or TIFF picture") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ValueError(f"the picture has more than {MAX_PIXELS} pixels") from error
    except Exception as error:  # Pillow raises nearly anything on broken bytes
        raise ValueError(f"the picture cannot be decoded: {_reason(error)}") from error


def _check_size(image: ImageFile) -> None:
    if image.width * image.height > MAX_PIXELS:
        raise Image.DecompressionBombError


def _reason(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
