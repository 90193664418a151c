"""HEIC pictures, which phones write: read where `vgen[heif]` is installed."""

from __future__ import annotations

from importlib import import_module
from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
"""What a file of pictures coded with HEVC may call itself (ISO/IEC 23008-12, annex B)."""


def is_heif(data: bytes) -> bool:
    """Whether the first bytes are those of a HEIF file."""
    return data[4:8] == b"ftyp" and data[8:12] in BRANDS


def open_heif(data: bytes) -> ImageFile:
    """Opens a HEIC picture, without adding to the kinds that Pillow knows in this process.

    Raises:
        ModuleNotFoundError: pi-heif, which reads it, is not installed.
    """
    image: ImageFile = import_module("pi_heif").HeifImageFile(BytesIO(data))
    return image
