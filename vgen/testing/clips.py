"""Tiny real clips for fakes to deliver, sound and unusable, and a tiny picture."""

from __future__ import annotations

import io
import tempfile
from functools import lru_cache
from pathlib import Path

SIDE = 64
FPS = 8
BLACK = 16
"""The luma of black in studio range."""


@lru_cache(maxsize=64)
def tiny_clip(seconds: float, *, shade: int | None = None) -> bytes:
    """Return an MP4 file of 64x64 pixels at 8 frames a second: a moving pattern, or one `shade`."""
    import numpy as np  # noqa: PLC0415 (numpy and PyAV load when a clip is first needed)

    from vgen.video import Encoder  # noqa: PLC0415 (likewise)

    across, down = np.meshgrid(np.arange(SIDE), np.arange(SIDE))
    with tempfile.TemporaryDirectory(prefix="vgen-") as folder:
        path = Path(folder, "clip.mp4")
        with Encoder(path, width=SIDE, height=SIDE, fps=FPS) as encoder:
            for frame in range(max(1, round(seconds * FPS))):
                wave = 110 + 60 * np.sin((across + 4 * frame) / 9) + 40 * np.cos(down / 7)
                luma = wave if shade is None else np.full_like(wave, shade)
                encoder.write(np.repeat(luma[..., None], 3, axis=2).astype(np.uint8))
        return path.read_bytes()


@lru_cache(maxsize=1)
def tiny_picture() -> bytes:
    """Return a PNG file of 64x64 pixels: a slope from dark to light."""
    from PIL import Image  # noqa: PLC0415 (Pillow loads when a picture is first needed)

    file = io.BytesIO()
    Image.linear_gradient("L").resize((SIDE, SIDE)).convert("RGB").save(file, "PNG")
    return file.getvalue()


def truncate(content: bytes) -> bytes:
    """Return a file without its last 200 bytes, as an interrupted download leaves it."""
    return content[:-200]


def free_box(content: bytes) -> bytes:
    """Return an MP4 box that players skip, which tells two clips of the same pictures apart."""
    return (8 + len(content)).to_bytes(4, "big") + b"free" + content


def without_free_boxes(content: bytes) -> bytes:
    """Return an MP4 file without the boxes at its end that players skip; other files unchanged."""
    end = at = 0
    while at + 8 <= len(content):
        size, kind = int.from_bytes(content[at : at + 4], "big"), content[at + 4 : at + 8]
        if size < 8 or at + size > len(content):  # noqa: PLR2004 (a box is no shorter)
            return content
        at += size
        end = end if kind == b"free" else at
    return content[:end] if at == len(content) else content


def spoilt(what: str | bytes, seconds: float) -> bytes:
    """Return an unusable file: a "page", a "truncated" or "black" clip, or the bytes given."""
    if isinstance(what, bytes):
        return what
    if what == "page":
        return b"<!doctype html><title>Not yours</title>"
    return truncate(tiny_clip(seconds)) if what == "truncated" else tiny_clip(seconds, shade=BLACK)
