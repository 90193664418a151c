"""A call that arrives late, after its retry and after later calls, undoes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from vgen.errors import BudgetExceededError
from vgen_supabase import PostgresLedger

from .jobs import manifest, spend
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
    await ledger.open_job(manifest(job, budget=Decimal(10)), [])
    late = ledger.last
    await spend(ledger, job, "0.30")
    claim = await ledger.claim(job, 1, owner="me", lease=60)
    assert claim is not None
    before = await ledger.job(job)
    await ledger.call_once(*late)
    assert await ledger.job(job) == before
    assert before is not None
    assert (before.account.limit, before.account.overrun) == (Decimal(1), True)
    with pytest.raises(BudgetExceededError):
        await ledger.reserve(claim, attempt(uuid4(), job, 1, Decimal("0.01")))
    await ledger.aclose()


async def test_an_ending(ledger: Recording) -> None:
    """A late conclusion releases no hold of a newer opening, and does not end the job."""
    job = uuid4()
    await ledger.open_job(manifest(job), [])
    await ledger.conclude(job, "interrupted")
    late = ledger.last
    await ledger.open_job(manifest(job), [attempt(uuid4(), job, 0, Decimal("0.50"))])
    before = await ledger.job(job)
    await ledger.call_once(*late)
    assert await ledger.job(job) == before
    assert before is not None
    assert (before.account.held, before.outcome) == (Decimal("0.50"), "")
    await ledger.aclose()


async def test_a_claim_lasts_from_its_last_repetition(ledger: Recording) -> None:
    """A claim whose first answer came after its lease ended lasts from the repeated call."""
    job = uuid4()
    await ledger.open_job(manifest(job), [])
    claim = await ledger.claim(job, 0, owner="me", lease=0.0)
    function, arguments = ledger.last
    assert claim is not None
    assert await ledger.holder(job, 0) is None
    await ledger.call_once(function, {**arguments, "lease": 60.0})
    assert await ledger.holder(job, 0) == claim
    await ledger.aclose()


async def test_a_claim_that_was_given_back(ledger: Recording) -> None:
    """A late claim does not take a released clip again."""
    job = uuid4()
    await ledger.open_job(manifest(job), [])
    claim = await ledger.claim(job, 0, owner="me", lease=60)
    late = ledger.last
    assert claim is not None
    await ledger.release(claim)
    await ledger.call_once(*late)
    assert await ledger.holder(job, 0) is None
    await ledger.aclose()


async def test_under_repeatable_read(database: Database, mallory: str) -> None:
    """An old claim writes nothing once the clip was taken over, even from an older snapshot."""
    database.run(f"alter role {mallory} set default_transaction_isolation = 'repeatable read'")
    job, ledger = uuid4(), PostgresLedger(database.address())
    await ledger.open_job(manifest(job), [])
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
