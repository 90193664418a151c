"""What is lettered on a clip, and what is not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFont

from vgen_animatic.caption import LONGEST, caption, drawable, folded, wrapped


def font() -> ImageFont.FreeTypeFont:
    """The built-in font at one size."""
    loaded = ImageFont.load_default(20)
    assert isinstance(loaded, ImageFont.FreeTypeFont)
    return loaded


FONT = font()


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Café crème — “naïve”", 'Cafe creme - "naive"'),
        ("Ærø, Łódź, straße, œuvre", "AEro, Lodz, strasse, oeuvre"),
        ("an ellipsis…  and\nlines\t", "an ellipsis... and lines"),
    ],
)
def test_folds_to_plain_letters(text: str, plain: str) -> None:
    """Accents, ligatures, dashes and quotation marks become what the font has."""
    assert folded(text) == plain
    assert drawable(FONT, plain)


@pytest.mark.parametrize(
    "text", ["Москва ночью", "夜の街", "A party 🎉", "שלום", "tab\x07bell", "½ \ue000"]
)
def test_leaves_out_what_it_cannot_letter(text: str) -> None:
    """One letter that the font lacks leaves the whole caption out: no boxes."""
    assert caption(text, 640, 360) is None


@given(st.text(min_size=1, max_size=80))
def test_never_letters_a_missing_glyph(text: str) -> None:
    """Whatever the prompt, each character of a caption has a glyph other than the box."""
    box = _drawn("\uffff")
    if caption(text, 640, 360) is not None:
        shown = folded(text)
        assert all(not np.array_equal(_drawn(c), box) for c in set(shown) - {" "})


@given(
    st.lists(
        st.text(st.characters(codec="ascii", categories=["L"]), min_size=1, max_size=30),
        max_size=30,
    )
)
def test_wraps_into_two_lines_that_fit(words: list[str]) -> None:
    """At most two lines, none wider than there is room; an ellipsis stands for words cut off."""
    text = " ".join(words)
    lines = wrapped(text, FONT.getlength, 300.0)
    assert len(lines) <= 2
    assert all(FONT.getlength(line) <= 300.0 for line in lines)
    assert len(" ".join(lines)) <= LONGEST
    if lines:
        shown = " ".join(lines)
        assert shown == text or (shown.endswith("...") and text.startswith(shown[:-3]))


@pytest.mark.parametrize("size", [(160, 90), (16, 16), (1024, 64)])
def test_no_caption_on_tiny_clips(size: tuple[int, int]) -> None:
    """Where it could not be read there is none."""
    assert caption("A quiet morning", *size) is None


@pytest.mark.parametrize("text", ["", "   ", "\u0301"])
def test_no_caption_without_words(text: str) -> None:
    """An empty prompt has none."""
    assert caption(text, 640, 360) is None


def test_no_caption_for_a_word_without_room() -> None:
    """A word wider than the frame is left out rather than cut."""
    assert caption("W" * 90, 200, 200) is None


def test_fades_in_within_the_lower_third() -> None:
    """Nothing at first, then brighter, and only in the lower third."""
    lettering = caption("The harbour at dusk, pan left over the boats", 640, 360)
    assert lettering is not None
    sums: list[float] = []
    for seconds in (0.0, 0.5, 2.0):
        frame = Image.new("RGB", (640, 360), (90, 90, 90))
        lettering.draw(frame, seconds)
        pixels = np.asarray(frame.convert("L"), dtype=np.float32)
        assert (pixels[: 360 * 3 // 5] == 90).all()
        sums.append(float((pixels > 91).sum()))
    assert sums[0] == 0 < sums[1] <= sums[2]


def _drawn(character: str) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    mask = FONT.getmask(character)
    return np.array(mask, dtype=np.uint8).reshape(mask.size[::-1])
