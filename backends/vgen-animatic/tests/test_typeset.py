"""Which of a prompt's words are set, in which fonts, and in which order."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import features

from vgen_animatic.faces import JOINERS, LATIN, Face, Fonts, named_fonts
from vgen_animatic.typeset import NoCaption, Typeset, clusters, lettered, typeset

from .lettering import font_file, text_of

NEEDS_RAQM = pytest.mark.skipif(not features.check("raqm"), reason="Pillow finds no libfribidi")
SIZE = (640, 360)
OWN = Fonts()


pytestmark = pytest.mark.usefixtures("no_other_fonts")


@pytest.mark.parametrize(
    "text",
    [
        "Feliz año en Łódź, schön über Ærø",
        "Việt Nam, Şişli, Reykjavík, Győr",
        "“Cafés” — «œuvre» for €5, £3 or 200 ₽…",
    ],
)
def test_latin_letters_and_currencies_need_no_other_font(text: str) -> None:
    """European languages, Vietnamese and Turkish are lettered as they are written."""
    assert " ".join(text_of(typeset(text, *SIZE, OWN))) == text


def test_marks_are_composed() -> None:
    """A letter and its mark in two characters are one letter; other marks stand over theirs."""
    assert text_of(typeset("an\u0303o x\u0303", *SIZE, OWN)) == ["año x\u0303"]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("A party 🎉, at night 👩🏽‍🚀!", "A party, at night!"),
        ("tab\x07bell \ue000 and\nlines\t", "tabbell and lines"),
        ("🎉 fireworks", "fireworks"),
    ],
)
def test_what_no_font_has_is_left_out_singly(text: str, left: str) -> None:
    """The rest of the caption stays, and no gap is seen."""
    assert text_of(typeset(text, *SIZE, OWN)) == [left]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Москва ночью", "no font at hand has its letters"),
        ("夜の街 4K", "no font at hand has most of its letters"),
        ("", "it has no words"),
        ("🎉 !", "it has no words"),
        ("W" * 90, "its first word is too long"),
    ],
)
def test_no_caption_has_a_reason(text: str, reason: str) -> None:
    """Where there is no caption, it is said why."""
    assert typeset(text, *SIZE, OWN) == NoCaption(reason)


@pytest.mark.parametrize("size", [(160, 90), (16, 16), (1024, 64)])
def test_no_caption_on_tiny_clips(size: tuple[int, int]) -> None:
    """Where it could not be read there is none."""
    reason = f"it could not be read at {size[0]}x{size[1]}"
    assert typeset("A quiet morning", *size, OWN) == NoCaption(reason)


@given(st.text(min_size=1, max_size=80))
def test_never_letters_a_missing_glyph(text: str) -> None:
    """Whatever the prompt, a font has each character of the caption that it is to letter."""
    found = typeset(text, *SIZE, OWN)
    if isinstance(found, Typeset):
        for part in (part for line in found.lines for part in line):
            assert all(part.face.has(character) for character in part.text)


def test_one_font_for_all_where_one_has_all(tmp_path: Path) -> None:
    """A caption is in one font rather than in several, if one has all of its letters."""
    few = font_file(tmp_path / "1 few.ttf", "夜街")
    most = font_file(tmp_path / "2 most.ttf", "夜の街が…")
    assert set(lettered("夜の街", named_fonts(tmp_path))[1].values()) == {Face(str(most))}
    faces = lettered("夜の街 ä", named_fonts(tmp_path))[1]
    assert faces["ä"] == Face(str(LATIN))
    assert faces["夜"] == Face(str(most)) != Face(str(few))


def test_the_system_is_asked_for_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fontconfig's list of fonts is used in its order; what cannot be drawn is passed over."""
    font = font_file(tmp_path / "cyrillic.ttf", "Москванчью")
    program = tmp_path / "fc-match"
    program.write_text(f"#!/bin/sh\nprintf '/no/such.ttf\\t0\\nold.pfb\\t0\\n{font}\\t0\\n'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert text_of(typeset("Москва ночью", *SIZE, OWN)) == ["Москва ночью"]


def test_a_system_that_does_not_answer_has_no_fonts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fontconfig that fails is none."""
    program = tmp_path / "fc-match"
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert typeset("Москва", *SIZE, OWN) == NoCaption("no font at hand has its letters")


@NEEDS_RAQM
def test_what_runs_right_to_left_is_set_so(tmp_path: Path) -> None:
    """Words of both directions, and numbers, stand in the order that they are read in."""
    fonts = named_fonts(font_file(tmp_path / "hebrew.ttf", "שלום"))
    mixed = typeset("שלום 2024 Tel שלום", *SIZE, fonts)
    assert isinstance(mixed, Typeset)
    assert not mixed.rightwards
    (line,) = mixed.lines
    assert [part.text.strip() for part in line if part.text.strip()] == [
        "שלום",
        "Tel",
        "2024",
        "שלום",
    ]
    latin = typeset("He said שלום", *SIZE, fonts)
    assert isinstance(latin, Typeset)
    assert latin.rightwards
    assert latin.lines[0][-1].level == 1


@pytest.mark.skipif(bool(features.check("raqm")), reason="Pillow finds libfribidi")
def test_scripts_that_cannot_be_shaped_are_left_out(tmp_path: Path) -> None:
    """Letters in the wrong order would be worse than none."""
    fonts = named_fonts(font_file(tmp_path / "hebrew.ttf", "שלום"))
    assert isinstance(typeset("שלום", *SIZE, fonts), NoCaption)


def test_letters_keep_their_marks() -> None:
    """What joins two letters or stands above one is not torn off."""
    assert clusters("क्षि a\u0301") == ["क्", "षि", " ", "a\u0301"]
    assert clusters(f"می{min(JOINERS)}آ") == ["م", f"ی{min(JOINERS)}", "آ"]
