"""What the documentation shows is what happens."""

from __future__ import annotations

import json
import re
from pathlib import Path

from vgen import read_prompts

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: str, language: str) -> list[str]:
    """Return the code blocks of one language on a page."""
    found = BLOCK.findall((ROOT / page).read_text("utf-8"))
    return [code for name, code in found if name == language]


def test_the_readmes_prompts_are_valid() -> None:
    """The prompts file in the README can be read."""
    (prompts,) = blocks("README.md", "json")
    assert len(read_prompts(prompts, source="README").prompts().clip_prompts) == 3


def test_the_example_has_what_it_should() -> None:
    """The example has six scenes of different lengths, three with an image of the repository."""
    path = ROOT / "docs/examples/midnight_drive.json"
    prompts = read_prompts(path.read_bytes(), source="example").prompts().clip_prompts
    images = [p.scene_reference_url for p in prompts if p.scene_reference_url]
    assert len(prompts) == 6
    assert len({prompt.duration for prompt in prompts}) >= 4
    assert len(images) == 3
    assert all((path.parent / image).is_file() for image in images)
    assert "job_id" not in json.loads(path.read_text("utf-8"))
