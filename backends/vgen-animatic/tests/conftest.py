"""Fixtures of the tests of captions."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from vgen_animatic.faces import system_faces
from vgen_animatic.typeset import typeset


@pytest.fixture
def no_other_fonts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As on a machine without fontconfig."""
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("ANIMATIC_FONTS", raising=False)
    _forget()
    yield
    _forget()


def _forget() -> None:
    """Ask fontconfig anew."""
    system_faces.cache_clear()
    typeset.cache_clear()
