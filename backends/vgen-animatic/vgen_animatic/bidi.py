"""Which parts of a line run right to left, and in which order they stand.

A shaping library does this for text in one font. Captions may need several: their parts are put in
order here, by the implicit rules of the Unicode Bidirectional Algorithm (UAX #9).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import TypeVar

T = TypeVar("T")

LEFT, RIGHT, NUMBER, NEUTRAL = "L", "R", "N", ""
KINDS = {"L": LEFT, "R": RIGHT, "AL": RIGHT, "EN": NUMBER, "AN": NUMBER}
"""What counts of Unicode's bidirectional classes."""


def is_right_to_left(text: str) -> bool:
    """Whether the first letter of a text that has a direction is one of a script from the right."""
    kinds = (KINDS.get(unicodedata.bidirectional(character)) for character in text)
    return next((kind == RIGHT for kind in kinds if kind in {LEFT, RIGHT}), False)


def levels(text: str, *, rightwards: bool) -> list[int]:
    """Return each character's embedding level: even from left to right, odd from right to left.

    `rightwards` is the direction of the paragraph: false where it runs from right to left.
    """
    base = LEFT if rightwards else RIGHT
    details = [unicodedata.bidirectional(character) for character in text]
    kinds = [KINDS.get(detail, NEUTRAL) for detail in details]
    _settle_signs(kinds, details)
    _settle_numbers(kinds, details, base)
    _settle_neutrals(kinds, base)
    of_kind = {LEFT: 0 if rightwards else 2, RIGHT: 1, NUMBER: 2}
    return [of_kind[kind] for kind in kinds]


def visual_order(parts: Sequence[T], level: Callable[[T], int]) -> list[T]:
    """Return the parts of a line from left to right (rule L2)."""
    ordered = list(parts)
    for depth in range(max(map(level, ordered), default=0), 0, -1):
        place = 0
        for is_deep, group in groupby(map(level, ordered), depth.__le__):
            end = place + len(list(group))
            if is_deep:
                ordered[place:end] = reversed(ordered[place:end])
            place = end
    return ordered


def _settle_signs(kinds: list[str], details: Sequence[str]) -> None:
    """Take marks with their letters, and signs with their numbers (rules W1, W4 and W5)."""
    onwards, back = range(1, len(kinds)), range(len(kinds) - 2, -1, -1)
    for place in onwards:
        if details[place] == "NSM":
            kinds[place] = kinds[place - 1]
    for place in onwards[:-1]:
        if details[place] in {"ES", "CS"} and kinds[place - 1] == kinds[place + 1] == NUMBER:
            kinds[place] = NUMBER
    for place, beside in ((place, place - way.step) for way in (onwards, back) for place in way):
        if details[place] == "ET" and kinds[beside] == NUMBER:
            kinds[place] = NUMBER


def _settle_numbers(kinds: list[str], details: Sequence[str], base: str) -> None:
    """Take digits with the letters before them, if those run from the left (rule W7)."""
    strong = base
    for place, kind in enumerate(kinds):
        if kind in {LEFT, RIGHT}:
            strong = kind
        elif kind == NUMBER and strong == LEFT and details[place] != "AN":
            kinds[place] = LEFT


def _settle_neutrals(kinds: list[str], base: str) -> None:
    """Give spaces and signs the direction of what is on both sides of them, else the base's."""
    place = 0
    for kind, group in groupby(list(kinds)):
        end = place + len(list(group))
        if kind == NEUTRAL:
            before = kinds[place - 1] if place else base
            after = kinds[end] if end < len(kinds) else base
            sides = {RIGHT if side == NUMBER else side for side in (before, after)}
            kinds[place:end] = [sides.pop() if len(sides) == 1 else base] * (end - place)
        place = end
