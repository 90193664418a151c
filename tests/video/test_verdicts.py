"""What is lost as a dud: only what certainly shows nothing; everything else is kept, and told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from vgen.records.video import Fault
from vgen.video import judge, sampling

from .clips import encode
from .drawing import FPS, drawn
from .dud_scenes import NOTHING, POOR, good, overwritten, plain
from .foreign import foreign, resized
from .sound_looks import LOOKS
from .sound_moves import MOVES

if TYPE_CHECKING:
    from pathlib import Path

SOUND = LOOKS | MOVES

TOLD = {
    "the_end": {Fault.FROZEN},
    "small_words": {Fault.FROZEN},
    "lightning": {Fault.FROZEN, Fault.FLICKER},
    "fade_out": {Fault.BLACK, Fault.FLAT, Fault.FROZEN},
    "opens_on_black": {Fault.BLACK, Fault.FROZEN},
    "equalizer": {Fault.FLICKER},
    "colour_wash": {Fault.FLAT},
    "thick_fog": {Fault.FLAT},
    "strobe": {Fault.FLAT, Fault.FLICKER},
    "strobe_over_dancers": {Fault.BLACK, Fault.FLAT, Fault.FLICKER, Fault.BLURRED},
    "title_card": {Fault.FROZEN},
    "second_hand": {Fault.FROZEN},
}
"""What is told of sound clips: that they stand still, are black for a while, or flash."""


@pytest.mark.parametrize("name", SOUND)
def test_sound_clips_are_kept(tmp_path: Path, name: str) -> None:
    """No sound clip is useless, however odd, and what is told of it is true."""
    judgement = judge(encode(tmp_path / "clip.mp4", drawn(SOUND[name]), fps=FPS))
    assert not judgement.useless
    assert set(judgement.faults) == TOLD.get(name, set())


@pytest.mark.parametrize("name", NOTHING)
def test_what_shows_nothing_is_useless(tmp_path: Path, name: str) -> None:
    """A clip of one colour from beginning to end is useless, and its faults say why."""
    judgement = judge(encode(tmp_path / "clip.mp4", NOTHING[name](), fps=FPS))
    assert judgement.useless
    assert not {Fault.BLACK, Fault.FLAT}.isdisjoint(judgement.faults)


@pytest.mark.parametrize("name", POOR)
def test_what_shows_something_is_kept_and_told(tmp_path: Path, name: str) -> None:
    """A clip with a fault that shows something is not useless, and its fault is told."""
    frames, fault = POOR[name]
    judgement = judge(encode(tmp_path / "clip.mp4", frames(), fps=FPS))
    assert not judgement.useless
    assert fault in judgement.faults


@pytest.mark.parametrize("pixels", ["yuv420p", "yuv444p", "yuvj420p", "yuv420p10le", "gray"])
def test_colour_counts_in_every_format(pixels: str) -> None:
    """One colour is useless in any pixel format; a red ball on an equal green only without them."""
    assert judge(foreign(plain(90, 90, 90), pixels=pixels)).useless
    ball = foreign(drawn(SOUND["red_on_green"]), pixels=pixels, options={"crf": "10"})
    assert not judge(ball).useless or pixels == "gray"


def test_the_pixel_format_may_change() -> None:
    """A clip that stands still while its pixel format changes is judged like any other."""
    frame = SOUND["red_on_green"](0)
    clip = resized([frame] * 10, [frame] * 10, formats=("yuv420p", "yuv444p"))
    assert judge(clip).faults == (Fault.FROZEN,)


def test_a_speck_is_something_to_see(tmp_path: Path) -> None:
    """A spot of four pixels, in one picture of a large black clip, keeps the clip."""
    frames = [np.zeros((720, 1280, 3), np.uint8) for _ in range(30)]
    black = encode(tmp_path / "black.mp4", frames)
    assert judge(black).useless
    frames[17][411:413, 603:605] = 200
    assert not judge(encode(tmp_path / "speck.mp4", frames)).useless


def test_what_is_not_looked_at_is_not_useless(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A black clip too long to be decoded as a whole is black, but may show something later."""
    monkeypatch.setattr(sampling, "MAX_PICTURES", 20)
    judgement = judge(encode(tmp_path / "clip.mp4", plain(0, 0, 0), fps=FPS))
    assert Fault.BLACK in judgement.faults
    assert not judgement.useless


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A good clip with a keyframe for every twelve pictures."""
    path = tmp_path_factory.mktemp("verdicts") / "clip.mp4"
    return encode(path, good(), fps=6).read_bytes()


@pytest.mark.parametrize("kept", [0.3, 0.5, 0.9, 0.99])
def test_a_file_that_is_cut_is_useless(clip: bytes, kept: float) -> None:
    """A file without the bytes that its index promises is useless, however few are missing."""
    judgement = judge(clip[: int(len(clip) * kept)])
    assert judgement.useless
    assert judgement.faults[0] is Fault.DAMAGED


@pytest.mark.parametrize("zeros", [False, True])
@pytest.mark.parametrize(
    ("share", "useless"),
    [
        ((0, 0.05), False),
        ((0.4, 0.42), False),
        ((0.3, 0.6), False),
        ((0.2, 0.9), True),
        ((0, 1), True),
    ],
)
def test_a_clip_that_mostly_plays_is_kept(
    clip: bytes, share: tuple[float, float], *, zeros: bool, useless: bool
) -> None:
    """Wrong bytes make a whole file useless only where fewer than half of its pictures play."""
    judgement = judge(overwritten(clip, *share, zeros=zeros))
    assert Fault.DAMAGED in judgement.faults
    assert judgement.useless is useless
