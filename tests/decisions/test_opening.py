"""Which opening of a job counts: one with other clips is another."""

from __future__ import annotations

from uuid import UUID

from attrs import evolve

from tests.records.samples import a_manifest
from vgen.decisions.opening import opening_of

CLIPS = a_manifest(UUID(int=1)).clips
LAST = CLIPS[-1]


def test_another_request_is_another_opening() -> None:
    """So is another number of clips, or an image with other bytes."""
    request = evolve(LAST.request, image="cat.png", image_sha256="c" * 64)
    others = [
        CLIPS[:-1],
        (*CLIPS[:-1], evolve(LAST, fingerprint="g")),
        (*CLIPS[:-1], evolve(LAST, request=request)),
        (*CLIPS[:-1], evolve(LAST, prompt=evolve(LAST.prompt, clip_index=7))),
    ]
    assert len({opening_of(clips) for clips in [CLIPS, *others]}) == 5


def test_how_a_clip_is_made_is_no_part_of_it() -> None:
    """The order of the prompts, the routes and the notes may differ."""
    same = [evolve(clip, route=("cogvideox",), notes=("made anew",)) for clip in reversed(CLIPS)]
    assert opening_of(same) == opening_of(CLIPS)
