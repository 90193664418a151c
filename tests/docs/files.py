"""The files that a page of the documentation is made of: each block, and the path before it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
FILE = re.compile(r"^`([\w./-]+)`\n\n```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
"""A line with nothing but a path, in backticks, and the block that is the file's content."""


def files_of(page: str) -> dict[str, str]:
    """Return a page's files by their paths."""
    return dict(_files((ROOT / page).read_text("utf-8")))


def _files(text: str) -> Iterator[tuple[str, str]]:
    for found in FILE.finditer(text):
        yield found[1], found[2]


def write_files(page: str, folder: Path) -> None:
    """Write a page's files below a folder."""
    for name, content in files_of(page).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, "utf-8")
