"""Reference images that are deleted between two runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from vgen.cli.app import run
from vgen.testing.clips import tiny_picture

from .helpers import lines, prompt, write_prompts

GENERATE = ("generate", "prompts.json", "--backend", "from-images")


@pytest.fixture
def made(workdir: Path) -> Path:
    """The folder of a job of three clips from images, which are gone."""
    images = [f"{index}.png" for index in range(3)]
    for image in images:
        (workdir / image).write_bytes(tiny_picture())
    write_prompts(
        workdir / "prompts.json",
        *(prompt(index, scene_reference_url=image) for index, image in enumerate(images)),
    )
    assert run(GENERATE) == 0
    for image in images:
        (workdir / image).unlink()
    return workdir / "clips"


def test_clips_that_are_made_need_no_images(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same command keeps them; nothing is refused, and nothing made."""
    before = {path: path.read_bytes() for path in made.glob("*.mp4")}
    capsys.readouterr()
    assert run(GENERATE) == 0
    assert capsys.readouterr().err.count("kept") == 3
    assert {path: path.read_bytes() for path in made.glob("*.mp4")} == before


def test_a_clip_that_is_to_be_made_needs_its_image(
    made: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its image alone is named, before anything is made."""
    capsys.readouterr()
    assert run([*GENERATE, "--redo", "1"]) == 2
    assert lines(capsys.readouterr().err) == [
        "clip_prompts[1].scene_reference_url: 1.png: no such file"
    ]
    assert len(list(made.glob("*.mp4"))) == 3
