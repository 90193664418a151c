"""A ledger that becomes read-only: one clear error, and nothing is lost or paid for twice."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

from tests.drive.sqlite_job import SQLiteJob
from vgen.abc import Custody
from vgen.errors import LedgerError

SUBMITS = [1, 2, 3]
MOMENTS = [2.0, 9.9, 10.1]
"""When all attempts run, and when they are about to be fetched, in seconds."""


def refused(sqlite_job: SQLiteJob) -> str:
    """Return the error's message, which names the file."""
    return f"{sqlite_job.path}: attempt to write a readonly database"


async def test_before_a_job(sqlite_job: SQLiteJob, autojump_clock: MockClock) -> None:
    """Nothing is sent, neither with a new file nor with an existing one."""
    sqlite_job.let_write(allowed=False)
    with pytest.raises(LedgerError) as caught:
        await sqlite_job.run_job()
    assert str(caught.value) == refused(sqlite_job)
    sqlite_job.let_write(allowed=True)
    await sqlite_job.run_job()
    sqlite_job.let_write(allowed=False)
    with pytest.raises(LedgerError) as caught:
        await sqlite_job.run_job("a", "B", "c")
    assert str(caught.value) == refused(sqlite_job)
    assert sorted(sqlite_job.fake.submitted) == ["a", "b", "c"]
    sqlite_job.let_write(allowed=True)
    await sqlite_job.run_job()
    await sqlite_job.check_nothing_lost_or_paid_twice()


@pytest.mark.parametrize("nth", SUBMITS)
async def test_after_a_submit_was_accepted(
    sqlite_job: SQLiteJob, autojump_clock: MockClock, *, nth: int
) -> None:
    """The error has the ticket; what still runs is recorded in the ledger."""

    def make_read_only() -> None:
        sqlite_job.let_write(allowed=len(sqlite_job.fake.submitted) < nth)

    sqlite_job.fake.after_submit = make_read_only
    with pytest.raises(LedgerError) as caught:
        await sqlite_job.run_job()
    assert str(caught.value) == refused(sqlite_job)
    assert caught.value.ticket is not None
    sqlite_job.fake.after_submit = int
    sqlite_job.let_write(allowed=True)
    await check_running_are_recorded(sqlite_job)
    await sqlite_job.run_job()
    await sqlite_job.check_nothing_lost_or_paid_twice()


@pytest.mark.parametrize("moment", MOMENTS)
async def test_while_attempts_run(
    sqlite_job: SQLiteJob, autojump_clock: MockClock, *, moment: float
) -> None:
    """At any moment, the job ends with the error, and the next run finishes it."""

    async def make_read_only() -> None:
        await trio.sleep(moment)
        sqlite_job.let_write(allowed=False)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(make_read_only)
        with pytest.raises(LedgerError) as caught:
            await sqlite_job.run_job()
    assert str(caught.value) == refused(sqlite_job)
    sqlite_job.let_write(allowed=True)
    await check_running_are_recorded(sqlite_job)
    await sqlite_job.run_job()
    await sqlite_job.check_nothing_lost_or_paid_twice()


async def check_running_are_recorded(sqlite_job: SQLiteJob) -> None:
    """Check that what the provider still runs is sent and open in the ledger."""
    recorded = {a.attempt_id: a for a in await sqlite_job.attempts() if a.is_open and a.sent}
    for key in sqlite_job.fake.running:
        assert recorded[key].custody in {Custody.INTENDED, Custody.TICKETED}
