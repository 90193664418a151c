"""The caption in the lower third: the prompt's first words, or nothing at all."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable

import numpy as np
from attrs import frozen
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from vgen_animatic.arrays import Floats, smoothstep, to_paint

SMALLEST_SIDE = 180
LONGEST = 96
FADE_FROM, FADE_SECONDS = 0.25, 0.7
INK, SHADE = (250, 249, 245), (8, 9, 14)
DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212"
SINGLE_QUOTES = "\u2018\u2019\u201a\u201b\u2032\u00b4"
DOUBLE_QUOTES = "\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb"
LIGATURES = {"ß": "ss", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE"}
STROKES = dict(zip("øØłŁđ\u0131", "oOlLdi", strict=True))
LETTERS = {
    **dict.fromkeys(DASHES, "-"),
    **dict.fromkeys(SINGLE_QUOTES, "'"),
    **dict.fromkeys(DOUBLE_QUOTES, '"'),
    **LIGATURES,
    **STROKES,
}
"""What Unicode itself does not take apart into plain letters and marks."""


@frozen
class Caption:
    """Lettering with the shade behind it, and the row of the frame that it begins at."""

    overlay: Image.Image
    top: int

    def draw(self, frame: Image.Image, seconds: float) -> None:
        """Put the caption onto `frame`, as far as it has faded in by then."""
        share = min(max((seconds - FADE_FROM) / FADE_SECONDS, 0.0), 1.0)
        if share <= 0.0:
            return
        seen = self.overlay if share == 1.0 else self.overlay.point(_faded(share))
        frame.paste(seen, (0, self.top), seen)


def _faded(share: float) -> list[int]:
    """A table that scales each of the four premultiplied channels."""
    return [round(level * share) for level in range(256)] * 4


def caption(prompt: str, width: int, height: int) -> Caption | None:
    """Letter the prompt's first words; `None` where they have no room or lack a glyph."""
    text = folded(prompt)
    if min(width, height) < SMALLEST_SIDE or not text:
        return None
    font = ImageFont.load_default(3 + 0.036 * min(width, height))
    if not isinstance(font, ImageFont.FreeTypeFont):
        return None
    lines = wrapped(text, font.getlength, (0.6 if width > height else 0.84) * width)
    if not drawable(font, "".join(lines)):
        return None
    return _lettered(lines, font, width, height)


def folded(text: str) -> str:
    """Bring a text to the letters of plain English where it can be; runs of space become one."""
    mapped = "".join(LETTERS.get(c, c) for c in unicodedata.normalize("NFC", text[: 4 * LONGEST]))
    parted = unicodedata.normalize("NFKD", mapped)
    return " ".join("".join(c for c in parted if not unicodedata.combining(c)).split())


def drawable(font: ImageFont.FreeTypeFont, text: str) -> bool:
    """Whether the font has a glyph for each character, rather than its box for a missing one."""
    missing = _shape(font, "\uffff")
    return all(c == " " or (c.isprintable() and _shape(font, c) != missing) for c in set(text))


def wrapped(text: str, length: Callable[[str], float], width: float) -> tuple[str, ...]:
    """Set a text in one or two lines of about equal length, cutting off what has no room."""
    words = text.split()
    for kept in range(len(words), 0, -1):
        tail = "" if kept == len(words) else "..."
        whole = " ".join(words[:kept]).rstrip(" ,;:-") + tail
        if len(whole) > LONGEST:
            continue
        if length(whole) <= width:
            return (whole,)
        lines = _halved(whole, length)
        if max(map(length, lines)) <= width:
            return lines
    return ()


def _halved(text: str, length: Callable[[str], float]) -> tuple[str, ...]:
    words = text.split()
    cuts = [(" ".join(words[:cut]), " ".join(words[cut:])) for cut in range(1, len(words))]
    return min(cuts, key=lambda lines: max(map(length, lines)), default=(text,))


def _shape(font: ImageFont.FreeTypeFont, character: str) -> bytes:
    side = math.ceil(2 * font.size)
    glyph = Image.new("L", (side, side))
    ImageDraw.Draw(glyph).text((0, 0), character, fill=255, font=font)
    return glyph.tobytes()


def _lettered(
    lines: tuple[str, ...], font: ImageFont.FreeTypeFont, width: int, height: int
) -> Caption | None:
    if not lines:
        return None
    pitch = round(font.size * 1.36)
    foot = round(height * 0.925)
    first = foot - pitch * len(lines)
    top = max(first - 3 * pitch, 0)
    letters = Image.new("L", (width, height - top), 0)
    pen = ImageDraw.Draw(letters)
    left = round(width * 0.06)
    for number, line in enumerate(lines):
        pen.text((left, first - top + number * pitch), line, fill=255, font=font)
    bar = max(2, round(font.size * 0.11))
    pen.rectangle((left - 5 * bar, first - top + 2 * bar, left - 4 * bar, foot - top - bar), 205)
    ink = np.asarray(letters, dtype=np.float32) / 255.0
    shade = _shade(letters, font.size, width)
    alpha = ink + shade * (1.0 - ink)
    share = (ink / np.maximum(alpha, 1e-6))[..., None]
    colours = np.array(SHADE, dtype=np.float32) * (1.0 - share) + np.array(INK) * share
    return Caption(to_paint(colours.astype(np.float32), alpha), top)


def _shade(letters: Image.Image, size: float, width: int) -> Floats:
    """Darken the frame towards its foot on the caption's side, and more close to the letters."""
    near = np.asarray(letters.filter(ImageFilter.GaussianBlur(size * 0.3)), dtype=np.float32)
    x = np.linspace(0.0, 1.0, width, dtype=np.float32)[None, :]
    y = np.linspace(0.0, 1.0, letters.height, dtype=np.float32)[:, None]
    slope = smoothstep(0.0, 1.0, y) * smoothstep(1.15, 0.1, x)
    return np.asarray(1.0 - (1.0 - 0.42 * slope) * (1.0 - 0.45 * near / 255.0), dtype=np.float32)
