"""A ledger whose clock jumps by hours: nothing is paid for twice, and the job is finished."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

from tests.drive.sqlite_job import HookedBackend, SQLiteJob
from vgen.errors import InsufficientClipsError
from vgen.testing import Refuse, Succeed

HOURS = 5 * 3600.0
JUMPS = [HOURS, -HOURS]
TIME_LIMIT = 120.0
"""How long a job here may take, in seconds."""


@pytest.mark.parametrize("jump", JUMPS)
@pytest.mark.parametrize("at", [0.5, 11.0, 30.0])
async def test_in_the_middle_of_a_job(
    sqlite_job: SQLiteJob, autojump_clock: MockClock, *, at: float, jump: float
) -> None:
    """The job goes on, and takes no longer."""
    sqlite_job.fake = HookedBackend(script={"c": [Succeed(after=50)]})
    async with trio.open_nursery() as nursery:
        nursery.start_soon(jump_clock, sqlite_job, at, jump)
        with trio.fail_after(TIME_LIMIT):
            clips = await sqlite_job.run_job()
    assert clips.successful_clips == 3
    await sqlite_job.check_nothing_lost_or_paid_twice()


@pytest.mark.parametrize("jump", JUMPS)
async def test_between_two_runs(
    sqlite_job: SQLiteJob, autojump_clock: MockClock, *, jump: float
) -> None:
    """A released claim is free at once, whatever the clock says."""
    sqlite_job.fake = HookedBackend(script={"c": [Refuse()]})
    with pytest.raises(InsufficientClipsError):
        await sqlite_job.run_job()
    sqlite_job.clock_offset += jump
    with trio.fail_after(TIME_LIMIT):
        await sqlite_job.run_job()
    await sqlite_job.check_nothing_lost_or_paid_twice()


@pytest.mark.parametrize("jump", JUMPS)
async def test_with_two_runners(
    sqlite_job: SQLiteJob, autojump_clock: MockClock, *, jump: float
) -> None:
    """Claims that expire early are taken over, and no clip is paid for twice."""
    sqlite_job.fake = HookedBackend(script={"c": [Succeed(after=50)]})
    await run_twice_at_once(sqlite_job, jump)


async def test_while_a_submit_is_under_way(
    sqlite_job: SQLiteJob, autojump_clock: MockClock
) -> None:
    """A runner that takes its clip over waits for as long as the submit may still arrive."""
    sqlite_job.fake = HookedBackend(default=Succeed(after=1), latency=10)
    await run_twice_at_once(sqlite_job, HOURS, at=15.0)


async def run_twice_at_once(sqlite_job: SQLiteJob, jump: float, *, at: float = 5.0) -> None:
    """Run a job on two runners while the ledger's clock jumps, and then once more."""
    with trio.fail_after(2 * TIME_LIMIT):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(jump_clock, sqlite_job, at, jump)
            for _ in range(2):
                nursery.start_soon(sqlite_job.run_job)
        await sqlite_job.run_job()
    await sqlite_job.check_nothing_lost_or_paid_twice()


async def jump_clock(sqlite_job: SQLiteJob, at: float, jump: float) -> None:
    """Change the ledger's clock after some seconds."""
    await trio.sleep(at)
    sqlite_job.clock_offset += jump
