"""Which take of a clip is asked for, and which of those that are stored is the clip."""

from __future__ import annotations

from uuid import UUID

import pytest
from attrs import evolve

from tests.records.samples import CLIP, a_manifest, a_prompt, an_attempt
from vgen.decisions.attempts import next_choice, stored_attempt, takes
from vgen.decisions.fingerprint import current_take, fingerprint
from vgen.records.attempt import Attempt, Custody
from vgen.records.clip import Choice, StoredFile
from vgen.records.job import PlannedClip
from vgen.records.settings import GenerationSettings

JOB = UUID(int=1)
PROMPT = a_prompt(0)
EDITED = evolve(PROMPT, prompt="another")
SETTINGS = GenerationSettings()
PLANNED = a_manifest(JOB).clips[0]
ASKED = PLANNED.fingerprint
FAILED = an_attempt(JOB, custody=Custody.VOID)


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


def stored(*, own: bool = True, copied: bool = False, choice: Choice | None = None) -> Attempt:
    """A take of the planned clip, with a file of its `own`, and maybe `copied` to the clip's."""
    file = StoredFile("a.mp4", 9)
    clip = evolve(CLIP, take=file if own else None, file=file if copied else None, choice=choice)
    return an_attempt(JOB, custody=Custody.STORED, clip=clip)


def test_every_take_with_a_file_of_its_own_is_kept() -> None:
    """Each stands where it was stored, whatever was made after it, and the oldest comes first."""
    first, second, third = stored(copied=True), stored(), stored(copied=True)
    assert takes([first, FAILED, second, third]) == [first, second, third]


@pytest.mark.parametrize(
    ("later", "kept"),
    [
        (FAILED, True),
        (stored(), True),
        (stored(copied=True), False),
        (stored(own=False), False),
        (evolve(FAILED, path="clip.mp4"), False),
    ],
    ids=["failed", "stored beside it", "made the clip", "stored over it", "fetched over it"],
)
def test_the_clips_own_file_is_a_take_until_it_may_be_replaced(
    later: Attempt, *, kept: bool
) -> None:
    """A take that is stored beside it leaves it as it was; what becomes the clip does not."""
    older = stored(own=False)
    assert (older in takes([older, later])) is kept


def test_a_take_that_was_chosen_for_this_request_is_the_clip() -> None:
    """A newer take does not displace it, and a choice for another request does not count."""
    newer = stored()
    for_this, for_another = stored(choice=Choice(ASKED, 1)), stored(choice=Choice("another", 2))
    assert stored_attempt([for_this, for_another, newer], PLANNED) is for_this
    assert stored_attempt([for_another, newer], PLANNED) is newer


@pytest.mark.parametrize(("orders", "clip"), [((1, 2), 1), ((2, 1), 0), ((9, 10, 8), 1)])
def test_the_newest_of_the_choices_counts(orders: tuple[int, ...], clip: int) -> None:
    """Choices are compared by their own order, not by the age of the takes."""
    chosen = [stored(choice=Choice(ASKED, order)) for order in orders]
    assert stored_attempt(chosen, PLANNED) is chosen[clip]


def test_choices_of_the_same_order_still_make_a_clip() -> None:
    """One of the two takes is it: a ledger that cannot tell them apart is no reason to fail."""
    chosen = [stored(choice=Choice(ASKED, 1)), stored(choice=Choice(ASKED, 1))]
    assert stored_attempt(chosen, PLANNED) in chosen


@pytest.mark.parametrize(
    ("attempts", "order"),
    [
        ([], 1),
        ([FAILED, stored()], 1),
        ([stored(choice=Choice(ASKED, 1))], 2),
        ([stored(choice=Choice("another", 4)), stored(choice=Choice(ASKED, 2)), FAILED], 5),
    ],
)
def test_a_new_choice_counts_more_than_all_before(attempts: list[Attempt], order: int) -> None:
    """It is for the planned request; those for other requests are numbered along with it."""
    choice = next_choice(attempts, PLANNED)
    assert choice == Choice(ASKED, order)
    chosen = stored(choice=choice)
    assert stored_attempt([chosen, *attempts, stored()], PLANNED) is chosen
