"""What the pages show works: their code runs, and prints what they say that it prints."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from .test_examples import BLOCK, ROOT

READER = Path(__file__).with_name("reader.py")
RUN = {"python", "sh", "console"}
ACCOUNTS = {
    "REPLICATE_API_TOKEN": "r8_none",
    "SUPABASE_URL": "https://none.supabase.co",
    "SUPABASE_SERVICE_ROLE_KEY": "sb_secret_none",
}
"""Of nobody: what the pages' programs make is asked for a price, and never opened."""

SAYS = {
    "README.md": ["clip_000.mp4 1.0 0", "clip_001.mp4 1.0 0", "clip_002.mp4 1.0 0"],
    "docs/observing.md": [
        *("clip None: JobOpened", "clip 0: ClipStored", "clip None: JobFinished"),
        *("GET /trailer", "vgen.job", "vgen.provider submit", "vgen.attempt.flight.duration"),
    ],
}
"""What is to be found in the output of a page that does not show it."""


def pages() -> list[str]:
    """Return all pages with code, but those whose code has a test module of its own."""
    found = [path for pattern in ("*.md", "docs/**/*.md") for path in ROOT.glob(pattern)]
    found += ROOT.glob("backends/*/README.md")
    return sorted(
        str(path.relative_to(ROOT))
        for path in found
        if not own_module(path) and any(language in RUN for _, language, _ in blocks_of(path))
    )


def own_module(page: Path) -> bool:
    """Whether there is a `test_NAME_page.py` for a page `NAME.md`."""
    return Path(__file__).with_name(f"test_{page.stem.replace('-', '_')}_page.py").exists()


def blocks_of(path: Path) -> list[tuple[int, str, str]]:
    """Return a page's code blocks: the line that each starts at, its language, its text."""
    text = path.read_text("utf-8")
    return [(text.count("\n", 0, m.start(2)), m[1], m[2]) for m in BLOCK.finditer(text)]


def read(page: str, blocks: list[tuple[int, str, str]], folder: Path) -> tuple[int, str]:
    """Do what a page shows; give the exit status and the output."""
    known = {name: value for name, value in os.environ.items() if not name.startswith("VIDEO_")}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [sys.executable, "-W", "error", READER, page],
        cwd=folder,
        env={**known, **ACCOUNTS, "ENVIRONMENT": "development", "PATH": path, "COLUMNS": "100"},
        input=json.dumps(blocks),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )
    return done.returncode, done.stdout


@pytest.mark.parametrize("page", pages())
def test_a_pages_code_runs(page: str, tmp_path: Path) -> None:
    """In order, as one program in an empty folder, it does and prints what the page says."""
    status, said = read(page, blocks_of(ROOT / page), tmp_path)
    assert status == 0, said
    assert [part for part in SAYS.get(page, ()) if part not in said] == []


@pytest.mark.parametrize(
    ("blocks", "holds"),
    [
        ([(1, "python", "x = 1"), (2, "sh", "true"), (3, "python", "print(x, 2)")], True),
        ([(1, "python", "print(1)\nprint(2.5)"), (2, "text", "1\n...5\n")], True),
        ([(1, "console", "$ echo a\na\n$ false || echo $?\n1\n")], True),
        ([(1, "python", "raise ValueError")], False),
        ([(1, "python", "print(1)"), (2, "text", "2\n")], False),
        ([(1, "sh", "false\ntrue")], False),
        ([(1, "console", "$ echo a\nb\n")], False),
        ([(1, "console", "$ echo a; false\na\n")], False),
    ],
)
def test_a_page_that_is_wrong_is_found(
    blocks: list[tuple[int, str, str]], *, holds: bool, tmp_path: Path
) -> None:
    """The check above fails where code fails, and where it prints something else."""
    status, said = read("page.md", blocks, tmp_path)
    assert (status == 0) is holds, said
