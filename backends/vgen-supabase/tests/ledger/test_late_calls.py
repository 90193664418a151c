"""A call that arrives late, after its retry and after later calls, undoes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from vgen import JobState
from vgen.abc import Need, Purse
from vgen.errors import BudgetExceededError
from vgen_supabase import PostgresLedger

from .jobs import claimed, manifest, spend
from .servers import Database
from .worker import attempt


class Recording(PostgresLedger):
    """Records its last call, so that a test can repeat it later."""

    async def call_once(self, function: str, arguments: Mapping[str, Any]) -> Any:
        """Record the call."""
        self.last = function, arguments
        return await super().call_once(function, arguments)


@pytest.fixture
def ledger(database: Database) -> Recording:
    """A ledger that records its last call."""
    return Recording(database.address())


async def test_an_opening(ledger: Recording) -> None:
    """A late opening does not raise a lowered budget, or clear an overrun."""
    job = uuid4()
    await ledger.open_job(manifest(job, budget=Decimal(10)), Need())
    late = ledger.last
    await spend(ledger, job, "0.30")
    claim = await claimed(ledger, job, 1)
    before = await ledger.job(job)
    await ledger.call_once(*late)
    assert await ledger.job(job) == before
    assert before is not None
    assert (before.account.limit, before.account.overrun) == (Decimal(1), True)
    with pytest.raises(BudgetExceededError):
        await ledger.reserve(claim, attempt(uuid4(), job, 1, Decimal("0.01")))
    await ledger.aclose()


async def test_an_ending(ledger: Recording) -> None:
    """A late conclusion does not end a job that was opened again."""
    job = uuid4()
    await ledger.open_job(manifest(job), Need())
    await ledger.conclude(job, "interrupted", made=0)
    late = ledger.last
    await ledger.open_job(manifest(job), Need())
    before = await ledger.job(job)
    await ledger.call_once(*late)
    assert await ledger.job(job) == before
    assert before is not None
    assert before.outcome == ""
    assert (await ledger.jobs())[0].state is JobState.NEVER_SENT
    await ledger.aclose()


async def test_a_claim_lasts_from_its_last_repetition(ledger: Recording) -> None:
    """A claim whose first answer came after its lease ended lasts from the repeated call."""
    job = uuid4()
    await ledger.open_job(manifest(job), Need())
    claim = await claimed(ledger, job, lease=0.0)
    function, arguments = ledger.last
    assert await ledger.holder(job, 0) is None
    await ledger.call_once(function, {**arguments, "lease": 60.0})
    assert await ledger.holder(job, 0) == claim
    await ledger.aclose()


async def test_a_claim_that_was_given_back(ledger: Recording) -> None:
    """A late claim does not take a released clip again."""
    job = uuid4()
    await ledger.open_job(manifest(job), Need())
    claim = await claimed(ledger, job)
    late = ledger.last
    await ledger.release(claim)
    await ledger.call_once(*late)
    assert await ledger.holder(job, 0) is None
    await ledger.aclose()


async def test_under_repeatable_read(database: Database, mallory: str) -> None:
    """An old claim writes nothing once the clip was taken over, even from an older snapshot."""
    database.run(f"alter role {mallory} set default_transaction_isolation = 'repeatable read'")
    job, ledger = uuid4(), PostgresLedger(database.address())
    await ledger.open_job(manifest(job), Need())
    old = await ledger.claim(job, 0, owner="ann", lease=0.0)
    assert old is not None
    snapshot = database.connect(mallory)
    snapshot.execute("select 1")
    assert await ledger.claim(job, 0, owner="bob", lease=60) is not None
    with pytest.raises(Exception, match="could not serialize"):
        snapshot.execute(
            "select public.vgen_reserve(%s, 0, %s, %s, 0.1, '{}')", (job, old.epoch, uuid4())
        )
    snapshot.close()
    await ledger.aclose()


@pytest.mark.parametrize("isolation", ["repeatable read", "serializable"])
@pytest.mark.parametrize("known", [True, False])
async def test_a_purse_under_other_isolation(
    database: Database, mallory: str, isolation: str, *, known: bool
) -> None:
    """What another job holds of a purse is noticed, even from an older snapshot."""
    database.run(f"alter role {mallory} set default_transaction_isolation = '{isolation}'")
    ledger, jobs = PostgresLedger(database.address()), (uuid4(), uuid4())
    purse = Purse(f"purse of {jobs[0]}", Decimal("0.30"))
    for job in jobs:
        await ledger.open_job(manifest(job, purses=[purse]), Need())
    first, second = [await claimed(ledger, job) for job in jobs]
    if known:
        await ledger.reserve(first, attempt(uuid4(), jobs[0], 0, Decimal("0.10")))
        first = await claimed(ledger, jobs[0], 1)
    snapshot = database.connect(mallory)
    snapshot.execute("select 1")
    await ledger.reserve(first, attempt(uuid4(), jobs[0], 1, Decimal("0.20")))
    with pytest.raises(Exception, match="could not serialize"):
        snapshot.execute(
            "select public.vgen_reserve(%s, 0, %s, %s, 0.2, '{}')", (jobs[1], second.epoch, uuid4())
        )
    snapshot.close()
    with pytest.raises(BudgetExceededError):
        await ledger.reserve(second, attempt(uuid4(), jobs[1], 0, Decimal("0.21")))
    await ledger.aclose()
