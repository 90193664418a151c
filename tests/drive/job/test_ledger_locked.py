"""A ledger that another program has locked: the job waits for it, and succeeds."""

from __future__ import annotations

from itertools import count

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from tests.drive.sqlite_job import HookedBackend, SQLiteJob
from vgen.errors import LedgerError
from vgen.testing import Succeed

SHORT_LOCK = 30.0
"""A lock that the job waits for, in seconds."""

LONG_LOCK = 130.0
"""A lock that is longer than the ledger waits, in seconds."""

SLOW = Succeed(after=75)
"""An attempt that runs so long that its claim is renewed three times."""


async def lock(sqlite_job: SQLiteJob, seconds: float, *, at: float = 0.0) -> None:
    """Lock the ledger for some seconds, `at` seconds from now."""
    await trio.sleep(at)
    with sqlite_job.locked():
        await trio.sleep(seconds)


async def test_while_a_job_is_opened(sqlite_job: SQLiteJob, autojump_clock: MockClock) -> None:
    """The job begins when the lock is released."""
    await sqlite_job.run_job()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(lock, sqlite_job, SHORT_LOCK)
        await wait_all_tasks_blocked()
        began = trio.current_time()
        await sqlite_job.run_job()
    assert trio.current_time() - began >= SHORT_LOCK
    await sqlite_job.check_nothing_lost_or_paid_twice()


@pytest.mark.parametrize("behaviour", [Succeed(), SLOW])
@pytest.mark.parametrize("at", [0.5, 9.0, 19.0, 39.0, 60.0])
async def test_in_the_middle_of_a_job(
    sqlite_job: SQLiteJob, autojump_clock: MockClock, *, at: float, behaviour: Succeed
) -> None:
    """Verdicts, files and the renewal of claims wait for it, and the job succeeds."""
    sqlite_job.fake = HookedBackend(default=behaviour)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(lambda: lock(sqlite_job, SHORT_LOCK, at=at))
        clips = await sqlite_job.run_job()
    assert clips.successful_clips == 3
    assert len(sqlite_job.fake.submitted) == 3
    await sqlite_job.check_nothing_lost_or_paid_twice()


@pytest.mark.parametrize("seconds", [SHORT_LOCK, LONG_LOCK])
@pytest.mark.parametrize("nth", [1, 2, 3])
async def test_after_a_submit_was_accepted(
    sqlite_job: SQLiteJob, autojump_clock: MockClock, *, nth: int, seconds: float
) -> None:
    """The ticket is written when the lock is released; if too late, the next run finds it."""
    accepted = count(1)
    async with trio.open_nursery() as nursery:

        def lock_ledger() -> None:
            if next(accepted) == nth:
                nursery.start_soon(lock, sqlite_job, seconds)

        sqlite_job.fake.after_submit = lock_ledger
        if seconds == SHORT_LOCK:
            await sqlite_job.run_job()
        else:
            with pytest.raises(LedgerError):
                await sqlite_job.run_job()
    sqlite_job.fake.after_submit = int
    await sqlite_job.run_job()
    await sqlite_job.check_nothing_lost_or_paid_twice()
