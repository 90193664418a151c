"""Endings and media types of stored clips."""

from __future__ import annotations

import mimetypes

import pytest

from vgen.abc import media_type
from vgen.records.container import ENDINGS, MEDIA_TYPES


def test_each_container_has_an_ending_of_its_own() -> None:
    """And each ending a media type that says that it is a video."""
    assert len(set(ENDINGS.values())) == len(ENDINGS)
    assert set(ENDINGS.values()) == set(MEDIA_TYPES)
    assert all(each.startswith("video/") for each in MEDIA_TYPES.values())


@pytest.mark.parametrize("ending", [".mp4", ".mov", ".webm"])
def test_python_knows_them_by_the_same_name(ending: str) -> None:
    """What a web server of Python's serves a clip as is what a storage is told."""
    assert media_type(f"a/b{ending}") == mimetypes.guess_type(f"a/b{ending}")[0]


@pytest.mark.parametrize("key", ["clip_003", "job/clip.final", "", "a.b/clip"])
def test_without_a_known_ending_it_is_mp4(key: str) -> None:
    """Keys are the user's own, and may end in anything."""
    assert media_type(key) == "video/mp4"
