"""Which take of a clip is asked for, and which of those that are stored is the clip."""

from __future__ import annotations

from uuid import UUID

import pytest
from attrs import evolve

from tests.records.samples import a_manifest, a_prompt, an_attempt
from vgen.decisions.fingerprint import current_take, fingerprint
from vgen.records.attempt import Attempt, Custody
from vgen.records.job import PlannedClip
from vgen.records.settings import GenerationSettings

JOB = UUID(int=1)
PROMPT = a_prompt(0)
EDITED = evolve(PROMPT, prompt="another")
SETTINGS = GenerationSettings()


def opened(take: int, *, edited: bool = False) -> PlannedClip:
    """The clip as it was asked for last."""
    prompt = EDITED if edited else PROMPT
    (planned, *_) = a_manifest(JOB).clips
    asked = fingerprint(prompt, SETTINGS, take)
    return evolve(planned, prompt=prompt, fingerprint=asked, take=take)


def made(*takes: int) -> list[Attempt]:
    """The clip's attempts, the last of which is no more stored than asked for."""
    one = evolve(an_attempt(JOB), custody=Custody.STORED)
    stored = [evolve(one, fingerprint=fingerprint(PROMPT, SETTINGS, take)) for take in takes]
    return [*stored, evolve(one, fingerprint="x", custody=Custody.VOID)]


@pytest.mark.parametrize(
    ("before", "attempts", "take"),
    [
        (None, [], 0),
        (opened(0), [], 0),
        (opened(0), made(0), 0),
        (opened(1), made(0), 1),
        (opened(2), made(0), 2),
        (opened(0, edited=True), made(0, 1), 1),
        (opened(0, edited=True), made(1, 0), 1),
        (opened(0, edited=True), made(0), 0),
        (opened(3, edited=True), [], 0),
    ],
)
def test_the_take_that_is_asked_for(
    before: PlannedClip | None, attempts: list[Attempt], take: int
) -> None:
    """As it was, the newest of what was stored for it, or the first of what is new."""
    assert current_take(PROMPT, SETTINGS, before, attempts) == take
