"""The order of lines that run in both directions."""

from __future__ import annotations

import pytest

from vgen_animatic.bidi import is_right_to_left, levels, visual_order


@pytest.mark.parametrize(
    ("text", "rightwards", "seen"),
    [
        ("plain words, 12.", True, "plain words, 12."),
        ("he said אבג דהו, and left", True, "he said והד גבא, and left"),
        ("אבג 123 דהו", True, "והד 123 גבא"),
        ("he said אבג 123 דהו.", True, "he said והד 123 גבא."),
        ("אבג Tel Aviv, 12 דהו", False, "והד Tel Aviv, 12 גבא"),
        ("אבג 10:30, $12.50 25%!", False, "!25% $12.50 ,10:30 גבא"),
        ("ضوء 25٪ نار", False, "ران 25٪ ءوض"),
        ("אבג", True, "גבא"),
        ("1 a.", False, ".a 1"),
        ("", True, ""),
    ],
)
def test_lines_stand_as_they_are_read(text: str, seen: str, *, rightwards: bool) -> None:
    """Words, numbers and signs stand where the Unicode Bidirectional Algorithm puts them."""
    placed = zip(text, levels(text, rightwards=rightwards), strict=True)
    assert "".join(c for c, _ in visual_order(list(placed), lambda each: each[1])) == seen


@pytest.mark.parametrize(
    ("text", "from_right"),
    [("Tel אבג", False), ("12 «אבג» Tel", True), ("12!", False), ("", False)],
)
def test_the_first_letter_gives_the_direction(text: str, *, from_right: bool) -> None:
    """Numbers and signs before it do not count."""
    assert is_right_to_left(text) is from_right
