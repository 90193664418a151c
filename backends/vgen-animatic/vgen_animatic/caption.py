"""The caption in the lower third: the prompt's first words, or nothing at all."""

from __future__ import annotations

import numpy as np
from attrs import frozen
from PIL import Image, ImageDraw, ImageFilter

from vgen_animatic.arrays import Floats, smoothstep, to_paint
from vgen_animatic.faces import Fonts
from vgen_animatic.typeset import Line, NoCaption, Typeset, typeset

FADE_FROM, FADE_SECONDS = 0.25, 0.7
INK, SHADE = (250, 249, 245), (8, 9, 14)
MARGIN = 0.06
BASELINE = 1.02
"""How far below a line's top its letters stand, in their size."""


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


def caption(prompt: str, width: int, height: int, fonts: Fonts) -> Caption | None:
    """Letter the prompt's first words; `None` where `typeset` finds that there is no caption."""
    found = typeset(prompt, width, height, fonts)
    return None if isinstance(found, NoCaption) else _lettered(found, width, height)


def _lettered(words: Typeset, width: int, height: int) -> Caption:
    size = words.size
    pitch = round(size * 1.36)
    foot = round(height * 0.925)
    first = foot - pitch * len(words.lines)
    top = max(first - 3 * pitch, 0)
    letters = Image.new("L", (width, height - top), 0)
    for number, line in enumerate(words.lines):
        _write(letters, line, words, first - top + number * pitch)
    margin, bar = round(width * MARGIN), max(2, round(size * 0.11))
    edges = (margin - 5 * bar, margin - 4 * bar)
    left, right = edges if words.rightwards else (width - 1 - edge for edge in reversed(edges))
    upper, lower = first - top + 2 * bar, foot - top - bar
    ImageDraw.Draw(letters).rectangle((left, upper, right, lower), 205)
    ink = np.asarray(letters, dtype=np.float32) / 255.0
    shade = _shade(letters, size, rightwards=words.rightwards)
    alpha = ink + shade * (1.0 - ink)
    share = (ink / np.maximum(alpha, 1e-6))[..., None]
    colours = np.array(SHADE, dtype=np.float32) * (1.0 - share) + np.array(INK) * share
    return Caption(to_paint(colours.astype(np.float32), alpha), top)


def _write(letters: Image.Image, line: Line, words: Typeset, top: int) -> None:
    """Write a line from its margin: the left one, or where it runs right to left the right one."""
    size, margin = words.size, round(letters.width * MARGIN)
    length = sum(part.length(size) for part in line)
    x = float(margin) if words.rightwards else letters.width - margin - length
    pen = ImageDraw.Draw(letters)
    for part in line:
        place = (x, top + round(size * BASELINE))
        font, direction = part.font(size), part.direction(size)
        pen.text(place, part.text, 255, font, anchor="ls", direction=direction)
        x += part.length(size)


def _shade(letters: Image.Image, size: float, *, rightwards: bool) -> Floats:
    """Darken the frame towards its foot on the caption's side, and more close to the letters."""
    near = np.asarray(letters.filter(ImageFilter.GaussianBlur(size * 0.3)), dtype=np.float32)
    x = np.linspace(0.0, 1.0, letters.width, dtype=np.float32)[None, :: 1 if rightwards else -1]
    y = np.linspace(0.0, 1.0, letters.height, dtype=np.float32)[:, None]
    slope = smoothstep(0.0, 1.0, y) * smoothstep(1.15, 0.1, x)
    return np.asarray(1.0 - (1.0 - 0.42 * slope) * (1.0 - 0.45 * near / 255.0), dtype=np.float32)
