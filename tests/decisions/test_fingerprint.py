"""A clip is made anew when its request has changed, and only then."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from attrs import evolve, fields

from tests.records.samples import CLIP, REQUEST, a_manifest, a_prompt, an_attempt
from vgen.decisions.fingerprint import fingerprint, same_request
from vgen.records.attempt import Attempt, Custody
from vgen.records.job import PlannedClip
from vgen.records.prompt import ClipPrompt
from vgen.records.settings import GenerationSettings

URL = "https://images.example/scenes/1.png?token=monday#top"
PROMPT = a_prompt(
    2, negative_prompt="fog", scene_reference_url=URL, metadata={"seed": 7, "mood": "calm"}
)
SETTINGS = GenerationSettings()
PLANNED = a_manifest(UUID(int=1)).clips[0]


@pytest.mark.parametrize(
    "changes",
    [
        {"prompt": "a harbour"},
        {"negative_prompt": ""},
        {"duration": 5.0},
        {"scene_reference_url": None},
        {"scene_reference_url": "https://images.example/scenes/2.png?token=monday#top"},
        {"scene_reference_url": "http://images.example/scenes/1.png"},
        {"scene_reference_url": "https://images.other/scenes/1.png"},
        {"metadata": {"seed": 8, "mood": "calm"}},
        {"metadata": {"mood": "calm"}},
    ],
)
def test_what_is_asked_for_counts(changes: dict[str, Any]) -> None:
    """Each part of the request changes the fingerprint."""
    assert fingerprint(evolve(PROMPT, **changes), SETTINGS) != fingerprint(PROMPT, SETTINGS)


@pytest.mark.parametrize(
    "changes",
    [
        {"clip_index": 3},
        {"duration": 4},
        {"character_reference_urls": ("https://images.example/anna.png",)},
        {"metadata": {"seed": 7, "mood": "wild"}},
        {"scene_reference_url": "https://images.example/scenes/1.png?token=tuesday"},
        {"scene_reference_url": "https://images.example/scenes/1.png"},
        {"scene_reference_url": "https://images.example/scenes/1.png#top"},
    ],
)
def test_all_else_does_not(changes: dict[str, Any]) -> None:
    """The place in the job, a signature that has been renewed and unused fields do not count."""
    assert fingerprint(evolve(PROMPT, **changes), SETTINGS) == fingerprint(PROMPT, SETTINGS)


@pytest.mark.parametrize("name", [setting.name for setting in fields(GenerationSettings)])
def test_every_setting_counts(name: str) -> None:
    """A clip for other settings is another clip."""
    changes: dict[str, Any] = {name: getattr(SETTINGS, name) + 2}
    assert fingerprint(PROMPT, evolve(SETTINGS, **changes)) != fingerprint(PROMPT, SETTINGS)


def test_a_fingerprint_is_the_same_in_every_release() -> None:
    """A ledger of an earlier release knows its clips again: the digest of a request is pinned."""
    digest = "bf80d163d8e1d40fa27551286d926aa63a96cc5b474cbab2f65cceb70f959487"
    assert fingerprint(PROMPT, SETTINGS) == digest


def test_every_field_of_a_prompt_is_decided_on() -> None:
    """A new field must be sorted into one of the two tables above."""
    assert {field.name for field in fields(ClipPrompt)} == {
        "clip_index",
        "prompt",
        "duration",
        "negative_prompt",
        "scene_reference_url",
        "character_reference_urls",
        "metadata",
    }


@pytest.mark.parametrize("name", ["scene?.png", "scene#1.png", "http://[::1", "a\nb"])
def test_any_name_of_an_image_can_be_digested(name: str) -> None:
    """A file's name is taken whole, and what is no URL at all is no error here."""
    prompt = evolve(PROMPT, scene_reference_url=name)
    other = evolve(PROMPT, scene_reference_url=f"{name}x")
    assert fingerprint(prompt, SETTINGS) != fingerprint(other, SETTINGS)


@pytest.mark.parametrize(
    ("before", "now", "same"),
    [
        ("a" * 64, "a" * 64, True),
        ("a" * 64, "b" * 64, False),
        (None, "b" * 64, True),
        ("a" * 64, None, True),
        (None, None, True),
    ],
)
def test_the_images_bytes_count(before: str | None, now: str | None, *, same: bool) -> None:
    """Other bytes are another request; an image that could not be had is none."""
    job = UUID(int=1)
    attempt = an_attempt(job)
    attempt = evolve(attempt, request=evolve(attempt.request, image_sha256=before))
    planned = a_manifest(job).clip(0)
    planned = evolve(planned, request=evolve(planned.request, image_sha256=now))
    assert same_request(attempt, planned) is same
    assert not same_request(attempt, evolve(planned, fingerprint="another"))


def made(*ignored: str, **asked: Any) -> Attempt:
    """A stored take of another request than the planned one, by a backend that ignores fields."""
    one = an_attempt(UUID(int=1), custody=Custody.STORED, clip=evolve(CLIP, ignored=ignored))
    return evolve(one, fingerprint="another", request=evolve(REQUEST, **asked))


def planned(image: str | None, sha256: str | None = None) -> PlannedClip:
    """The planned clip with an image."""
    request = evolve(REQUEST, image=image, image_sha256=sha256)
    return evolve(PLANNED, prompt=a_prompt(scene_reference_url=image), request=request)


@pytest.mark.parametrize(
    ("attempt", "same"),
    [
        (made("steps", steps=30), True),
        (made("steps", "negative_prompt", steps=30, negative_prompt="fog"), True),
        (made(steps=30), False),
        (made("steps", steps=30, motion=9), False),
        (made("steps", "seed", prompt="a harbour"), False),
        (evolve(made("steps", steps=30), clip=None), False),
    ],
)
def test_what_the_backend_ignored_is_no_change(attempt: Attempt, *, same: bool) -> None:
    """A clip would come out the same with it; one field that was not ignored is a change."""
    assert same_request(attempt, PLANNED) is same


def test_another_take_or_length_is_a_change_whatever_was_ignored() -> None:
    """A user who asks for the clip again, or for another target length, wants another clip."""
    attempt = made("steps", steps=30)
    assert not same_request(attempt, evolve(PLANNED, take=1))
    assert same_request(evolve(attempt, take=1), evolve(PLANNED, take=1))
    assert not same_request(attempt, evolve(PLANNED, prompt=a_prompt(duration=5.0)))


@pytest.mark.parametrize(
    ("image", "same"),
    [
        (URL, True),
        ("https://images.example/scenes/1.png?token=tuesday", True),
        ("https://images.example/scenes/2.png?token=monday", False),
        (None, False),
    ],
)
def test_another_image_is_a_change_whatever_was_ignored(image: str | None, *, same: bool) -> None:
    """It is told by its name, of which the signature is no part."""
    assert same_request(made("steps", steps=30, image=URL), planned(image)) is same


@pytest.mark.parametrize(
    ("before", "now", "same"),
    [("a" * 64, None, True), (None, "a" * 64, True), ("a" * 64, "b" * 64, False)],
)
def test_an_unread_image_is_no_change_beside_what_was_ignored(
    before: str | None, now: str | None, *, same: bool
) -> None:
    """Only bytes that were read both times can tell that they are others."""
    attempt = made("steps", steps=30, image=URL, image_sha256=before)
    assert same_request(attempt, planned(URL, now)) is same


@pytest.mark.parametrize(("ignored", "same"), [(("image",), True), ((), False)])
def test_an_image_that_was_ignored_is_no_change(ignored: tuple[str, ...], *, same: bool) -> None:
    """Neither another image nor other bytes change the request for what was made without it."""
    attempt = made(*ignored, image=URL, image_sha256="a" * 64)
    assert same_request(attempt, planned("other.png", "b" * 64)) is same
    assert same_request(attempt, planned(None)) is same
