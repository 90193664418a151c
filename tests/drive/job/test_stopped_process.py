"""A process that stood still for longer than its claims last: its clips are another's by then."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import pytest
import trio
from trio.testing import MockClock

from tests.drive.sqlite_job import HookedBackend, SQLiteJob
from vgen import Clips, SQLiteLedger
from vgen.abc import Attempt
from vgen.builtin.transactions import Transaction
from vgen.records.job import Claim
from vgen.testing import Break, MemoryStorage, Succeed

T = TypeVar("T")

TIME_LIMIT = 300.0
"""How long both runners may take, in seconds."""


class StoppedLedger(SQLiteLedger):
    """The ledger of a process that stands still: a call goes on when the process does.

    As in a thread, no call can be cancelled meanwhile.
    """

    stopped_from = 5.0
    stopped_until = 90.0

    async def _transact(
        self, work: Callable[[Transaction], T], *, make: bool = False, after_loss: bool = False
    ) -> T:
        if self.stopped_from <= trio.current_time() < self.stopped_until:
            with trio.CancelScope(shield=True):
                await trio.sleep_until(self.stopped_until)
        return await super()._transact(work, make=make, after_loss=after_loss)


class StoppedAfterReserving(StoppedLedger):
    """The ledger of a process that is stopped when an attempt is reserved, before it is sent."""

    stopped_from = 0.5

    async def reserve(self, claim: Claim, attempt: Attempt) -> Attempt:
        reserved = await super().reserve(claim, attempt)
        with trio.CancelScope(shield=True):
            await trio.sleep_until(self.stopped_until)
        return reserved


async def run_beside(sqlite_job: SQLiteJob, ledger: SQLiteLedger) -> list[Clips]:
    """Run the job on the stopped process's ledger, and from the tenth second on another's."""
    found: list[Clips] = []

    async def run(ledger: SQLiteLedger, after: float) -> None:
        await trio.sleep(after)
        found.append(await sqlite_job.run_job(ledger=ledger))

    with trio.fail_after(TIME_LIMIT):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(run, ledger, 0)
            nursery.start_soon(run, sqlite_job.ledger, 10)
    return found


def stopped(sqlite_job: SQLiteJob, kind: type[StoppedLedger] = StoppedLedger) -> StoppedLedger:
    """Return the ledger of a process that is stopped for a while."""
    return kind(sqlite_job.path, clock=lambda: trio.current_time() + sqlite_job.clock_offset)


@pytest.mark.parametrize("after", [50, 88, 115])
async def test_it_reports_what_its_successor_makes(
    sqlite_job: SQLiteJob, autojump_clock: MockClock, after: float
) -> None:
    """It cancels nothing that its successor waits for, and ends with the same clips."""
    sqlite_job.fake = HookedBackend(default=Succeed(after=after))
    first, second = await run_beside(sqlite_job, stopped(sqlite_job))
    assert first.clips == second.clips
    assert first.total_cost == second.total_cost
    assert "cancel" not in repr(sqlite_job.fake)
    await sqlite_job.check_nothing_lost_or_paid_twice()


async def test_its_time_limits_cancel_nothing(
    sqlite_job: SQLiteJob, autojump_clock: MockClock
) -> None:
    """An attempt that has become too slow meanwhile is its successor's to cancel."""
    sqlite_job.fake = HookedBackend(default=Succeed(after=123))
    ledger = stopped(sqlite_job)
    ledger.stopped_until = 125.0
    await run_beside(sqlite_job, ledger)
    assert "cancel" not in repr(sqlite_job.fake)
    await sqlite_job.check_nothing_lost_or_paid_twice()


async def test_interrupted_it_cancels_nothing(
    sqlite_job: SQLiteJob, autojump_clock: MockClock
) -> None:
    """Ctrl-C when it goes on again does not touch what its successor waits for."""
    sqlite_job.fake = HookedBackend(default=Succeed(after=100))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(sqlite_job.run_job)
        with trio.move_on_after(89):
            await sqlite_job.run_job(ledger=stopped(sqlite_job))
    assert "cancel" not in repr(sqlite_job.fake)
    await sqlite_job.check_nothing_lost_or_paid_twice()


async def test_it_replaces_nothing_in_storage(
    sqlite_job: SQLiteJob, autojump_clock: MockClock
) -> None:
    """What its successor has stored meanwhile is not written again."""
    failures = 15
    sqlite_job.storage = MemoryStorage(faults=[Break("write", times=failures)])
    ledger = stopped(sqlite_job)
    ledger.stopped_from = 15.0
    await run_beside(sqlite_job, ledger)
    writes = sqlite_job.storage.call_log.calls("storage")
    assert len([line for line in writes if "write" in line]) == failures + 3
    await sqlite_job.check_nothing_lost_or_paid_twice()


async def test_it_sends_nothing_that_it_has_only_reserved(
    sqlite_job: SQLiteJob, autojump_clock: MockClock
) -> None:
    """What its successor has looked for in vain is not sent after all."""
    await run_beside(sqlite_job, stopped(sqlite_job, StoppedAfterReserving))
    assert sorted(sqlite_job.fake.submitted) == ["a", "b", "c"]
    await sqlite_job.check_nothing_lost_or_paid_twice()
