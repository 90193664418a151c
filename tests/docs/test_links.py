"""Where the pages lead on a code host; where they lead on the site, Sphinx checks."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from .test_examples import ROOT

LINK = re.compile(r"\]\((?![a-z]+:)(?P<path>[^)#\s]*)(?:#(?P<anchor>[^)\s]+))?\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
CODE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
PAGES = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "backends/*/README.md")
    for path in ROOT.glob(pattern)
)


def anchors(page: Path) -> set[str]:
    """Return the anchors that a code host makes of a page's headings."""
    titles = HEADING.findall(CODE.sub("", page.read_text("utf-8")))
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    """A link within the repository names a file that is there, and a heading of it."""
    links = LINK.finditer(CODE.sub("", page.read_text("utf-8")))
    assert [link[0] for link in links if not leads_somewhere(page, link)] == []


def leads_somewhere(page: Path, link: re.Match[str]) -> bool:
    """Whether a link's file is there, and the heading that it names."""
    target = page.parent / link["path"] if link["path"] else page
    return target.exists() and (not link["anchor"] or link["anchor"] in anchors(target))
