"""Clips from reference images of every kind."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from vgen.errors import GenerationError
from vgen.video import judge, probe
from vgen_animatic import picture
from vgen_animatic.backend import render
from vgen_animatic.camera import Move
from vgen_animatic.depth import COLUMNS, ROWS, depth_grid, focus
from vgen_animatic.director import direct
from vgen_animatic.picture import GROUND, read_picture
from vgen_animatic.still import shoot
from vgen_animatic.travel import Strip

from .animatics import encoded, ignore, image_of, request_for, scenery

SIZE = (160, 90)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I", "F", "I;16"])
def test_every_mode_is_drawn(tmp_path: Path, mode: str) -> None:
    """Pictures of any colour mode make a clip."""
    if mode in ("I", "F", "I;16"):
        kind = {"I": np.int32, "F": np.float32, "I;16": np.uint16}[mode]
        levels = np.asarray(scenery().convert("L")).astype(kind)
        source = Image.fromarray(levels * (257 if mode != "F" else 1))
    else:
        source = scenery().convert(mode)
    image = image_of(source, "TIFF" if mode in ("CMYK", "F", "I") else "PNG")
    render(request_for("pan left", size=SIZE), image, tmp_path / "clip.mp4", ignore)
    assert probe(tmp_path / "clip.mp4").frames == 6


@pytest.mark.parametrize("mode", ["I", "F", "I;16"])
def test_deep_greys_keep_their_brightness(mode: str) -> None:
    """Sixteen bits, whole numbers and real ones come out as the grey that they mean."""
    levels = {"I": (np.int32, 32768), "F": (np.float32, 0.5), "I;16": (np.uint16, 32768)}
    kind, level = levels[mode]
    source = Image.fromarray(np.full((4, 4), level, dtype=kind))
    shown = np.asarray(read_picture(encoded(source, "TIFF")), dtype=np.int16)
    assert shown.shape == (4, 4, 3)
    assert (abs(shown - 127) <= 1).all()


def test_what_is_transparent_shows_a_neutral_ground() -> None:
    """Neither black nor white shines through a cut-out."""
    clear = Image.new("RGBA", (8, 8), (255, 0, 0, 0))
    assert read_picture(encoded(clear)).getpixel((3, 3)) == GROUND


def test_a_turned_photograph_stands_upright() -> None:
    """The orientation that a camera noted is applied."""
    source = Image.new("RGB", (8, 4), (255, 0, 0))
    source.paste((0, 0, 255), (4, 0, 8, 4))
    exif = Image.Exif()
    exif[0x0112] = 6
    upright = read_picture(encoded(source, "PNG", exif=exif))
    assert upright.size == (4, 8)
    assert upright.getpixel((1, 1)) == (255, 0, 0)


def test_an_animation_shows_its_first_picture() -> None:
    """Only the first picture of an animation counts."""
    frames = [Image.new("RGB", (8, 8), colour) for colour in ((255, 0, 0), (0, 255, 0))]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert read_picture(data).getpixel((2, 2)) == (255, 0, 0)


@pytest.mark.parametrize("data", [b"", b"<html>", encoded(scenery())[:-900]])
def test_broken_pictures_are_generation_errors(data: bytes) -> None:
    """Pillow's own errors never come out."""
    with pytest.raises(GenerationError, match="cannot be drawn"):
        read_picture(data)


def test_a_bomb_is_a_generation_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A picture with too many pixels is refused before it is decoded."""
    monkeypatch.setattr(picture, "MOST_PIXELS", 100)
    with pytest.raises(GenerationError, match="too many pixels"):
        read_picture(encoded(scenery()))


@pytest.mark.parametrize(
    "size", [(1, 1), (3, 2), (200, 4000), (4000, 200), (90, 140), (300, 90), (160, 90), (90, 90)]
)
@pytest.mark.parametrize("frame", [(160, 90), (90, 160), (16, 16)])
def test_every_shape_is_drawn(size: tuple[int, int], frame: tuple[int, int]) -> None:
    """Pictures of any shape fill frames of any shape, for the whole of the clip."""
    image = image_of(Image.new("RGB", size, (200, 120, 40)))
    shot = shoot(image.data, direct("x"), *frame, 4.0)
    for fraction in (0.0, 0.55, 1.0):
        assert shot(4.0 * fraction, fraction).size == frame


@pytest.mark.parametrize("move", Move)
def test_every_move_changes_the_view_smoothly(move: Move) -> None:
    """The picture moves between any two moments, and never jumps."""
    shot = shoot(encoded(scenery(320, 180)), direct(move.value), *SIZE, 2.0)
    frames = [
        np.asarray(shot(i / 24, i / 47).convert("L"), dtype=np.float32) for i in range(0, 48, 4)
    ]
    steps = [np.abs(a - b).mean() for a, b in pairwise(frames)]
    assert all(0.0 < step < 8.0 for step in steps)


def bands(count: int, size: tuple[int, int], *, across: bool) -> Image.Image:
    """Bands of rising brightness along one side, with something to see in each."""
    width, height = size
    levels = np.repeat(np.linspace(20, 235, count), 10)
    grey = np.tile(levels, (2, 1)) if across else np.tile(levels[:, None], (1, 2))
    return Image.fromarray(grey.astype(np.uint8)).resize((width, height), Image.Resampling.NEAREST)


@pytest.mark.parametrize(
    ("size", "prompt", "rises"),
    [
        ((1500, 100), "pan right", True),
        ((1500, 100), "pan left", False),
        ((100, 2000), "tilt down", True),
        ((100, 2000), "tilt up", False),
        ((6, 120), "tilt up", False),
    ],
)
@pytest.mark.parametrize("frame", [(160, 90), (90, 160)])
def test_long_pictures_fill_the_frame_and_are_moved_over(
    size: tuple[int, int], prompt: str, frame: tuple[int, int], *, rises: bool
) -> None:
    """A panorama is panned over and a tower tilted over, at its full width, as one would walk."""
    across = size[0] > size[1]
    shot = shoot(encoded(bands(40, size, across=across)), direct(prompt), *frame, 4.0)
    shown = [_grey(shot(4.0 * fraction, fraction)) for fraction in (0.0, 0.5, 1.0)]
    for grey in shown:
        assert np.ptp(grey, axis=0 if across else 1).max() <= 2.0
    steps = np.diff([grey.mean() for grey in shown])
    assert (steps > 3.0).all() if rises else (steps < -3.0).all()


@pytest.mark.parametrize("size", [(300, 450), (100, 2000), (2000, 100), (320, 180)])
def test_a_static_camera_stands_before_any_picture(size: tuple[int, int]) -> None:
    """In a clip of a static camera hardly anything moves, whatever the picture's shape."""
    source = bands(40, size, across=size[0] > size[1])
    shot = shoot(encoded(source), direct("static camera"), *SIZE, 4.0)
    first, last = _grey(shot(0.0, 0.0)), _grey(shot(4.0, 1.0))
    assert np.abs(first - last).mean() < 4.0
    assert abs(first.mean() - last.mean()) < 2.0


def test_a_static_camera_looks_where_there_is_most_to_see() -> None:
    """Of a long picture it shows the part with the most in it, not the middle."""
    source = Image.new("L", (2000, 100), 30)
    source.paste(scenery(178, 100), (1500, 0))
    shot = shoot(encoded(source), direct("static camera"), *SIZE, 4.0)
    assert (np.abs(_grey(shot(0.0, 0.0)) - 30.0) > 4.0).mean() > 0.8


def test_a_long_strip_is_not_enlarged_as_a_whole() -> None:
    """A strip that is narrower than the frame stays as it is: enlarged it could take gigabytes."""
    strip = Strip(Image.new("RGB", (30, 6000)), 16 / 9)
    assert strip.shrunk(4096, 2304) is strip
    assert strip.shrunk(15, 8).picture.size == (15, 3000)


def test_two_shots_where_there_is_time() -> None:
    """A clip that is long enough begins like a short one and ends closer to the focus."""
    data = encoded(scenery(320, 180))
    short, long = (shoot(data, direct("push in"), *SIZE, seconds) for seconds in (2.0, 6.0))
    assert np.abs(_grey(short(0.0, 0.0)) - _grey(long(0.0, 0.0))).mean() == 0.0
    assert np.abs(_grey(short(2.0, 1.0)) - _grey(long(6.0, 1.0))).mean() > 4.0


@pytest.mark.parametrize("shape", [(900, 1200), (2400, 160), (640, 360)])
def test_passes_the_judge(tmp_path: Path, shape: tuple[int, int]) -> None:
    """Clips from pictures of any shape have no fault, nor do those of a static camera."""
    image = image_of(scenery(*shape), "JPEG", quality=90)
    for prompt in ("the valley", "static camera"):
        path = tmp_path / "clip.mp4"
        render(request_for(prompt, seconds=3.0, size=(320, 180), fps=24), image, path, ignore)
        assert judge(path, thorough=True).faults == ()


@pytest.mark.parametrize("words", ["THE END", "."])
def test_white_words_on_black_pass_the_judge(tmp_path: Path, words: str) -> None:
    """A clip from a picture of a few white letters on black is kept, and has no fault."""
    source = Image.new("RGB", (640, 360))
    ImageDraw.Draw(source).text((220, 150), words, fill="white", font=ImageFont.load_default(60))
    path = tmp_path / "clip.mp4"
    render(request_for("the end", seconds=3.0), image_of(source), path, ignore)
    judgement = judge(path)
    assert not judgement.useless
    assert judgement.faults == ()


def test_depth_is_a_smooth_grid_between_0_and_1() -> None:
    """The ground is nearer than the sky, and neighbours differ little: the mesh does not fold."""
    near = depth_grid(scenery(320, 180))
    assert near.shape == (ROWS + 1, COLUMNS + 1)
    assert near.min() >= 0.0
    assert near.max() <= 1.0
    assert near[-3:].mean() > near[:3].mean()
    assert max(np.abs(np.diff(near, axis=0)).max(), np.abs(np.diff(near, axis=1)).max()) < 0.3


def test_focus_lies_within_the_picture() -> None:
    """Even a picture of one colour has a focus, near its middle."""
    x, y = focus(depth_grid(Image.new("RGB", (50, 40), (9, 9, 9))))
    assert 0.25 < x < 0.75
    assert 0.25 < y < 0.75


def _grey(shown: Image.Image) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.asarray(shown.convert("L"), dtype=np.float32)
