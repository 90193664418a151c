"""What the tests of the animatic share: requests, images, single frames."""

from __future__ import annotations

import hashlib
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image as Pictures

from vgen.abc import ClipRequest, Image
from vgen_animatic.arrays import Floats
from vgen_animatic.camera import View
from vgen_animatic.director import direct
from vgen_animatic.scenes import build


def request_for(
    prompt: str,
    *,
    seconds: float = 0.5,
    size: tuple[int, int] = (128, 72),
    fps: int = 12,
    **more: Any,
) -> ClipRequest:
    """A request with sensible values for what a test does not care about."""
    values: dict[str, Any] = {"motion": 127, "steps": 25, **more}
    return ClipRequest(
        prompt=prompt, duration=seconds, width=size[0], height=size[1], fps=fps, **values
    )


def image_of(source: bytes | Pictures.Image, form: str = "PNG", **options: Any) -> Image:
    """A reference image as a backend is handed it."""
    data = source if isinstance(source, bytes) else encoded(source, form, **options)
    return Image(data, f"image/{form.lower()}", 1, 1, hashlib.sha256(data).hexdigest())


def encoded(picture: Pictures.Image, form: str = "PNG", **options: Any) -> bytes:
    """The bytes of a picture's file."""
    file = BytesIO()
    picture.save(file, form, **options)
    return file.getvalue()


def ignore(_fraction: float) -> None:
    """Watch nothing."""


def scenery(width: int = 160, height: int = 90) -> Pictures.Image:
    """A picture with something to see in it."""
    return build(direct("a mountain lake at sunset"), width, height).draw(1.0, View())


def luma(prompt: str, *, seed: int | None = None, size: tuple[int, int] = (160, 90)) -> Floats:
    """The brightness of a scene's pixels after one second, without its caption."""
    picture = build(direct(prompt, seed), *size).draw(1.0, View())
    return np.asarray(picture.convert("L"), dtype=np.float32)
