"""Where lines of captions break."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vgen_animatic.breaks import ELLIPSIS, breakable, wrapped
from vgen_animatic.faces import LATIN, Face
from vgen_animatic.typeset import LONGEST

FONT = Face(str(LATIN)).at(20)


@given(
    st.lists(
        st.text(st.characters(codec="ascii", categories=["L"]), min_size=1, max_size=30),
        max_size=30,
    )
)
def test_wraps_into_two_lines_that_fit(words: list[str]) -> None:
    """At most two lines, none wider than there is room; an ellipsis stands for words cut off."""
    text = " ".join(words)
    lines = wrapped(text, FONT.getlength, 300.0, longest=LONGEST)
    assert len(lines) <= 2
    assert all(FONT.getlength(line) <= 300.0 for line in lines)
    assert len(" ".join(lines)) <= LONGEST + 1
    if lines:
        shown = " ".join(lines)
        assert shown == text or (shown[-1] == ELLIPSIS and text.startswith(shown[:-1]))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The harbour, at dusk", ["The ", "harbour, ", "at ", "dusk"]),
        ("夜の街、「雨」が", ["夜", "の", "街、", "「雨」", "が"]),
        ("チョーク 4K映像", ["チョー", "ク ", "4K", "映", "像"]),
        ("서울의 밤", ["서울의 ", "밤"]),
        ("เช้าวันใหม่", ["เช้า", "วั", "น", "ให", "ม่"]),
    ],
)
def test_lines_break_where_their_script_allows_it(text: str, words: list[str]) -> None:
    """Between words or, in scripts without spaces, between letters, but not before a comma."""
    assert breakable(text) == words


def test_a_word_is_not_cut() -> None:
    """A word wider than the frame is left out rather than cut."""
    assert wrapped("W" * 90, FONT.getlength, 300.0, longest=LONGEST) == ()


def test_two_lines_are_about_equal() -> None:
    """The second line is not left with a single word."""
    lines = wrapped("夜の街、雨が降り続いている", len, 8.0, longest=LONGEST)
    assert [len(line) for line in lines] == [6, 7]
