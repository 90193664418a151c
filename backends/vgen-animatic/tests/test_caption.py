"""What is lettered on a clip, and how it looks."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, features

from vgen.errors import ConfigurationError
from vgen_animatic import Animatic
from vgen_animatic.caption import caption
from vgen_animatic.faces import Fonts, named_fonts

from .animatics import request_for
from .lettering import font_file

NEEDS_RAQM = pytest.mark.skipif(not features.check("raqm"), reason="Pillow finds no libfribidi")
pytestmark = pytest.mark.usefixtures("no_other_fonts")

Pixels = np.ndarray[tuple[int, ...], np.dtype[np.float32]]


def shown(text: str, fonts: Fonts, size: tuple[int, int] = (640, 360), at: float = 2.0) -> Pixels:
    """How bright a grey frame is with the caption on it."""
    frame = Image.new("RGB", size, (90, 90, 90))
    lettering = caption(text, *size, fonts)
    assert lettering is not None
    lettering.draw(frame, at)
    return np.asarray(frame.convert("L"), dtype=np.float32)


def test_fades_in_within_the_lower_third() -> None:
    """Nothing at first, then brighter, and only in the lower third."""
    prompt = "The harbour at dusk, pan left over the boats"
    frames = [shown(prompt, Fonts(), at=seconds) for seconds in (0.0, 0.5, 2.0)]
    for pixels in frames:
        assert (pixels[: 360 * 3 // 5] == 90).all()
    sums = [(pixels > 91).sum() for pixels in frames]
    assert sums[0] == 0 < sums[1] <= sums[2]


@pytest.mark.parametrize(("accented", "plain"), [("año", "ano"), ("schön", "schon"), ("€5", "E5")])
def test_accents_are_seen(accented: str, plain: str) -> None:
    """An accent is not folded away, wherever no other font is installed."""
    assert not np.array_equal(shown(accented, Fonts()), shown(plain, Fonts()))


def test_a_named_font_letters_the_caption(tmp_path: Path) -> None:
    """A font's own letters are seen, and stay the same from one time to the next."""
    fonts = named_fonts(font_file(tmp_path / "bars.ttf", "夜の街"))
    first, again = shown("夜の街", fonts), shown("夜の街", fonts)
    assert (first[320:] > 200).sum() > 100
    assert np.array_equal(first, again)


@NEEDS_RAQM
def test_scripts_from_the_right_stand_at_the_right(tmp_path: Path) -> None:
    """A caption in Hebrew ends at the right margin, where one in Latin begins at the left one."""
    fonts = named_fonts(font_file(tmp_path / "bars.ttf", "שלום"))
    hebrew, latin = shown("שלום", fonts), shown("Shalom", fonts)
    assert (hebrew[:, 320:] > 200).any()
    assert not (hebrew[:, :320] > 200).any()
    assert (latin[:, :320] > 200).any()
    assert not (latin[:, 320:] > 200).any()


def test_the_clips_record_says_that_it_has_no_caption() -> None:
    """A clip without one has a note with the reason; one with all its letters has none."""
    size = (640, 360)
    backend = Animatic()
    assert backend.quote(request_for("Feliz año 🎉", size=size)).notes == ()
    (note,) = backend.quote(request_for("City of \U0001208a", size=size)).notes
    assert note == "its caption lacks letters that no font at hand has"
    (note,) = backend.quote(request_for("\ue000\ue001", size=size)).notes
    assert note == "made without a caption: it has no words"
    (note,) = backend.quote(request_for("Feliz año")).notes
    assert note == "made without a caption: it could not be read at 128x72"


def test_fonts_are_named_by_a_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file or a folder of fonts is named to the backend or in the environment."""
    request = request_for("\U0001208a\U0001209a", size=(640, 360))
    assert Animatic().quote(request).notes
    font_file(tmp_path / "cuneiform.ttf", request.prompt)
    assert not Animatic(fonts=tmp_path).quote(request).notes
    monkeypatch.setenv("ANIMATIC_FONTS", os.fspath(tmp_path / "cuneiform.ttf"))
    assert not Animatic().quote(request).notes


def test_a_setting_that_names_no_font_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told at once, not by boxes in the clips."""
    (tmp_path / "words.ttf").write_text("no font")
    monkeypatch.setenv("ANIMATIC_FONTS", os.fspath(tmp_path))
    with pytest.raises(ConfigurationError, match=r"ANIMATIC_FONTS: .* is no font, and no folder"):
        Animatic()
    with pytest.raises(ConfigurationError, match="nowhere: is no font, and no folder of fonts"):
        Animatic(fonts=tmp_path / "nowhere")
