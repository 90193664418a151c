"""How a caption's words are set: in which fonts, on which lines, and from which side."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache
from itertools import accumulate, groupby

from attrs import frozen
from PIL import ImageFont

from vgen_animatic.bidi import is_right_to_left, levels, visual_order
from vgen_animatic.breaks import ELLIPSIS, wrapped
from vgen_animatic.faces import JOINERS, Face, Fonts

SMALLEST_SIDE = 180
LONGEST = 96


@frozen
class Part:
    """Letters that stand side by side, in one font and one direction."""

    text: str
    face: Face
    level: int

    def font(self, size: float) -> ImageFont.FreeTypeFont:
        """Return its font at a size, in pixels."""
        return self.face.at(size)

    def direction(self, size: float) -> str | None:
        """Return the direction to shape it in, where the font is shaped at all."""
        if self.font(size).layout_engine != ImageFont.Layout.RAQM:
            return None
        return "rtl" if self.level % 2 else "ltr"

    def length(self, size: float) -> float:
        """Return how wide it is, in pixels."""
        return self.font(size).getlength(self.text, direction=self.direction(size))


Line = tuple[Part, ...]


@frozen
class Typeset:
    """The lines of a caption, each from left to right, and the size of the letters in pixels.

    `is_whole` is false where letters were left out that no font has; an emoji is no letter.
    """

    lines: tuple[Line, ...]
    size: float
    rightwards: bool
    is_whole: bool


@frozen
class NoCaption:
    """A prompt has no caption; `reason` says why."""

    reason: str


@lru_cache(maxsize=256)
def typeset(prompt: str, width: int, height: int, fonts: Fonts) -> Typeset | NoCaption:
    """Set the prompt's first words for a frame.

    What no font can show is left out. There is no caption at all where that is more than half of
    the letters: what is left would say something else.
    """
    if min(width, height) < SMALLEST_SIDE:
        return NoCaption(f"it could not be read at {width}x{height}")
    asked = cleaned(prompt)
    text, faces = lettered(asked, fonts)
    if not _letters(text):
        return NoCaption(
            "no font at hand has its letters" if _letters(asked) else "it has no words"
        )
    if 2 * _letters(text) < _letters(asked):
        return NoCaption("no font at hand has most of its letters")
    size = 3 + 0.036 * min(width, height)
    rightwards = not is_right_to_left(text)

    def set_line(line: str) -> Line:
        return parts(line, faces, rightwards=rightwards)

    def length(line: str) -> float:
        return sum(part.length(size) for part in set_line(line))

    room = (0.6 if width > height else 0.84) * width
    lines = wrapped(text, length, room, longest=LONGEST)
    if not lines:
        return NoCaption("its first word is too long")
    is_whole = _letters(text) == _letters(asked)
    return Typeset(tuple(map(set_line, lines)), size, rightwards, is_whole)


def cleaned(text: str) -> str:
    """Compose letters and marks; runs of space become one, what cannot be seen goes."""
    composed = unicodedata.normalize("NFC", text[: 4 * LONGEST])
    seen = (c for c in composed if c.isprintable() or c.isspace() or c in JOINERS)
    return " ".join("".join(seen).split())


def clusters(text: str) -> list[str]:
    """Split a text into letters with their marks."""
    found: list[str] = []
    for character in text:
        if found and (unicodedata.category(character)[0] == "M" or character in JOINERS):
            found[-1] += character
        else:
            found.append(character)
    return found


def lettered(text: str, fonts: Fonts) -> tuple[str, Mapping[str, Face]]:
    """Return what can be shown of a text, and the font of each of its letters with their marks."""
    chosen = _chosen(dict.fromkeys((*clusters(text), ELLIPSIS)), fonts)
    faces = {ELLIPSIS: chosen[ELLIPSIS]}
    kept = ""
    for cluster in clusters(text):
        if cluster in chosen:
            face = chosen[cluster]
            shown = "".join(character for character in cluster if face.has(character))
            faces.setdefault(shown, face)
            kept += shown
    if kept != text:
        kept = re.sub(r" +(?=[ ,.;:!?]|$)", "", kept).lstrip()
    return kept, faces


def _chosen(wanted: Iterable[str], fonts: Fonts) -> dict[str, Face]:
    """Choose a font for each letter with its marks: one for all, if one has all that any has.

    Else those come first that have most of them.
    """
    whole = _one_for_all(wanted, fonts.near())
    if whole:
        return dict.fromkeys(wanted, whole)
    faces = list(fonts.all("".join(wanted)))
    found = {cluster: face for cluster in wanted if (face := _first(cluster, faces))}
    whole = _one_for_all(found, faces)
    if whole:
        return dict.fromkeys(found, whole)
    used = dict.fromkeys(found.values())
    ranked = sorted(used, key=lambda face: -sum(_has(face, cluster) for cluster in found))
    return {cluster: _first(cluster, ranked) or face for cluster, face in found.items()}


def _one_for_all(wanted: Iterable[str], faces: Iterable[Face]) -> Face | None:
    return next((face for face in faces if all(_has(face, c) for c in wanted)), None)


def _first(cluster: str, faces: Iterable[Face]) -> Face | None:
    """Return the first font with a letter and its marks, else the first with the letter alone."""
    whole = next((face for face in faces if _has(face, cluster)), None)
    return whole or next((face for face in faces if face.has(cluster[0])), None)


def _has(face: Face, cluster: str) -> bool:
    return all(map(face.has, cluster))


def _letters(text: str) -> int:
    """Count letters and digits."""
    return sum(character.isalnum() for character in text)


def parts(line: str, faces: Mapping[str, Face], *, rightwards: bool) -> Line:
    """Split a line by font and direction, and put it into the order that it is seen in."""
    split = clusters(line)
    starts = accumulate(map(len, split), initial=0)
    depths = levels(line, rightwards=rightwards)
    placed = [
        (cluster, faces[cluster], depths[start])
        for cluster, start in zip(split, starts, strict=False)
    ]
    grouped = groupby(placed, key=lambda each: each[1:])
    found = [Part("".join(c for c, *_ in group), *key) for key, group in grouped]
    return tuple(visual_order(found, lambda part: part.level))
