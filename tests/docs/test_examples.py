"""What the documentation shows is what happens."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from vgen import read_prompts

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: str, language: str) -> list[str]:
    """Give the code blocks of one language on a page."""
    found = BLOCK.findall((ROOT / page).read_text("utf-8"))
    return [code for name, code in found if name == language]


def test_the_readmes_program_makes_its_clips(tmp_path: Path) -> None:
    """The program in the README runs as it stands and prints three clips that exist."""
    (program,) = blocks("README.md", "python")
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    urls = [line.split()[0] for line in done.stdout.splitlines()]
    assert len(urls) == 3
    assert all(Path(url.removeprefix("file://")).is_file() for url in urls)


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
