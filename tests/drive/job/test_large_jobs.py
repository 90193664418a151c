"""Planning, running and counting a job goes through its attempts as often as it has clips: once."""

from __future__ import annotations

from attrs import evolve
from trio.testing import MockClock

from tests.drive.jobs import JOB, PLENTY, Fakes, prompts
from tests.work import Counted
from vgen.abc import Job
from vgen.drive.job.options import JobOptions
from vgen.drive.job.planning import plan_job, still_to_send
from vgen.drive.job.result import count_clips

FEW, MANY = 3, 30
"""Clips."""


async def test_the_clips_do_not_each_search_the_job(autojump_clock: MockClock) -> None:
    """A job of ten times as many clips goes through its clips and attempts as often."""
    assert await times_gone_through(MANY) == await times_gone_through(FEW) > 0


async def times_gone_through(clips: int) -> int:
    """Plan and count a job that has been run, and tell how often its parts were gone through."""
    fakes = Fakes()
    given = prompts(*(f"scene {number}" for number in range(clips)))
    async with fakes.runner() as runner:
        await runner.process(JOB, given, budget=PLENTY)
        job = await runner.job(JOB)
    assert job is not None
    parts = planned, attempts = Counted(job.manifest.clips), Counted(job.attempts)
    job = Job(evolve(job.manifest, clips=planned), job.account, attempts)
    for each in parts:
        each.times = 0
    backends = {backend.name: backend for backend in fakes.backends}
    manifest = plan_job(JOB, given, {}, backends, fakes.settings, options=JobOptions(), before=job)
    assert still_to_send(manifest, job) == []
    counted = await count_clips(job, fakes.storage, failures={}, seconds=0.0)
    assert counted.successful_clips == clips
    return sum(each.times for each in parts)
