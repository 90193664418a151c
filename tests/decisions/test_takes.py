"""Which take of a clip is asked for: one more only of what is stored, and only where it is said."""

from __future__ import annotations

from uuid import UUID

import pytest
from attrs import evolve

from tests.records.samples import a_manifest, a_prompt, an_attempt
from vgen.decisions.fingerprint import fingerprint, next_take
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
    ("before", "attempts", "redo", "take"),
    [
        (None, [], False, 0),
        (None, [], True, 0),
        (opened(0), [], True, 0),
        (opened(0), made(0), False, 0),
        (opened(0), made(0), True, 1),
        (opened(1), made(0), True, 1),
        (opened(1), made(0), False, 1),
        (opened(1), made(0, 1), True, 2),
        (opened(2), made(0), False, 2),
        (opened(0, edited=True), made(0, 1), False, 1),
        (opened(0, edited=True), made(0, 1), True, 2),
        (opened(0, edited=True), made(0), True, 1),
        (opened(3, edited=True), [], False, 0),
        (opened(3, edited=True), made(), True, 0),
    ],
)
def test_the_take_that_is_asked_for(
    before: PlannedClip | None, attempts: list[Attempt], *, redo: bool, take: int
) -> None:
    """As it was, one more of what is stored, or the first of what was never asked for."""
    assert next_take(PROMPT, SETTINGS, before, attempts, redo=redo) == take
