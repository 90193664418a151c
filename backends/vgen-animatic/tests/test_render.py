"""What a rendered clip is: its frames, its bytes, its record, and what is left after a failure."""

from __future__ import annotations

import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from vgen.errors import GenerationError
from vgen.video import judge, probe
from vgen_animatic.arrays import Floats
from vgen_animatic.backend import COMMENT, render

from .animatics import ignore, image_of, luma, request_for

PROMPTS = {
    "landscape": "A mountain lake at dawn",
    "sea": "The lighthouse at dusk, a boat",
    "night": "A midnight drive under the stars, static camera",
    "city": "Rain on a neon street",
    "abstract": "An abstract dream, tilt down",
}

PROGRAM = """
import sys
from pathlib import Path
from vgen.abc import ClipRequest
from vgen_animatic.backend import render
request = ClipRequest("Boats at night, snow", 0.4, 160, 96, 12, 127, 25)
render(request, None, Path(sys.argv[1]), lambda fraction: None)
"""


@pytest.mark.parametrize("fps", [7, 24, 30])
@pytest.mark.parametrize("seconds", [0.01, 1 / 3, 0.5, 1.03])
def test_has_exactly_the_frames_asked_for(tmp_path: Path, seconds: float, fps: int) -> None:
    """A clip has `round(duration * fps)` frames, at least one, and lasts exactly as long."""
    path = tmp_path / "clip.mp4"
    render(request_for("abstract", seconds=seconds, fps=fps, size=(64, 48)), None, path, ignore)
    frames = max(1, round(seconds * fps))
    info = probe(path)
    assert (info.frames, info.duration) == (frames, Fraction(frames, fps))


@pytest.mark.parametrize("size", [(16, 16), (48, 160), (854, 16), (320, 240)])
@pytest.mark.parametrize("scene", PROMPTS)
def test_has_exactly_the_size_asked_for(tmp_path: Path, scene: str, size: tuple[int, int]) -> None:
    """Every scene can be drawn at any even size, tiny and odd shapes included."""
    path = tmp_path / "clip.mp4"
    render(request_for(PROMPTS[scene], seconds=0.1, size=size), None, path, ignore)
    info = probe(path)
    assert (info.width, info.height) == size


@pytest.mark.parametrize("scene", PROMPTS)
def test_passes_the_judge(tmp_path: Path, scene: str) -> None:
    """No scene is taken for black, flat, frozen, noisy, flickering or blurred."""
    path = tmp_path / "clip.mp4"
    render(request_for(PROMPTS[scene], seconds=2.0, size=(384, 216), fps=24), None, path, ignore)
    judgement = judge(path, thorough=True)
    assert judgement.faults == ()


def test_says_that_it_is_procedural(tmp_path: Path) -> None:
    """The file's comment says that no model made it."""
    path = tmp_path / "clip.mp4"
    render(request_for("sea", seconds=0.1, size=(64, 48)), None, path, ignore)
    with av.open(str(path)) as container:
        assert container.metadata["comment"] == COMMENT
    assert "procedural" in COMMENT


def test_same_request_gives_same_bytes_in_another_process(tmp_path: Path) -> None:
    """Two processes with other hash seeds render the same bytes."""
    clips: list[bytes] = []
    for seed in ("1", "2"):
        path = tmp_path / f"{seed}.mp4"
        surroundings = {**os.environ, "PYTHONHASHSEED": seed}
        subprocess.run([sys.executable, "-c", PROGRAM, str(path)], check=True, env=surroundings)
        clips.append(path.read_bytes())
    assert clips[0] == clips[1]


@pytest.mark.parametrize("scene", PROMPTS)
def test_another_seed_gives_another_picture(scene: str) -> None:
    """Seeds change the picture by more than five levels of brightness in the mean."""
    pictures = [luma(PROMPTS[scene], seed=seed) for seed in (1, 2, 3)]
    assert _difference(pictures[0], pictures[1]) > 5
    assert _difference(pictures[1], pictures[2]) > 5


def test_another_prompt_gives_another_picture() -> None:
    """So do prompts, even where they name the same scene and light."""
    assert _difference(luma("the sea at night"), luma("a sea at night")) > 5


def test_length_and_rate_do_not_change_the_scene(tmp_path: Path) -> None:
    """A preview of other timing still shows the same scene."""
    first, other = (
        _first_frame(tmp_path / f"{fps}.mp4", seconds=seconds, fps=fps)
        for seconds, fps in ((0.2, 10), (1.0, 24))
    )
    assert _difference(first, other) < 2.5  # what the encoder makes of it


def test_size_does_not_change_the_scene() -> None:
    """A larger preview shows the same scene, more finely."""
    small, large = (
        luma("a mountain at dawn", size=(96, 54)),
        luma("a mountain at dawn", size=(384, 216)),
    )
    reduced = large.reshape(54, 4, 96, 4).mean(axis=(1, 3))
    assert _difference(small, reduced) < 5


def test_what_progress_raises_ends_it_without_a_file(tmp_path: Path) -> None:
    """Cancelling stops at the next frame and leaves nothing behind."""
    seen: list[float] = []

    def cancel(fraction: float) -> None:
        seen.append(fraction)
        if len(seen) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        render(request_for("city", seconds=1.0, size=(64, 48)), None, tmp_path / "clip.mp4", cancel)
    assert len(seen) == 3
    assert list(tmp_path.iterdir()) == []


def test_progress_is_told_at_every_frame(tmp_path: Path) -> None:
    """It rises evenly to 1."""
    seen: list[float] = []
    render(
        request_for("sea", seconds=0.5, fps=8, size=(64, 48)), None, tmp_path / "c.mp4", seen.append
    )
    assert seen == [0.25, 0.5, 0.75, 1.0]


def test_a_broken_image_is_a_generation_error(tmp_path: Path) -> None:
    """What cannot be decoded fails the attempt for good, and leaves no file."""
    with pytest.raises(GenerationError, match="cannot be drawn"):
        render(request_for("x"), image_of(b"no picture"), tmp_path / "clip.mp4", ignore)
    assert list(tmp_path.iterdir()) == []


def _first_frame(path: Path, *, seconds: float, fps: int) -> Floats:
    request = request_for("a city at sunset", seconds=seconds, fps=fps, size=(128, 72))
    render(request, None, path, ignore)
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
        return frame.to_ndarray(format="gray").astype(np.float32)


def _difference(one: Floats, other: Floats) -> float:
    return float(np.abs(one - other).mean())
