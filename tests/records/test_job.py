"""A job finds its clips and their attempts without a search."""

from __future__ import annotations

from uuid import UUID

import pytest
from attrs import evolve

from tests.records.samples import a_manifest, an_attempt
from tests.work import Counted
from vgen.abc import Account, Job

JOB = UUID(int=1)
CLIPS = 5


def test_its_parts_are_gone_through_once() -> None:
    """However many clips are asked for, by plan and by attempts; what is unknown is not there."""
    planned = Counted(a_manifest(JOB, clips=CLIPS).clips)
    manifest = evolve(a_manifest(JOB), clips=planned)
    attempts = Counted(an_attempt(JOB, index) for index in [*range(CLIPS), 0])
    job = Job(manifest, Account(limit=manifest.budget), attempts)
    planned.times = attempts.times = 0
    for index in range(CLIPS):
        assert job.manifest.clip(index).clip_index == index
        assert {attempt.clip_index for attempt in job.of_clip(index)} == {index}
    assert job.of_clip(0) == (attempts[0], attempts[-1])
    assert job.of_clip(CLIPS) == ()
    with pytest.raises(KeyError):
        job.manifest.clip(CLIPS)
    assert (planned.times, attempts.times) == (1, 1)
