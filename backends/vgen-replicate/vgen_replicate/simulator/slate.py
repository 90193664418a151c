"""The slate: a strip at the foot of a simulated clip, which says what the clip was made from."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from vgen_replicate.simulator.model import Size

SMALLEST_LETTERS = 8
"""In pixels: smaller ones cannot be read."""

LETTERS = 0.055
"""The size of the letters, as a fraction of the frame's height."""

LARGEST_STRIP = 0.34
"""Of the frame's height: lines that would need more are left out, the first ones first."""

GROUND, INK = 30, 225
"""Luma of the strip and of its letters, in limited range (16 to 235)."""


def slate(prompt: str, remark: str, size: Size) -> NDArray[np.uint8]:
    """Return the luma of the strip: two lines of the prompt at most, and the remark under them.

    It is as wide as the frame, and of an even height. Letters beyond ASCII lose their accents or,
    like Chinese ones, are left out: the built-in font has no others.
    """
    width, height = size
    letters = max(SMALLEST_LETTERS, round(height * LETTERS))
    pitch = round(letters * 1.3)
    font = _font(letters)
    lines = [*_wrapped(_ascii(prompt), font, width - letters), remark]
    lines = lines[-max(1, int(height * LARGEST_STRIP / pitch)) :]
    strip = Image.new("L", (width, (pitch * len(lines) + 3) // 2 * 2), GROUND)
    pen = ImageDraw.Draw(strip)
    for number, line in enumerate(lines):
        pen.text((letters // 2, number * pitch), line, INK, font)
    return np.asarray(strip)


@lru_cache
def _font(letters: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(letters)


def _ascii(text: str) -> str:
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()


def _wrapped(
    text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int
) -> list[str]:
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if font.getlength(longer) <= width or not lines[-1]:
            lines[-1] = longer
        elif len(lines) == 1:
            lines.append(word)
        else:
            lines[-1] += "..."
            break
    return [line for line in lines if line]
