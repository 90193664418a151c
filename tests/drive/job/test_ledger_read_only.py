"""A ledger that becomes read-only: one clear error, and nothing is lost or paid for twice."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

from tests.drive.sqlite_job import SQLiteJob
from vgen.abc import Custody
from vgen.errors import LedgerError

SUBMITS = [1, 2, 3]
MOMENTS = [2.0, 9.9, 10.5]
"""When all clips are being made, and when they are about to be fetched, in seconds."""


def refused(sqlite_job: SQLiteJob) -> str:
    """What the error says, in a line that names the file."""
    return f"{sqlite_job.path}: attempt to write a readonly database"


async def test_before_a_job(sqlite_job: SQLiteJob, autojump_clock: MockClock) -> None:
    """Nothing is sent, neither for a new file nor for a known one."""
    sqlite_job.let_write(allowed=False)
    with pytest.raises(LedgerError) as caught:
        await sqlite_job.play()
    assert str(caught.value) == refused(sqlite_job)
    sqlite_job.let_write(allowed=True)
    await sqlite_job.play()
    sqlite_job.let_write(allowed=False)
    with pytest.raises(LedgerError) as caught:
        await sqlite_job.play("a", "B", "c")
    assert str(caught.value) == refused(sqlite_job)
    assert sorted(sqlite_job.fake.submitted) == ["a", "b", "c"]
    sqlite_job.let_write(allowed=True)
    await sqlite_job.play()
    await sqlite_job.nothing_is_lost_or_paid_twice()


@pytest.mark.parametrize("nth", SUBMITS)
async def test_after_a_submit_was_accepted(
    sqlite_job: SQLiteJob, autojump_clock: MockClock, *, nth: int
) -> None:
    """The error carries the ticket; what runs is called off, or stands in the ledger."""

    def strike() -> None:
        sqlite_job.let_write(allowed=len(sqlite_job.fake.submitted) < nth)

    sqlite_job.fake.after_submit = strike
    with pytest.raises(LedgerError) as caught:
        await sqlite_job.play()
    assert str(caught.value) == refused(sqlite_job)
    assert caught.value.ticket is not None
    sqlite_job.fake.after_submit = int
    sqlite_job.let_write(allowed=True)
    await stands_in_the_ledger(sqlite_job)
    await sqlite_job.play()
    await sqlite_job.nothing_is_lost_or_paid_twice()


@pytest.mark.parametrize("moment", MOMENTS)
async def test_while_clips_are_made(
    sqlite_job: SQLiteJob, autojump_clock: MockClock, *, moment: float
) -> None:
    """Whatever is under way, the job ends with the error, and the next run finishes it."""

    async def strike() -> None:
        await trio.sleep(moment)
        sqlite_job.let_write(allowed=False)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(strike)
        with pytest.raises(LedgerError) as caught:
            await sqlite_job.play()
    assert str(caught.value) == refused(sqlite_job)
    sqlite_job.let_write(allowed=True)
    await stands_in_the_ledger(sqlite_job)
    await sqlite_job.play()
    await sqlite_job.nothing_is_lost_or_paid_twice()


async def stands_in_the_ledger(sqlite_job: SQLiteJob) -> None:
    """Whatever the provider still runs is in the ledger as sent and open."""
    standing = {a.attempt_id: a for a in await sqlite_job.attempts() if a.is_open and a.sent}
    for key in sqlite_job.fake.running:
        assert standing[key].custody in {Custody.INTENDED, Custody.TICKETED}
