"""The keys of clips and takes."""

from __future__ import annotations

from uuid import UUID

import pytest
from attrs import evolve

from tests.records.samples import an_attempt
from vgen.drive.attempt.keys import key_in, possible_keys, take_key

ATTEMPT = evolve(an_attempt(UUID(int=1)), attempt_id=UUID("9f86d081" + 24 * "0"), number=2)


@pytest.mark.parametrize(
    ("clip_key", "container", "key"),
    [
        ("job/clip_003.mp4", "mp4", "job/clip_003.mp4"),
        ("job/clip_003.mp4", "", "job/clip_003.mp4"),
        ("job/clip_003.mp4", "mov", "job/clip_003.mov"),
        ("job/clip_003.mp4", "matroska", "job/clip_003.mkv"),
        ("v1.2/clip", "webm", "v1.2/clip.webm"),
        ("v1.2/clip", "mp4", "v1.2/clip"),
        ("clip.mp4.final", "avi", "clip.mp4.final.avi"),
    ],
)
def test_a_key_has_its_files_ending(clip_key: str, container: str, key: str) -> None:
    """It takes the place of MP4's, or follows what the user has; MP4 changes nothing."""
    assert key_in(container, clip_key) == key
    assert key in possible_keys(clip_key)


def test_a_take_has_the_ending_of_its_clip() -> None:
    """Its number and the start of its attempt's id stand before that."""
    assert take_key("job/clip_003.mov", ATTEMPT) == "job/takes/clip_003-2-9f86d081.mov"
    assert take_key("clip_003.mp4", ATTEMPT) == "takes/clip_003-2-9f86d081.mp4"
    assert take_key("clip", ATTEMPT) == "takes/clip-2-9f86d081"
