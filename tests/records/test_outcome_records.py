"""Records of what came of a job: counted, ordered, found again."""

from __future__ import annotations

from decimal import Decimal
from random import Random
from uuid import UUID

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from vgen.records.clip import Clip, ClipFailure, Clips
from vgen.records.job import Job
from vgen.records.money import Account
from vgen.records.request import Capabilities
from vgen.records.status import State, Status

from .samples import CLIP, a_manifest, an_attempt

JOB = UUID(int=3)


@given(st.lists(st.integers(0, 99), unique=True), st.randoms(use_true_random=False))
def test_clips_and_failures_are_in_order(indexes: list[int], rng: Random) -> None:
    """Whatever finished first, clips and failures are in index order, each counted once."""
    outcomes: list[Clip | ClipFailure] = [
        ClipFailure(index, "refused") if rng.random() < 0.3 else evolve(CLIP, clip_index=index)
        for index in indexes
    ]
    clips = Clips.of(JOB, outcomes, total_cost=Decimal("0.5"), seconds=2.0)
    assert [c.clip_index for c in clips.clips] == sorted(c.clip_index for c in clips.clips)
    assert [f.clip_index for f in clips.failures] == sorted(f.clip_index for f in clips.failures)
    assert {*clips.clips, *clips.failures} == set(outcomes)
    assert (clips.successful_clips, clips.failed_clips) == (len(clips.clips), len(clips.failures))
    assert clips.total_clips == len(indexes)
    assert (clips.total_cost, clips.total_generation_time) == (Decimal("0.5"), 2.0)


def test_a_job_finds_its_clips() -> None:
    """A clip's plan and its attempts are found by its index, and nothing by any other."""
    first, other = an_attempt(JOB, 1), an_attempt(JOB, 2)
    manifest = a_manifest(JOB)
    job = Job(manifest, Account(limit=Decimal(1)), (first, other))
    assert manifest.clip(2).clip_index == 2
    assert job.of_clip(1) == (first,)
    assert job.of_clip(0) == ()
    with pytest.raises(KeyError):
        manifest.clip(7)


@pytest.mark.parametrize(
    ("state", "final"),
    [
        (State.QUEUED, False),
        (State.RUNNING, False),
        (State.SUCCEEDED, True),
        (State.FAILED, True),
        (State.CANCELLED, True),
    ],
)
def test_a_verdict_is_final(state: State, *, final: bool) -> None:
    """Success, failure and cancellation are verdicts; queued and running are not."""
    assert Status(state).is_final is final


@pytest.mark.parametrize(
    ("asked", "fixed", "free"), [(1.0, 2.0, 2.0), (3.0, 2.0, 3.0), (3.2, 4.2, 3.2), (9.0, 4.2, 4.2)]
)
def test_the_nearest_length(asked: float, fixed: float, free: float) -> None:
    """A backend makes its nearest length, the shorter of two that are as near."""
    some = Capabilities(text=True, image=True, durations=(4.2, 2.0))
    assert some.nearest_duration(asked) == pytest.approx(fixed)
    assert evolve(some, durations=(2.0, 4.0)).nearest_duration(3.0) == 2.0
    assert evolve(some, any_duration=True).nearest_duration(asked) == pytest.approx(free)
