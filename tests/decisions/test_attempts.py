"""Questions about the attempts of one clip."""

from __future__ import annotations

from uuid import UUID

import pytest
from attrs import evolve

from tests.records.samples import REQUEST, a_manifest, a_prompt, an_attempt
from vgen.abc import Attempt, Custody, Money
from vgen.decisions.attempts import (
    is_missing,
    next_number,
    open_attempt,
    planned_as,
    stored_attempt,
)

JOB = UUID(int=1)
PLANNED = a_manifest(JOB).clips[0]


def attempt(custody: Custody, *, path: str | None = None) -> Attempt:
    """An attempt at the planned clip, as far as its custody tells."""
    money = Money.HELD if custody in {Custody.PLANNED, Custody.INTENDED} else Money.SETTLED
    fresh = evolve(an_attempt(JOB, 0), fingerprint=PLANNED.fingerprint, request=PLANNED.request)
    sent = custody is not Custody.PLANNED
    return evolve(fresh, custody=custody, money=money, sent=sent, path=path)


def test_only_what_was_sent_has_a_number() -> None:
    """The first attempt is number 1; one that was only planned does not count."""
    assert next_number([]) == 1
    assert next_number([attempt(Custody.VOID), attempt(Custody.PLANNED)]) == 2


def test_the_open_attempt_is_found() -> None:
    """Closed attempts are passed over."""
    closed, running = attempt(Custody.VOID), attempt(Custody.INTENDED)
    assert open_attempt([closed]) is None
    assert open_attempt([closed, running]) is running


def test_the_newest_stored_attempt_counts() -> None:
    """It is a clip only if it was made for what is asked for now."""
    old, new = attempt(Custody.STORED), attempt(Custody.STORED)
    assert stored_attempt([old, new, attempt(Custody.VOID)], PLANNED) is new
    other = attempt(Custody.STORED)
    assert stored_attempt([old, evolve(other, fingerprint="another")], PLANNED) is None
    assert stored_attempt([], PLANNED) is None


def test_a_later_file_may_have_replaced_a_stored_one() -> None:
    """What was fetched after the stored attempt makes it uncertain."""
    later = attempt(Custody.LOST, path="clip.mp4")
    assert stored_attempt([attempt(Custody.STORED), later], PLANNED) is None


@pytest.mark.parametrize(
    ("custody", "missing"),
    [
        (Custody.PLANNED, True),
        (Custody.INTENDED, False),
        (Custody.SUCCEEDED, False),
        (Custody.STORED, False),
        (Custody.VOID, True),
        (Custody.LOST, True),
    ],
)
def test_a_clip_is_missing_until_it_was_sent_or_stored(custody: Custody, *, missing: bool) -> None:
    """What is open at a provider is waited for, what failed is made again."""
    assert is_missing([attempt(custody)], PLANNED) is missing
    assert is_missing([], PLANNED)


def test_an_attempt_tells_what_it_was_made_for() -> None:
    """For a clip that its job has no more, the plan is the attempt's own."""
    sent = attempt(Custody.TICKETED)
    planned = planned_as(sent)
    assert (planned.clip_index, planned.request) == (sent.clip_index, sent.request)
    assert stored_attempt([attempt(Custody.STORED)], planned) is not None


def test_the_plan_of_an_attempt_asks_for_all_that_it_asked_for() -> None:
    """With the image, what not to show and the metadata, on the backend that the attempt is on."""
    metadata = {"seed": 7, "mood": "calm"}
    request = evolve(REQUEST, negative_prompt="fog", image="scene.png", metadata=metadata)
    planned = planned_as(evolve(an_attempt(JOB, 2), request=request))
    assert planned.prompt == a_prompt(
        2, negative_prompt="fog", scene_reference_url="scene.png", metadata=metadata
    )
    assert (planned.request, planned.route) == (request, ("svd",))
