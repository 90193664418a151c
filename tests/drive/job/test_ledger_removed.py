"""A job whose ledger file is removed while it runs ends in an error, and loses nothing."""

from __future__ import annotations

import pytest
from trio.testing import MockClock

from tests.drive.sqlite_job import SQLiteJob
from vgen.errors import LedgerError


async def test_a_removed_ledger_ends_the_job(
    sqlite_job: SQLiteJob, autojump_clock: MockClock
) -> None:
    """The error says where the money is written, and the next run pays for what is missing only."""
    sqlite_job.fake.after_submit = lambda: sqlite_job.path.unlink(missing_ok=True)
    with pytest.raises(LedgerError, match="written there again: run the job again"):
        await sqlite_job.run_job()
    assert sqlite_job.fake.running == []
    sqlite_job.fake.after_submit = int
    await sqlite_job.run_job()
    await sqlite_job.check_nothing_lost_or_paid_twice()
