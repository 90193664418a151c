"""A drawing is a preview where a model comes first now, unless that route fell back on it."""

from __future__ import annotations

from uuid import UUID

import pytest
from attrs import evolve

from tests.records.samples import CLIP, a_manifest, an_attempt
from vgen.abc import Custody, Generator
from vgen.decisions.preview import is_preview
from vgen.records.attempt import Attempt

JOB = UUID(int=1)
PLANNED = a_manifest(JOB).clips[0]
DRAWN = evolve(
    an_attempt(JOB),
    backend="pencil",
    sent=True,
    custody=Custody.STORED,
    clip=evolve(CLIP, generator=Generator.PROCEDURAL),
)
FAILED = evolve(an_attempt(JOB), sent=True, custody=Custody.VOID)
MADE = evolve(DRAWN, backend="svd", clip=CLIP)


@pytest.mark.parametrize(
    ("stored", "route", "before", "preview"),
    [
        (DRAWN, ("svd",), [], True),
        (DRAWN, ("svd", "pencil"), [], True),
        (DRAWN, ("pencil", "svd"), [], False),
        (DRAWN, ("pencil",), [], False),
        (DRAWN, ("svd", "pencil"), [FAILED], False),
        (DRAWN, ("svd",), [FAILED], True),
        (DRAWN, ("cog", "svd", "pencil"), [FAILED], True),
        (DRAWN, ("svd", "pencil"), [evolve(FAILED, fingerprint="another")], True),
        (DRAWN, ("svd", "pencil"), [evolve(FAILED, sent=False)], True),
        (MADE, ("cog",), [], False),
        (MADE, ("pencil",), [], False),
        (evolve(DRAWN, clip=None), ("svd",), [], False),
    ],
)
def test_what_is_a_preview(
    stored: Attempt, route: tuple[str, ...], before: list[Attempt], *, preview: bool
) -> None:
    """What was drawn, where the first choice is a model that was not tried, or has it no more."""
    planned = evolve(PLANNED, route=route)
    attempts = [*before, stored]
    assert is_preview(stored, planned, attempts, models={"svd", "cog"}) is preview
