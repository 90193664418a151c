"""Sampling: what a few pictures would not show has the whole clip decoded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from vgen.records.video import Fault
from vgen.video import judge, sampling

from .clips import HEIGHT, WIDTH, clouds
from .foreign import foreign

if TYPE_CHECKING:
    from .clips import Frame

FPS = 24
SECONDS = 3
COUNT = FPS * SECONDS


@pytest.fixture(autouse=True)
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clips of these small pictures are sampled like those of large ones."""
    monkeypatch.setattr(sampling, "SAMPLED_PIXELS", sampling.SAMPLED * WIDTH * HEIGHT)


@pytest.fixture(scope="module")
def moving() -> list[Frame]:
    """Three seconds in which nothing is wrong."""
    return clouds(COUNT)


MAKINGS: dict[str, dict[str, Any]] = {
    "usual": {},
    "quickly": {"options": {"preset": "ultrafast", "tune": "zerolatency"}},
    "finely": {"options": {"crf": "12"}},
    "keyframes alone": {"options": {"g": "1"}},
    "a constant rate": {"options": {"b": "1M", "minrate": "1M", "maxrate": "1M", "bufsize": "1M"}},
    "MPEG-4 Part 2": {"codec": "mpeg4", "options": {"b": "2M"}},
    "VP9": {"codec": "libvpx-vp9", "container": "webm", "options": {"deadline": "realtime"}},
    "Motion JPEG": {"codec": "mjpeg", "container": "mov", "pixels": "yuvj420p"},
}


@pytest.mark.parametrize("making", MAKINGS.values(), ids=MAKINGS)
@pytest.mark.parametrize("start", [FPS, 2 * FPS])
def test_a_second_of_three_stands_still(
    moving: list[Frame], making: dict[str, Any], start: int
) -> None:
    """A second without movement is found, in the middle and at the end, whatever the encoder."""
    frames = [*moving[:start], *[moving[start]] * FPS, *moving[start + FPS :]]
    judgement = judge(foreign(frames, fps=FPS, **making))
    assert Fault.FROZEN in judgement.faults
    assert not judgement.useless


@pytest.mark.parametrize("making", list(MAKINGS.values())[:5], ids=list(MAKINGS)[:5])
def test_a_gap_in_the_timestamps(moving: list[Frame], making: dict[str, Any]) -> None:
    """A picture that is shown for a second because none follows it is a freeze."""
    kept = [n for n in range(COUNT) if not FPS < n < 2 * FPS]
    times = [1000 * n // FPS for n in kept]
    judgement = judge(foreign([moving[n] for n in kept], fps=FPS, times=times, **making))
    assert judgement.faults == (Fault.FROZEN,)


@pytest.mark.parametrize("colour", [(0, 135, 0), (128, 128, 128), (200, 30, 40)], ids=str)
def test_a_last_second_of_one_colour(moving: list[Frame], colour: tuple[int, int, int]) -> None:
    """An end of one colour is found, whatever the colour."""
    frames = [frame.copy() for frame in moving]
    for frame in frames[2 * FPS :]:
        frame[:] = colour
    for name in ("usual", "quickly", "keyframes alone"):
        assert Fault.FLAT in judge(foreign(frames, fps=FPS, **MAKINGS[name])).faults


def test_repeated_pictures_cost_nothing(moving: list[Frame]) -> None:
    """A film of fewer pictures a second is sampled like any other."""
    for repeats in (2, 3):
        frames = [moving[n - n % repeats] for n in range(COUNT)]
        judgement = judge(foreign(frames, fps=FPS, options={"bf": "0"}))
        assert (judgement.frames_judged, judgement.faults) == (sampling.SAMPLED, ())


def test_a_still_picture_under_grain_is_suspect(moving: list[Frame]) -> None:
    """Runs of pictures that look alike, however much their grain differs, have all looked at."""
    random = np.random.default_rng(2)
    frames = [
        np.clip(moving[0] + random.normal(0, 4, (HEIGHT, WIDTH, 1)), 0, 255).astype(np.uint8)
        for _ in range(COUNT)
    ]
    judgement = judge(foreign(frames, fps=FPS, options={"g": "24", "crf": "14"}))
    assert (judgement.frames_judged, judgement.faults) == (COUNT, (Fault.FROZEN,))


def test_a_part_that_is_empty_from_some_time_on(moving: list[Frame]) -> None:
    """An empty part in any run of pictures has all looked at."""
    frames = [frame.copy() for frame in moving]
    for frame in frames[FPS:]:
        frame[HEIGHT // 2 :] = 96
    judgement = judge(foreign(frames, fps=FPS, options={"g": "24"}))
    assert (judgement.frames_judged, judgement.faults) == (COUNT, (Fault.FLAT,))
