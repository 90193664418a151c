"""A check that bytes are a picture which can be decoded in full."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from io import BytesIO
from typing import TYPE_CHECKING

from attrs import frozen
from PIL import Image, ImageOps, UnidentifiedImageError

from vgen.video.heif import is_heif, open_heif

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
    "AVIF": "image/avif",
    "HEIF": "image/heic",
}
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")

RARELY_READ = frozenset({"image/avif", "image/heic"})
"""Kinds that video models, and what reads their inputs, mostly refuse."""

JPEG_QUALITY = 95
"""The most that Pillow's manual recommends: above it files grow with hardly any gain."""

JPEG_START, JPEG_END = b"\xff\xd8\xff", b"\xff\xd9"

JPEG_PADDING = 32
"""Bytes that some cameras write behind the end marker."""

FILLERS, FILLED = (0x00, 0x5A), 4096
"""Two bytes that a decoder would take for different pixels, and how many of them."""

MAX_PIXELS = 64_000_000
"""More pixels than this are taken for a decompression bomb: they are 192 MB as RGB."""


@frozen
class ImageInfo:
    """A picture's size in pixels, as stored, and its media type such as `image/png`."""

    width: int
    height: int
    media_type: str


def check_image(data: bytes) -> ImageInfo:
    """Decodes a PNG, JPEG, WebP, GIF, BMP, TIFF or AVIF picture, the first one of an animation.

    A HEIC picture too, where `vgen[heif]` is installed. Raises `ValueError` with one plain line
    for anything else, for a picture that is broken or cut short, and for one of more than 64
    megapixels, which is refused by its header, undecoded. A JPEG that has all of its pixels and
    lacks nothing but the two bytes of its end marker is taken: browsers and models take it too.
    """
    with _decoded(data) as image:
        return _info(image)


def widely_read(data: bytes) -> tuple[ImageInfo, bytes]:
    """Checks a picture as `check_image` does, and returns it in a form that most programs read.

    AVIF and HEIC become JPEG, or PNG where parts are transparent: upright, with their colour
    profile. All else is returned as it is.
    """
    with _decoded(data) as image:
        info = _info(image)
        if info.media_type not in RARELY_READ:
            return info, data
        upright = ImageOps.exif_transpose(image)
        kind = "PNG" if upright.has_transparency_data else "JPEG"
        if kind == "JPEG":
            upright = upright.convert("RGB")
        file = BytesIO()
        profile = image.info.get("icc_profile")
        upright.save(file, kind, quality=JPEG_QUALITY, exif=b"", icc_profile=profile)
        return ImageInfo(upright.width, upright.height, MEDIA_TYPES[kind]), file.getvalue()


@contextmanager
def _decoded(data: bytes) -> Generator[ImageFile]:
    try:
        with _open(data + JPEG_END if _lacks_its_end_alone(data) else data) as image:
            _check_size(image)
            image.load()
            yield image
    except UnidentifiedImageError as error:
        raise ValueError("not a PNG, JPEG, WebP, GIF, BMP, TIFF, AVIF or HEIC picture") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ValueError(f"the picture has more than {MAX_PIXELS} pixels") from error
    except ModuleNotFoundError as error:
        raise ValueError("a HEIC picture, which is read where vgen[heif] is installed") from error
    except Exception as error:  # Pillow raises nearly anything on broken bytes
        raise ValueError(f"the picture cannot be decoded: {_reason(error)}") from error


def _lacks_its_end_alone(data: bytes) -> bool:
    """Whether a JPEG without an end marker shows the same, whatever bytes came after it.

    Where pixels are missing, a decoder takes these bytes for them.
    """
    if not data.startswith(JPEG_START) or JPEG_END in data[-JPEG_PADDING:]:
        return False
    start = data.removesuffix(JPEG_END[:1])
    one, other = (_pixels(start + bytes([filler]) * FILLED + JPEG_END) for filler in FILLERS)
    return one == other


def _pixels(data: bytes) -> bytes:
    with Image.open(BytesIO(data), formats=["JPEG"]) as image:
        _check_size(image)
        return image.tobytes()


def _check_size(image: ImageFile) -> None:
    if image.width * image.height > MAX_PIXELS:
        raise Image.DecompressionBombError


def _open(data: bytes) -> ImageFile:
    try:
        return Image.open(BytesIO(data), formats=FORMATS)
    except UnidentifiedImageError:
        if not is_heif(data):
            raise
        return open_heif(data)


def _info(image: ImageFile) -> ImageInfo:
    return ImageInfo(image.width, image.height, MEDIA_TYPES[image.format or ""])


def _reason(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
