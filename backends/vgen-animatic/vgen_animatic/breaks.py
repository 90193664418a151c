"""Where a caption's lines may break, and how many of its words they hold."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from itertools import accumulate

ELLIPSIS = "\u2026"

UNSPACED = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Burmese
    (0x1780, 0x17FF),  # Khmer
    (0x3000, 0x30FF),  # Kana, and the punctuation of Chinese and Japanese
    (0x3400, 0x9FFF),  # Chinese characters
    (0xF900, 0xFAFF),
    (0xFF00, 0xFF60),
    (0x20000, 0x3FFFF),
)
"""Scripts without spaces between words."""

NEVER_FIRST = frozenset(
    "々ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶー\u0e30\u0e32\u0e33\u0eb0\u0eb2\u0eb3"
)
"""Letters that belong to the one before them."""

NEVER_LAST = frozenset("\u0e40\u0e41\u0e42\u0e43\u0e44\u0ec0\u0ec1\u0ec2\u0ec3\u0ec4\u1039\u17d2")
"""Letters that belong to the one after them: vowels of Thai and Lao, and what joins consonants."""

TRAILING = " ,;:-\u3001\uff0c"
"""What does not stand before an ellipsis; the last two are Chinese commas."""

SPARE = 1.1
"""By how much lines may be shorter than the sums of their words' lengths, at most."""

OPENING, CLOSING = frozenset({"Ps", "Pi"}), frozenset({"Pe", "Pf", "Po"})
"""The categories of punctuation that a line does not end with, and does not begin with."""


def wrapped(
    text: str, length: Callable[[str], float], width: float, *, longest: int
) -> tuple[str, ...]:
    """Set a text in one or two lines of about equal length, cutting off what has no room.

    `length` measures a line, in the unit of `width`; `longest` is in characters.
    """
    words = breakable(text)
    # Sums of the words' lengths are about right, and save the measuring of most lines.
    ends = list(accumulate(map(length, words), initial=0.0))
    for kept in range(len(words), 0, -1):
        whole = "".join(words[:kept]).rstrip()
        if kept < len(words):
            whole = whole.rstrip(TRAILING) + ELLIPSIS
        if len(whole) > longest:
            continue
        cut = min(range(1, kept + 1), key=lambda cut: max(ends[cut], ends[kept] - ends[cut]))
        first = "".join(words[:cut])
        for lines in ((whole,), (first.rstrip(), whole[len(first) :])):
            if ends[kept] <= SPARE * width * len(lines) and max(map(length, lines)) <= width:
                return tuple(line for line in lines if line)
    return ()


def breakable(text: str) -> list[str]:
    """Split a text where a line may break; spaces stay at the ends of the words before them."""
    words = [""]
    for character in text:
        if words[-1] and _may_break(words[-1][-1], character):
            words.append("")
        words[-1] += character
    return words


def _may_break(before: str, after: str) -> bool:
    if after == " ":
        return False
    if before == " ":
        return True
    if not (_is_unspaced(before) or _is_unspaced(after)):
        return False
    kind = unicodedata.category(after)
    return not (
        kind[0] == "M"
        or kind in CLOSING
        or after in NEVER_FIRST
        or before in NEVER_LAST
        or unicodedata.category(before) in OPENING
    )


def _is_unspaced(character: str) -> bool:
    return any(first <= ord(character) <= last for first, last in UNSPACED)
