"""Tiny real clips for fakes to deliver, sound and unusable, and a tiny picture."""

from __future__ import annotations

import io
import tempfile
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

SIDE = 64
FPS = 8
BLACK = 16
"""The luma of black in studio range."""

Container = Literal["mp4", "matroska", "webm"]


@lru_cache(maxsize=64)
def tiny_clip(seconds: float, *, shade: int | None = None, container: Container = "mp4") -> bytes:
    """Return a file of 64x64 pixels at 8 frames a second: a moving pattern, or one `shade`.

    In MP4 and Matroska it is H.264, in WebM VP8, which MP4 does not take.
    """
    import numpy as np  # noqa: PLC0415 (numpy and PyAV load when a clip is first needed)

    across, down = np.meshgrid(np.arange(SIDE), np.arange(SIDE))
    frames: list[NDArray[np.uint8]] = []
    for frame in range(max(1, round(seconds * FPS))):
        wave = 110 + 60 * np.sin((across + 4 * frame) / 9) + 40 * np.cos(down / 7)
        luma = wave if shade is None else np.full_like(wave, shade)
        frames.append(np.repeat(luma[..., None], 3, axis=2).astype(np.uint8))
    return _in_mp4(frames) if container == "mp4" else _in_matroska(frames, container)


@lru_cache(maxsize=64)
def _still(seconds: float) -> bytes:
    """Return an MP4 file of a single picture that is shown for so long."""
    import numpy as np  # noqa: PLC0415 (numpy and PyAV load when a clip is first needed)

    slope = np.tile(np.linspace(0, 255, SIDE), (SIDE, 1))
    picture = np.dstack([slope, slope.T, slope]).astype(np.uint8)
    return _in_mp4([picture], fps=1 / Fraction(seconds).limit_denominator(1000))


def _in_mp4(frames: Sequence[NDArray[np.uint8]], fps: Fraction | int = FPS) -> bytes:
    from vgen.video import Encoder  # noqa: PLC0415 (PyAV loads when a clip is first needed)

    with tempfile.TemporaryDirectory(prefix="vgen-") as folder:
        path = Path(folder, "clip.mp4")
        with Encoder(path, width=SIDE, height=SIDE, fps=fps) as encoder:
            for frame in frames:
                encoder.write(frame)
        return path.read_bytes()


def _in_matroska(frames: Sequence[NDArray[np.uint8]], container: Container) -> bytes:
    import av  # noqa: PLC0415 (PyAV loads when a clip is first needed)

    file = io.BytesIO()
    with av.open(file, "w", container, container_options={"fflags": "+bitexact"}) as output:
        # PyAV's stubs leave the types of options and packets open.
        stream = output.add_stream(  # pyright: ignore[reportUnknownMemberType] - untyped in PyAV
            "libvpx" if container == "webm" else "libx264", FPS
        )
        stream.width = stream.height = SIDE
        for frame in [*map(av.VideoFrame.from_ndarray, frames), None]:
            output.mux(stream.encode(frame))  # pyright: ignore[reportUnknownMemberType] - likewise
    return file.getvalue()


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
    """Return an unusable file: see `Spoil`."""
    if isinstance(what, bytes):
        return what
    if what == "page":
        return b"<!doctype html><title>Not yours</title>"
    if what == "still":
        return _still(seconds)
    return truncate(tiny_clip(seconds)) if what == "truncated" else tiny_clip(seconds, shade=BLACK)
