"""A call that arrives late, after it was repeated and after what came next, undoes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from vgen.errors import BudgetExceededError
from vgen_supabase import PostgresLedger

from .jobs import manifest, spend
from .served import Database
from .worker import attempt


class Recording(PostgresLedger):
    """Keeps its last call, which may so arrive once more."""

    async def call_once(self, function: str, arguments: Mapping[str, Any]) -> Any:
        """Note the call."""
        self.last = function, arguments
        return await super().call_once(function, arguments)


@pytest.fixture
def ledger(served: Database) -> Recording:
    """A ledger that keeps its calls."""
    return Recording(served.address())


async def test_an_opening(ledger: Recording) -> None:
    """A lowered budget stays low, and an overrun stays known."""
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
    """What another opening holds is not released, nor is the job ended by it."""
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
    """Who is told of a claim so late that it has ended holds it all the same."""
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
    """A clip that nobody works on is free."""
    job = uuid4()
    await ledger.open_job(manifest(job), [])
    claim = await ledger.claim(job, 0, owner="me", lease=60)
    late = ledger.last
    assert claim is not None
    await ledger.release(claim)
    await ledger.call_once(*late)
    assert await ledger.holder(job, 0) is None
    await ledger.aclose()


async def test_where_transactions_see_the_past(served: Database, mallory: str) -> None:
    """Under repeatable read, too, an old claim writes nothing once the clip has passed on."""
    served.run(f"alter role {mallory} set default_transaction_isolation = 'repeatable read'")
    job, ledger = uuid4(), PostgresLedger(served.address())
    await ledger.open_job(manifest(job), [])
    old = await ledger.claim(job, 0, owner="ann", lease=0.0)
    assert old is not None
    snapshot = served.connect(mallory)
    snapshot.execute("select 1")
    assert await ledger.claim(job, 0, owner="bob", lease=60) is not None
    with pytest.raises(Exception, match="could not serialize"):
        snapshot.execute(
            "select public.vgen_reserve(%s, 0, %s, %s, 0.1, '{}')", (job, old.epoch, uuid4())
        )
    snapshot.close()
    await ledger.aclose()
