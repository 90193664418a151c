"""Judging: spoilt clips are found out, good ones pass, and sampling agrees with looking at all."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pytest

from vgen.errors import VideoError
from vgen.records.video import Fault, Inspection
from vgen.video import inspect, judge, probe, sampling

from .clips import (
    DUDS,
    FPS,
    HEIGHT,
    SCENES,
    SIX_SECONDS,
    WIDTH,
    black,
    black_tail,
    clouds,
    encode,
    flicker,
    frozen,
    grey,
    half_frozen,
    hills,
)
from .foreign import foreign, resized, without_first_packet

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .clips import Frame


@pytest.fixture(autouse=True)
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clips of these small pictures are sampled like those of large ones."""
    monkeypatch.setattr(sampling, "SAMPLED_PIXELS", sampling.SAMPLED * WIDTH * HEIGHT)


@cache
def scene(name: str) -> list[Frame]:
    """One of the good scenes, drawn once."""
    return SCENES[name]()


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Six seconds in which nothing is wrong."""
    return encode(tmp_path_factory.mktemp("judge") / "clip.mp4", scene("clouds")).read_bytes()


@pytest.mark.parametrize("name", SCENES)
def test_good_scenes_pass(tmp_path: Path, name: str) -> None:
    """A good clip has no fault, and by default a few of its pictures are enough to tell."""
    path = encode(tmp_path / "clip.mp4", scene(name))
    sampled, thorough = judge(path), judge(path, thorough=True)
    assert sampled.faults == thorough.faults == ()
    assert sampled.frames_judged < SIX_SECONDS / 4
    assert thorough.frames_judged == SIX_SECONDS
    assert sampled.measures.keys() == thorough.measures.keys()


@pytest.mark.parametrize("name", ["clouds", "hills"])
@pytest.mark.parametrize(
    ("spoil", "fault"), DUDS.items(), ids=lambda item: getattr(item, "__name__", "")
)
def test_duds_are_found(
    tmp_path: Path, spoil: Callable[[list[Frame]], list[Frame]], fault: str, name: str
) -> None:
    """Each way to spoil a clip is found, with its reason, at a glance as well as thoroughly."""
    path = encode(tmp_path / "clip.mp4", spoil(scene(name)))
    judgement = judge(path)
    assert judgement == judge(path, thorough=True)
    assert fault in judgement.faults
    assert judgement.useless == (spoil in {black, grey})
    assert all(judgement.explanations)
    assert len(judgement.explanations) == len(judgement.faults)


def ruined(clip: bytes, start: float, end: float, filler: Callable[[int], bytes]) -> bytes:
    """The clip with a share of its compressed pictures overwritten."""
    first = clip.index(b"mdat") + 4
    low, high = (first + int((len(clip) - first) * share) for share in (start, end))
    return clip[:low] + filler(high - low) + clip[high:]


@pytest.mark.parametrize("thorough", [False, True])
@pytest.mark.parametrize("filler", [bytes, np.random.default_rng(5).bytes], ids=["zeros", "random"])
@pytest.mark.parametrize(
    "share", [(0, 1), (0, 0.05), (0.4, 0.45), (0.72, 0.75), (0.97, 1)], ids=str
)
def test_overwritten_pictures(
    clip: bytes, share: tuple[float, float], filler: Callable[[int], bytes], *, thorough: bool
) -> None:
    """Zeros or garbage in place of pictures are damage, wherever they lie."""
    broken = ruined(clip, *share, filler)
    assert probe(broken).frames == SIX_SECONDS
    assert Fault.DAMAGED in judge(broken, thorough=thorough).faults


@pytest.mark.parametrize("kept", [0.3, 0.5, 0.9, 0.999])
def test_truncated_clip(clip: bytes, kept: float) -> None:
    """A clip cut short is damaged, and the explanation counts what is there."""
    judgement = judge(clip[: int(len(clip) * kept)])
    assert judgement.faults[0] is Fault.DAMAGED
    assert "of 90 declared frames" in judgement.explanations[0] or kept > 0.99


def test_truncated_webm() -> None:
    """A WebM clip declares no count of frames, but a duration that a cut clip does not reach."""
    whole = foreign(clouds(30), codec="libvpx-vp9", container="webm")
    assert judge(whole).faults == ()
    judgement = judge(whole[: len(whole) * 3 // 4])
    assert judgement.faults[0] is Fault.DAMAGED
    assert "are missing" in judgement.explanations[0]


def test_no_picture_decodes(clip: bytes) -> None:
    """A clip of which nothing decodes is damaged and has no measures."""
    judgement = judge(ruined(clip, 0, 1, bytes))
    assert judgement.faults == (Fault.DAMAGED,)
    assert (judgement.frames_judged, judgement.measures) == (0, {})


def test_pictures_of_another_size() -> None:
    """A clip whose pictures change their size halfway is damaged."""
    frames = clouds(10)
    assert judge(resized(frames, frames)).faults == ()
    assert Fault.DAMAGED in judge(resized(frames, [frame[::2, ::2] for frame in frames])).faults


def test_pictures_that_do_not_come() -> None:
    """Packets that decode to nothing, without any error, are damage."""
    judgement = judge(without_first_packet(foreign(clouds(30), options={"g": "12"})))
    assert judgement.faults[0] is Fault.DAMAGED
    assert "packets decode to" in judgement.explanations[0]


def test_effective_frame_rate(tmp_path: Path) -> None:
    """Pictures at 5 fps in a file at 15 fps are told by their measure, and are no fault."""
    frames = scene("hills")
    path = encode(tmp_path / "clip.mp4", [frames[i - i % 3] for i in range(len(frames))])
    judgement = judge(path, thorough=True)
    assert judgement.faults == ()
    assert judgement.measures["effective_fps"] == pytest.approx(5, abs=0.3)


def test_cuts_are_counted(tmp_path: Path) -> None:
    """A change of scene is a cut, not a fault."""
    path = encode(tmp_path / "clip.mp4", [*hills(30), *clouds(30), *hills(30, seed=3)])
    judgement = judge(path, thorough=True)
    assert judgement.faults == ()
    assert judgement.measures["cuts"] == 2


def test_a_blink_is_not_frozen(tmp_path: Path) -> None:
    """Under half a second it cannot be decided whether a clip is frozen."""
    still = hills(1)
    short, long = (encode(tmp_path / f"{n}.mp4", still * n) for n in (FPS // 3, FPS))
    assert judge(short).faults == ()
    assert judge(long).faults == (Fault.FROZEN,)


@pytest.mark.parametrize("seconds", [Fraction(1, 25), Fraction(6)])
def test_a_single_picture_is_no_clip(tmp_path: Path, seconds: Fraction) -> None:
    """One picture is useless, however long it is shown, and says so; two are a clip."""
    path = encode(tmp_path / "clip.mp4", hills(1), fps=1 / seconds)
    judgement = judge(path, asked=4.0)
    assert judgement.useless
    assert judgement.faults[0] is Fault.SHORT
    assert judgement.explanations[0] == "it is a single picture"
    assert judge(path) == judgement
    two = judge(encode(tmp_path / "clip.mp4", hills(2), fps=2 / seconds))
    assert not two.useless


def test_a_single_picture_may_be_what_was_asked_for(tmp_path: Path) -> None:
    """Of a tenth of a second, and of less, a picture may be all."""
    path = encode(tmp_path / "clip.mp4", hills(1), fps=25)
    assert judge(path, asked=0.04).faults == ()
    assert judge(path, asked=0.1).faults == ()
    assert judge(path, asked=0.11).faults == (Fault.SHORT,)


def test_a_clip_far_shorter_than_asked_is_useless(tmp_path: Path) -> None:
    """Less than a tenth of what was asked for is next to nothing; without that, any length goes."""
    path = encode(tmp_path / "clip.mp4", hills(6), fps=15)
    assert judge(path, asked=4.0).faults == judge(path).faults == ()
    judgement = judge(path, asked=4.1)
    assert (judgement.faults, judgement.useless) == ((Fault.SHORT,), True)
    assert judgement.explanations == ("it lasts 0.40 s, and was to last 4.10 s",)
    assert inspect(path, asked=4.1).judgement == judgement


def test_few_keyframes() -> None:
    """A clip that can be decoded from its start only is judged by its start."""
    frames = scene("clouds")
    for every in ("15", "250"):
        assert judge(foreign(frames, options={"g": every})).frames_judged == sampling.SAMPLED


@pytest.mark.parametrize("spoil", [frozen, half_frozen, black_tail])
def test_faults_far_from_the_only_keyframe(
    spoil: Callable[[list[Frame]], list[Frame]],
) -> None:
    """Where hardly anything is stored for a while, all is decoded, whatever keyframes there are."""
    judgement = judge(foreign(spoil(scene("clouds")), options={"g": "250"}))
    assert judgement.frames_judged == SIX_SECONDS
    assert DUDS[spoil] in judgement.faults


def test_few_pictures() -> None:
    """Of a short clip every picture is looked at."""
    assert judge(foreign(scene("hills")[: sampling.FEW])).frames_judged == sampling.FEW


def test_small_pictures_are_all_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sample is as many pixels as cost about the same: of small pictures it is all there are."""
    monkeypatch.undo()
    frames = [frame[::2, ::2] for frame in scene("clouds")]
    assert judge(foreign(frames)).frames_judged == SIX_SECONDS


def test_repainting_does_not_hide_a_freeze() -> None:
    """A still picture stays still although its encoder draws it anew every second."""
    clip = foreign(half_frozen(scene("clouds")), options={"g": "15", "crf": "33"})
    assert judge(clip).measures["longest_freeze"] == pytest.approx(3, abs=0.1)


def test_a_freeze_may_be_large() -> None:
    """A still picture under grain too faint to see is frozen, however large its packets."""
    random = np.random.default_rng(6)
    grain = [(random.random((144, 256, 1)) < 0.1).astype(np.uint8) for _ in range(SIX_SECONDS)]
    for spoil, thorough in ((frozen, False), (half_frozen, True)):
        frames = [f ^ speck for f, speck in zip(spoil(scene("hills")), grain, strict=True)]
        clip = foreign(frames, options={"g": "15", "crf": "1"})
        assert judge(clip, thorough=thorough).faults == (Fault.FROZEN,)


def test_flicker_is_not_disorder(tmp_path: Path) -> None:
    """Pictures whose brightness jumps still follow one another."""
    path = encode(tmp_path / "clip.mp4", flicker(scene("hills")))
    assert judge(path).faults == (Fault.FLICKER,)


def test_decoding_is_bounded(clip: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only so many pictures are decoded, of the longest clip."""
    monkeypatch.setattr(sampling, "MAX_PICTURES", 20)
    judgement = judge(clip, thorough=True)
    assert (judgement.frames_judged, judgement.faults) == (20, ())


def test_inspect_is_probe_and_judge(clip: bytes) -> None:
    """`inspect` tells what `probe` and `judge` tell."""
    assert inspect(clip) == Inspection(probe(clip), judge(clip))
    assert inspect(clip, thorough=True).judgement == judge(clip, thorough=True)


def test_no_video_no_judgement() -> None:
    """What cannot be probed cannot be judged either."""
    for look in (judge, inspect):
        with pytest.raises(VideoError, match="an empty file"):
            look(b"")
