"""A ledger whose clock jumps by hours: nothing is paid for twice, and the job is finished."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

from tests.drive.sqlite_job import SQLiteJob, Watched
from vgen.errors import InsufficientClipsError, LedgerError
from vgen.testing import Refuse, Succeed

HOURS = 5 * 3600.0
JUMPS = [HOURS, -HOURS]
SOON = 120.0
"""No job here takes so long, in seconds."""


@pytest.mark.parametrize("jump", JUMPS)
@pytest.mark.parametrize("at", [0.5, 11.0, 30.0])
async def test_in_the_middle_of_a_job(
    sqlite_job: SQLiteJob, autojump_clock: MockClock, *, at: float, jump: float
) -> None:
    """Whoever works on the clips goes on, and does so in no more time."""
    sqlite_job.fake = Watched(script={"c": [Succeed(after=50)]})
    async with trio.open_nursery() as nursery:
        nursery.start_soon(clock_jumps, sqlite_job, at, jump)
        with trio.fail_after(SOON):
            clips = await sqlite_job.play()
    assert clips.successful_clips == 3
    await sqlite_job.nothing_is_lost_or_paid_twice()


@pytest.mark.parametrize("jump", JUMPS)
async def test_between_two_runs(
    sqlite_job: SQLiteJob, autojump_clock: MockClock, *, jump: float
) -> None:
    """A clip that was given back is free at once, whatever the time is by then."""
    sqlite_job.fake = Watched(script={"c": [Refuse()]})
    with pytest.raises(InsufficientClipsError):
        await sqlite_job.play()
    sqlite_job.ahead += jump
    with trio.fail_after(SOON):
        await sqlite_job.play()
    await sqlite_job.nothing_is_lost_or_paid_twice()


@pytest.mark.parametrize("jump", JUMPS)
async def test_with_two_at_one_job(
    sqlite_job: SQLiteJob, autojump_clock: MockClock, *, jump: float
) -> None:
    """Claims that expire early pass on, and nobody pays for what they were for a second time."""
    sqlite_job.fake = Watched(script={"c": [Succeed(after=50)]})
    await two_at_one_job(sqlite_job, jump)


async def test_while_a_submit_is_under_way(
    sqlite_job: SQLiteJob, autojump_clock: MockClock
) -> None:
    """Whoever takes it over waits for as long as it may still arrive."""
    sqlite_job.fake = Watched(default=Succeed(after=1), latency=10)
    await two_at_one_job(sqlite_job, HOURS, at=15.0)


async def two_at_one_job(sqlite_job: SQLiteJob, jump: float, *, at: float = 5.0) -> None:
    """Have two runners do a job while the ledger's clock jumps, and finish it."""

    async def play() -> None:
        try:
            await sqlite_job.play()
        except LedgerError as error:
            assert "has passed on" in str(error)  # noqa: PT017 (it may as well end without)

    with trio.fail_after(2 * SOON):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(clock_jumps, sqlite_job, at, jump)
            for _ in range(2):
                nursery.start_soon(play)
        await sqlite_job.play()
    await sqlite_job.nothing_is_lost_or_paid_twice()


async def clock_jumps(sqlite_job: SQLiteJob, at: float, jump: float) -> None:
    """Set the ledger's clock after some seconds."""
    await trio.sleep(at)
    sqlite_job.ahead += jump
