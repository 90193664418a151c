"""A ledger that another program keeps locked: it is waited for, and the job succeeds."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from tests.drive.sqlite_job import SQLiteJob, Watched
from vgen.errors import LedgerError
from vgen.testing import Succeed

WHILE = 30.0
"""How long another program may keep the ledger locked, in seconds."""

TOO_LONG = 130.0
"""Longer than anything waits for it."""

LONG = Succeed(after=75)
"""What runs so long that its claim is renewed three times."""


async def keep_locked(sqlite_job: SQLiteJob, seconds: float, *, at: float = 0.0) -> None:
    """Keep the ledger locked for a while."""
    await trio.sleep(at)
    with sqlite_job.locked():
        await trio.sleep(seconds)


async def test_while_a_job_is_opened(sqlite_job: SQLiteJob, autojump_clock: MockClock) -> None:
    """The job begins when the lock is gone."""
    await sqlite_job.play()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(keep_locked, sqlite_job, WHILE)
        await wait_all_tasks_blocked()
        began = trio.current_time()
        await sqlite_job.play()
    assert trio.current_time() - began >= WHILE
    await sqlite_job.nothing_is_lost_or_paid_twice()


@pytest.mark.parametrize("behaviour", [Succeed(), LONG])
@pytest.mark.parametrize("at", [0.5, 9.0, 19.0, 39.0, 60.0])
async def test_in_the_middle_of_a_job(
    sqlite_job: SQLiteJob, autojump_clock: MockClock, *, at: float, behaviour: Succeed
) -> None:
    """Verdicts, files and the renewal of claims wait for it; nobody hears of it."""
    sqlite_job.fake = Watched(default=behaviour)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(lambda: keep_locked(sqlite_job, WHILE, at=at))
        clips = await sqlite_job.play()
    assert clips.successful_clips == 3
    assert len(sqlite_job.fake.submitted) == 3
    await sqlite_job.nothing_is_lost_or_paid_twice()


@pytest.mark.parametrize("seconds", [WHILE, TOO_LONG])
@pytest.mark.parametrize("nth", [1, 2, 3])
async def test_after_a_submit_was_accepted(
    sqlite_job: SQLiteJob, autojump_clock: MockClock, *, nth: int, seconds: float
) -> None:
    """The ticket is written when the lock is gone; if that is too late, the next run finds it."""
    async with trio.open_nursery() as nursery:

        def strike() -> None:
            if len(sqlite_job.fake.submitted) == nth:
                nursery.start_soon(keep_locked, sqlite_job, seconds)

        sqlite_job.fake.after_submit = strike
        if seconds == WHILE:
            await sqlite_job.play()
        else:
            with pytest.raises(LedgerError):
                await sqlite_job.play()
    sqlite_job.fake.after_submit = int
    await sqlite_job.play()
    await sqlite_job.nothing_is_lost_or_paid_twice()
