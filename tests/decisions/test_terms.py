"""A job's terms: as they were unless others are given, and no paid clip replaced for free."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

import pytest
from attrs import evolve

from tests.records.samples import a_manifest, a_prompt, an_attempt
from vgen.abc import Attempt, Custody, Money
from vgen.decisions.terms import budget_of, changes, is_unrelated, purses_of, replaces_paid
from vgen.errors import InvalidPromptsError
from vgen.records.job import Job, Manifest
from vgen.records.money import Account, Purse

JOB = UUID(int=1)
BEFORE = a_manifest(JOB, budget="2")
PLANNED = BEFORE.clips[0]


def stored(*, cost: str, fingerprint: str = PLANNED.fingerprint) -> Attempt:
    """A stored attempt at the planned clip."""
    return evolve(
        an_attempt(JOB),
        fingerprint=fingerprint,
        custody=Custody.STORED,
        money=Money.SETTLED,
        billed=Decimal(cost),
        sent=True,
    )


def test_a_budget_is_remembered() -> None:
    """Without one the job keeps its own, and a new job has nothing to spend."""
    assert budget_of(None, None) == 0
    assert budget_of(None, BEFORE) == 2
    assert budget_of(Decimal(0), BEFORE) == 0


@pytest.mark.parametrize(
    ("route", "budget", "expected"),
    [
        (("svd",), "2.00", ""),
        (("cog", "svd"), "2", "route cog, svd instead of svd"),
        (("svd",), "0", "budget $0 instead of $2"),
        (("cog",), "3", "route cog instead of svd, budget $3 instead of $2"),
    ],
)
def test_changes_are_named(route: tuple[str, ...], budget: str, expected: str) -> None:
    """The new terms and the old, in one line; nothing where they are the same."""
    assert changes(BEFORE, route=route, budget=Decimal(budget)) == expected


def test_a_changed_route_names_all_backends_of_before() -> None:
    """A shortened route tells what it was, backend by backend."""
    before = evolve(BEFORE, backends=("svd", "cog"))
    assert changes(before, route=["svd"], budget=Decimal(2)) == "route svd instead of svd, cog"


def test_older_records_have_the_routes_of_their_clips() -> None:
    """A manifest without backends names those of its clips, each once, in order."""
    first, second, third = BEFORE.clips
    clips = (first, evolve(second, route=("cog", "svd")), third)
    older = evolve(BEFORE, clips=clips)
    assert older.route == ("svd", "cog")
    assert evolve(older, backends=("cog",)).route == ("cog",)
    assert Manifest(JOB, (), BEFORE.generation).route == ()


@pytest.mark.parametrize(
    ("attempts", "paid", "replaced"),
    [
        ([], (), False),
        ([stored(cost="0.1")], (), False),
        ([stored(cost="0.1", fingerprint="edited")], (), True),
        ([stored(cost="0.1", fingerprint="edited")], ("svd",), False),
        ([stored(cost="0.1", fingerprint="edited")], ("cog",), True),
        ([stored(cost="0", fingerprint="edited")], (), False),
        ([stored(cost="0.1"), stored(cost="0", fingerprint="edited")], (), False),
    ],
)
def test_paid_clips_are_replaced_on_paid_routes_only(
    attempts: list[Attempt], paid: tuple[str, ...], *, replaced: bool
) -> None:
    """What counts is whether the newest clip was paid, and any backend of its route now is."""
    assert replaces_paid(attempts, PLANNED, paid=paid) is replaced


@pytest.mark.parametrize(
    ("text", "attempts", "unrelated"),
    [
        ("another", [], False),
        ("another", [evolve(stored(cost="0.1"), custody=Custody.VOID)], False),
        ("another", [evolve(an_attempt(JOB), custody=Custody.TICKETED, sent=True)], True),
        ("another", [stored(cost="0")], True),
        ("a lighthouse", [stored(cost="0")], False),
        ("made before", [stored(cost="0")], False),
    ],
)
def test_unrelated_prompts(text: str, attempts: list[Attempt], *, unrelated: bool) -> None:
    """They match nothing that the job asks for now, or has a clip of; without clips all do."""
    old = [evolve(a, request=evolve(a.request, prompt="made before")) for a in attempts]
    job = Job(BEFORE, Account(limit=Decimal(2)), (*attempts, *old))
    prompts = [a_prompt(0, prompt="new"), a_prompt(1, prompt=text)]
    assert is_unrelated(prompts, job) is unrelated


def test_what_is_planned_is_related_before_it_is_made() -> None:
    """A job whose clips are all of older prompts still asks for what it plans now."""
    attempt = stored(cost="0")
    older = evolve(attempt, request=evolve(attempt.request, prompt="made before"))
    job = Job(BEFORE, Account(limit=Decimal(2)), (older,))
    assert not is_unrelated([a_prompt(0, prompt="a lighthouse")], job)
    assert is_unrelated([a_prompt(0, prompt="another")], job)


def test_purses_stay_unless_others_are_given() -> None:
    """A job that is run again without them keeps its purses; an empty choice frees it."""
    month = Purse("us/2026-11", Decimal(5))
    before = evolve(a_manifest(JOB), purses=(month,))
    assert purses_of(None, before) == (month,)
    assert purses_of({}, before) == ()
    assert purses_of(None, None) == ()
    assert purses_of({"us/2026-12": Decimal(6)}, before) == (Purse("us/2026-12", Decimal(6)),)


def test_wrong_purses_are_named() -> None:
    """All that is wrong with them is said at once, before anything is opened."""
    with pytest.raises(InvalidPromptsError) as caught:
        purses_of({"": Decimal(1), "me": Decimal(-1)}, None)
    assert caught.value.problems == (
        "purses: '': name: must not be empty, got ''",
        "purses: 'me': limit: must be a finite amount of at least 0, got -1",
    )
