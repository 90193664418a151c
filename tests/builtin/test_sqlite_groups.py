"""Calls of a SQLite ledger that wait at the same time share a commit, and nothing else."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path
from threading import Semaphore
from uuid import UUID

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from tests.records.samples import a_manifest, an_attempt
from vgen import SQLiteLedger
from vgen.abc import Attempt, Claim, Custody, Need
from vgen.errors import BudgetExceededError, LedgerError
from vgen.records.entry import Released
from vgen.testing.contracts import audit

from .statements import Statements

JOB = UUID(int=1)
CLIPS = 40
HOLD = an_attempt(JOB).hold


@pytest.fixture
async def claims(ledger: SQLiteLedger) -> list[Claim]:
    """Claims on the clips of a job with money for all of them."""
    await ledger.open_job(a_manifest(JOB, clips=CLIPS, budget=str(HOLD * CLIPS)), Need())
    found = [await ledger.claim(JOB, index, owner="me", lease=600) for index in range(CLIPS)]
    return [claim for claim in found if claim is not None]


async def reserve_all(
    ledger: SQLiteLedger,
    claims: list[Claim],
    returned: Callable[[Attempt], Awaitable[object]] | None = None,
) -> list[Exception]:
    """Reserve an attempt of each clip, all at the same time, and return what was raised."""
    errors: list[Exception] = []

    async def reserve(claim: Claim) -> None:
        try:
            attempt = await ledger.reserve(claim, an_attempt(JOB, claim.clip_index))
            if returned is not None:
                await returned(attempt)
        except (BudgetExceededError, LedgerError) as error:
            errors.append(error)

    async with trio.open_nursery() as nursery:
        for claim in claims:
            nursery.start_soon(reserve, claim)
    return errors


async def test_calls_that_wait_share_a_commit(
    statements: Statements, ledger: SQLiteLedger, claims: list[Claim]
) -> None:
    """Forty calls at once are two or three commits."""
    statements.clear()
    assert not await reserve_all(ledger, claims)
    assert 1 <= statements.ran.count("COMMIT") <= 3


async def test_each_is_on_the_disk_before_it_returns(
    path: Path, ledger: SQLiteLedger, claims: list[Claim]
) -> None:
    """Another connection reads what a call has written, as soon as that call is back."""

    async def is_there(attempt: Attempt) -> None:
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as other:
            rows = other.execute(
                "SELECT count(*) FROM attempts WHERE attempt_id = ?", (str(attempt.attempt_id),)
            )
            assert rows.fetchone() == (1,)
        other.close()

    assert not await reserve_all(ledger, claims, is_there)


async def test_the_error_of_one_undoes_no_other(ledger: SQLiteLedger, claims: list[Claim]) -> None:
    """One for whom there is no money is told so; the others are in the ledger, and add up."""
    enough = CLIPS // 2
    await ledger.open_job(a_manifest(JOB, clips=CLIPS, budget=str(HOLD * enough)), Need())
    errors = await reserve_all(ledger, claims)
    assert [type(error) for error in errors] == [BudgetExceededError] * (CLIPS - enough)
    account = await audit(ledger, JOB)
    assert account.held == HOLD * enough


async def test_an_error_of_the_file_fails_only_its_call(
    path: Path, ledger: SQLiteLedger, claims: list[Claim]
) -> None:
    """A row that SQLite refuses is one call's error: the rest of its group is written."""
    with sqlite3.connect(path) as other:
        other.execute(
            "CREATE TRIGGER refused BEFORE INSERT ON attempts WHEN new.clip_index = 7 "
            "BEGIN SELECT raise(ABORT, 'the seventh'); END"
        )
    other.close()
    (error,) = await reserve_all(ledger, claims)
    assert isinstance(error, LedgerError)
    assert "the seventh" in str(error)
    assert (await audit(ledger, JOB)).held == HOLD * (CLIPS - 1)


async def test_a_commit_that_fails_acknowledges_nothing(
    path: Path, ledger: SQLiteLedger, claims: list[Claim]
) -> None:
    """Its calls are made one by one: whoever was refused for one that came to nothing has room."""
    enough = CLIPS - 1
    await ledger.open_job(a_manifest(JOB, clips=CLIPS, budget=str(HOLD * enough)), Need())
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE none (id INTEGER PRIMARY KEY)")
        other.execute(
            "CREATE TABLE refused (id INTEGER REFERENCES none DEFERRABLE INITIALLY DEFERRED)"
        )
        other.execute(
            "CREATE TRIGGER refused BEFORE INSERT ON attempts WHEN new.clip_index = 7 "
            "BEGIN INSERT INTO refused VALUES (1); END"
        )
    other.close()
    (error,) = await reserve_all(ledger, claims)
    assert isinstance(error, LedgerError)
    assert "FOREIGN KEY" in str(error)
    assert (await audit(ledger, JOB)).held == HOLD * enough
    assert not await ledger.attempts(JOB, 7)


async def test_a_call_that_is_cancelled_is_not_made(
    path: Path, ledger: SQLiteLedger, claims: list[Claim]
) -> None:
    """Of calls that wait for a locked file, one that is cancelled leaves the others to be made."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    leader, follower, *rest = claims
    async with trio.open_nursery() as nursery:
        async with trio.open_nursery() as cancelled:
            cancelled.start_soon(reserve_all, ledger, [leader])
            await wait_all_tasks_blocked()
            cancelled.start_soon(reserve_all, ledger, [follower])
            nursery.start_soon(reserve_all, ledger, rest)
            await wait_all_tasks_blocked()
            cancelled.cancel_scope.cancel()
        other.close()
    assert (await audit(ledger, JOB)).held == HOLD * len(rest)
    assert not await ledger.attempts(JOB, leader.clip_index)
    assert not await ledger.attempts(JOB, follower.clip_index)


async def test_a_call_that_has_begun_is_finished(path: Path) -> None:
    """One that is cancelled while its group is written returns what was written."""
    at_work, go_on = Semaphore(0), Semaphore(1_000)

    def clock() -> float:
        at_work.release()
        go_on.acquire()
        return 0.0

    ledger = SQLiteLedger(path, clock=clock)
    await ledger.open_job(a_manifest(JOB, clips=2), Need())
    claims = [await ledger.claim(JOB, index, owner="me", lease=600) for index in range(2)]
    while go_on.acquire(blocking=False):
        pass
    while at_work.acquire(blocking=False):
        pass
    made: list[Attempt] = []

    async def reserve(claim: Claim | None) -> None:
        assert claim is not None
        made.append(await ledger.reserve(claim, an_attempt(JOB, claim.clip_index)))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(ledger.attempts, JOB, 0)
        await trio.to_thread.run_sync(at_work.acquire)  # what comes now is a group of its own
        for claim in claims:
            nursery.start_soon(reserve, claim)
        await wait_all_tasks_blocked()
        go_on.release()
        await trio.to_thread.run_sync(at_work.acquire)
        nursery.cancel_scope.cancel()
        go_on.release(1_000)
    assert len(made) == 2
    assert (await audit(ledger, JOB)).held == 2 * HOLD
    await ledger.aclose()


async def test_calls_in_a_row_see_one_another(ledger: SQLiteLedger, claims: list[Claim]) -> None:
    """Among others that wait, what one task writes it reads again."""

    async def one(claim: Claim) -> None:
        attempt = await ledger.reserve(claim, an_attempt(JOB, claim.clip_index))
        assert await ledger.attempts(JOB, claim.clip_index) == (attempt,)
        released = await ledger.advance(
            claim, attempt.attempt_id, attempt.state, Released("not sent")
        )
        assert released.custody is Custody.VOID
        assert await ledger.attempt(attempt.attempt_id) == released

    async with trio.open_nursery() as nursery:
        for claim in claims:
            nursery.start_soon(one, claim)
    assert (await audit(ledger, JOB)).spent == Decimal(0)
