"""Checking pictures: those that decode in full are told by size and kind, all others refused."""

from __future__ import annotations

import base64
import struct
import sys
import zlib
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image

from vgen.video import ImageInfo, check_image
from vgen.video.image import widely_read

MODES = ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16"]
MEDIA_TYPES = {
    "PNG": "image/png",
    "JPEG": "image/jpeg",
    "MPO": "image/jpeg",
    "WEBP": "image/webp",
    "GIF": "image/gif",
    "BMP": "image/bmp",
    "TIFF": "image/tiff",
    "AVIF": "image/avif",
}

HEIC = zlib.decompress(
    base64.b85decode(
        b"c-mc2ze~eV5Wbht7(r|C2UwAkf<oz{6$i&+>)=rEKhXG^(1WCXq(SS}f(ULdy4FQkS9MXhZe1K59K=BcyV*gB_tF"
        b"TZ$IH9B@4k00?>hikwEZJdv5*6qi*`=NE}Av~>$sM0!obp%vg1WD2;@GD*g873ut_lw3NRV5&w(dfB8*H)3?Tp;h"
        b"*dkxWOa@bE2I&pa=>#i1Tsn4YG6o@3-n!xm~0G%Cn$bL!E59X=xl+h5;_Y>sUH0N_WJ-+>K>h#&$9^@1d^aihALO"
        b";UdfwO%x*F^Qn@r*v5Swl>$_XMvT6{d$_>){MAwS!ss4CMm(1{*<5juSAaoM6CPA}U7gqG#eDr0wV~Qx2QW%jBMF"
        b"@i6H4-Bsuz?a(bzLVnj$X~D|A8b5_kSo1nATF%*zpM^3+P#PREYC(orhzPy?5NQDd%Nm*iEwewSDyvymZ^&%PakA"
        b"XE!*HA9mN;z2|}}#nT2Fmr9VOOb5oMr3~_^gVuk-mS#E"
    )
)
"""64 x 32 pixels, red on the left and blue on the right, to be shown turned: red above blue."""


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
    with pytest.raises(ValueError, match="not a PNG, JPEG, WebP, GIF, BMP, TIFF, AVIF or HEIC"):
        check_image(data)


@pytest.mark.parametrize("kept", [0.3, 0.6, 0.9])
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "HEIC"])
def test_truncated(kind: str, kept: float) -> None:
    """A picture cut short is refused, however much of it would decode."""
    data = HEIC if kind == "HEIC" else saved(noise(), kind)
    with pytest.raises(ValueError, match="picture") as caught:
        check_image(data[: int(len(data) * kept)])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"quality": 30}], ids=str)
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_a_jpeg_without_its_end(mode: str, options: dict[str, Any]) -> None:
    """A JPEG may lack its end marker, in part or as a whole, but no byte of its pixels."""
    data = saved(noise().convert(mode), "JPEG", **options)
    whole = check_image(data)
    assert check_image(data[:-1]) == check_image(data[:-2]) == whole
    for missing in range(4, 12):
        with pytest.raises(ValueError, match="cannot be decoded"):
            check_image(data[:-missing])


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


def test_a_phones_picture() -> None:
    """HEIC, which phones write, is a picture: as it is to be shown."""
    assert check_image(HEIC) == ImageInfo(32, 64, "image/heic")


def test_a_phones_picture_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where HEIC cannot be read, the one line says what to install."""
    monkeypatch.setitem(sys.modules, "pi_heif", None)
    with pytest.raises(ValueError, match=r"HEIC picture, which is read .* vgen\[heif\] is inst"):
        check_image(HEIC)


def test_a_phones_picture_is_handed_on_as_jpeg() -> None:
    """What few programs read becomes JPEG, upright, its colours kept."""
    info, data = widely_read(HEIC)
    assert info == check_image(data) == ImageInfo(32, 64, "image/jpeg")
    with Image.open(BytesIO(data)) as image:
        red, blue = (np.asarray(image)[row, 16].astype(int) for row in (4, 60))
    assert abs(red - (200, 40, 30)).max() < 8
    assert abs(blue - (20, 60, 200)).max() < 8


def test_a_turned_avif_is_handed_on_upright() -> None:
    """AVIF becomes JPEG as it is to be shown, or PNG where it is transparent, profile and all."""
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = saved(noise(), "AVIF", exif=exif, icc_profile=b"as on the screen")
    assert widely_read(turned)[0] == ImageInfo(40, 60, "image/jpeg")
    with Image.open(BytesIO(widely_read(turned)[1])) as image:
        assert image.info["icc_profile"] == b"as on the screen"
    info, data = widely_read(saved(Image.new("RGBA", (8, 4)), "AVIF"))
    assert info == check_image(data) == ImageInfo(8, 4, "image/png")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"])
def test_what_all_read_is_handed_on_as_it_is(kind: str) -> None:
    """Not a byte of the usual kinds is changed."""
    data = saved(noise(), kind)
    assert widely_read(data) == (check_image(data), data)
