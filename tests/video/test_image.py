"""Checking pictures: those that decode in full are told by size and kind, all others refused."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image

from vgen.video import ImageInfo, check_image

MODES = ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16"]
MEDIA_TYPES = {
    "PNG": "image/png",
    "JPEG": "image/jpeg",
    "MPO": "image/jpeg",
    "WEBP": "image/webp",
    "GIF": "image/gif",
    "BMP": "image/bmp",
    "TIFF": "image/tiff",
}


def noise(width: int = 60, height: int = 40) -> Image.Image:
    """A picture that compresses badly."""
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    """The picture as a file of one kind."""
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def png_header(width: int, height: int) -> bytes:
    """A PNG file that ends where its pixels would begin."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    return b"\x89PNG\r\n\x1a\n" + chunk + struct.pack(">I", 100) + b"IDAT"


@pytest.mark.parametrize(("kind", "media_type"), MEDIA_TYPES.items())
def test_kinds(kind: str, media_type: str) -> None:
    """Size and media type of each kind of picture that is taken."""
    options = {"save_all": True, "append_images": [noise()]} if kind == "MPO" else {}
    assert check_image(saved(noise(), kind, **options)) == ImageInfo(60, 40, media_type)


@pytest.mark.parametrize("mode", MODES)
def test_modes(mode: str) -> None:
    """Grey, palette, transparent, CMYK and 16-bit pictures are all pictures."""
    kind = "TIFF" if mode == "CMYK" else "PNG"
    assert check_image(saved(Image.new(mode, (3, 2)), kind)).width == 3


@pytest.mark.parametrize("size", [(1, 1), (200, 4000)])
def test_odd_sizes(size: tuple[int, int]) -> None:
    """A single pixel and a very tall picture are taken."""
    info = check_image(saved(Image.new("RGB", size), "PNG"))
    assert (info.width, info.height) == size


def test_animation() -> None:
    """An animation counts as its first picture."""
    data = saved(noise(), "GIF", save_all=True, append_images=[noise().rotate(90)])
    assert check_image(data).media_type == "image/gif"


@pytest.mark.parametrize(
    "data", [b"", b"hello", b"<html>", bytes(1000), saved(noise(), "PPM"), saved(noise(), "ICO")]
)
def test_no_picture(data: bytes) -> None:
    """Anything else is refused by one plain line."""
    with pytest.raises(ValueError, match="not a PNG, JPEG, WebP, GIF, BMP or TIFF picture"):
        check_image(data)


@pytest.mark.parametrize("kept", [0.3, 0.6, 0.9])
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"])
def test_truncated(kind: str, kept: float) -> None:
    """A picture cut short is refused, however much of it would decode."""
    data = saved(noise(), kind)
    with pytest.raises(ValueError, match="picture") as caught:
        check_image(data[: int(len(data) * kept)])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("size", [(8001, 8000), (12_000, 8_000), (60_000, 60_000)])
def test_bombs(size: tuple[int, int]) -> None:
    """More than 64 megapixels are refused by the header alone, as Pillow's own limits are."""
    with pytest.raises(ValueError, match="more than 64000000 pixels"):
        check_image(png_header(*size))


def test_largest() -> None:
    """64 megapixels are not too many."""
    with pytest.raises(ValueError, match="cannot be decoded"):
        check_image(png_header(8000, 8000))


def test_broken_pixels() -> None:
    """A picture whose header is whole and whose pixels are not is refused."""
    data = bytearray(saved(noise(), "PNG"))
    data[100:200] = bytes(100)
    with pytest.raises(ValueError, match="cannot be decoded"):
        check_image(bytes(data))


def test_pillow_is_left_as_it_was() -> None:
    """Pillow's own limit, which belongs to the whole process, is not touched."""
    before = Image.MAX_IMAGE_PIXELS
    check_image(saved(noise(), "PNG"))
    assert before == Image.MAX_IMAGE_PIXELS
