"""Fonts: the one that comes with this package, those that are named, and those of the system."""

from __future__ import annotations

import shutil
import subprocess
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cached_property, lru_cache
from itertools import chain
from pathlib import Path

from attrs import field, frozen
from PIL import Image, ImageDraw, ImageFont, features

LATIN = Path(__file__).with_name("fonts") / "NotoSans-Latin.ttf"

SUFFIXES = frozenset({".ttf", ".otf", ".ttc", ".otc"})

PROBED_AT = 16
"""The size, in pixels, at which a glyph is compared with the box for a missing one."""

NO_CHARACTER = "\uffff"
"""What no font has a glyph for: it shows the box."""

JOINERS = frozenset("\u200c\u200d")
"""They shape the letters beside them and are never seen: no font needs a glyph for them."""

COMBINING = ((0x0900, 0x0DFF), (0x0F00, 0x109F), (0x1780, 0x17FF))
"""Scripts of India, Tibet, Myanmar and Cambodia, whose letters change with those beside them."""

FC_MATCH_SECONDS = 10.0


@frozen
class Face:
    """One font of a file; `index` tells those of a collection apart."""

    path: str
    index: int = 0
    _known: dict[str, bool] = field(factory=dict[str, bool], init=False, eq=False, repr=False)

    def at(self, size: float) -> ImageFont.FreeTypeFont:
        """Return the font with letters of that size, in pixels.

        Raises:
            OSError: the file cannot be read, or has no outlines.
        """
        return _font(self.path, self.index, size)

    def has(self, character: str) -> bool:
        """Whether the font can show a character as its script demands."""
        if character not in self._known:
            self._known[character] = character in JOINERS or (
                can_be_shaped(character) and self._shows(character)
            )
        return self._known[character]

    @property
    def can_be_drawn(self) -> bool:
        """Whether the file is a font with outlines."""
        return self._missing is not None

    def _shows(self, character: str) -> bool:
        shape = self._shape(character)
        if shape is None:
            return False
        is_blank = not any(shape)
        return is_blank if character == " " else not is_blank and shape != self._missing

    @cached_property
    def _missing(self) -> bytes | None:
        return self._shape(NO_CHARACTER)

    def _shape(self, character: str) -> bytes | None:
        """Draw one glyph, unshaped; `None` for a font that cannot be drawn at any size."""
        glyph = Image.new("L", (3 * PROBED_AT, 3 * PROBED_AT))  # marks stand before their place
        try:
            font = _font(self.path, self.index, PROBED_AT, shaped=False)
            ImageDraw.Draw(glyph).text((PROBED_AT, PROBED_AT), character, 255, font)
        except (OSError, ValueError):
            return None
        return glyph.tobytes()


@frozen
class Fonts:
    """The fonts that captions are lettered in: the named ones, Latin, and the system's."""

    named: tuple[Face, ...] = ()

    def near(self) -> tuple[Face, ...]:
        """Return those that are there everywhere, or were named."""
        return (*self.named, Face(str(LATIN)))

    def all(self, text: str) -> Iterator[Face]:
        """Return all of them, for a text: the system's in fontconfig's order for its language."""
        return chain(self.near(), system_faces(language(text)))


@lru_cache(maxsize=256)
def _font(path: str, index: int, size: float, *, shaped: bool = True) -> ImageFont.FreeTypeFont:
    engine = None if shaped else ImageFont.Layout.BASIC
    return ImageFont.truetype(path, size, index, layout_engine=engine)


def named_fonts(place: Path) -> Fonts:
    """Return the fonts of a file or, in the order of their names, of a folder and those in it.

    Raises:
        ValueError: there are none.
    """
    files = sorted(place.rglob("*")) if place.is_dir() else [place]
    faces = tuple(Face(str(file)) for file in files if file.suffix.lower() in SUFFIXES)
    if not any(face.can_be_drawn for face in faces):
        raise ValueError(f"{place}: is no font, and no folder of fonts")
    return Fonts(faces)


def can_be_shaped(character: str) -> bool:
    """Whether letters of its script can be joined and ordered here: for some, only by Raqm."""
    return features.check("raqm") or not (
        unicodedata.bidirectional(character) in {"R", "AL"}
        or any(first <= ord(character) <= last for first, last in COMBINING)
    )


def language(text: str) -> str:
    """Return the language whose forms of the Chinese characters a text needs, or nothing."""
    names = {unicodedata.name(character, "").partition(" ")[0] for character in text}
    if names & {"HIRAGANA", "KATAKANA"}:
        return "ja"
    if "HANGUL" in names:
        return "ko"
    return "zh-cn" if "CJK" in names else ""


@lru_cache
def system_faces(language: str) -> tuple[Face, ...]:
    """Return the system's fonts, the most suitable first; none without fontconfig."""
    program = shutil.which("fc-match")
    if program is None:
        return ()
    pattern = f"sans-serif:lang={language}" if language else "sans-serif"
    command = [program, "--sort", "--format", "%{file}\t%{index}\n", pattern]
    try:
        listed = subprocess.run(  # noqa: S603 - the command is ours
            command, check=True, capture_output=True, text=True, timeout=FC_MATCH_SECONDS
        ).stdout
    except (OSError, ValueError, subprocess.SubprocessError):
        return ()
    return tuple(_listed(listed.splitlines()))


def _listed(lines: Iterable[str]) -> Iterator[Face]:
    for line in lines:
        path, _, index = line.rpartition("\t")
        if Path(path).suffix.lower() in SUFFIXES and index.isdecimal():
            yield Face(path, int(index))
