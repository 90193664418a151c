"""Names that Postgres cannot store as they are arrive as they were."""

from __future__ import annotations

from decimal import Decimal
from uuid import uuid4

import pytest
from attrs import evolve

from vgen import JobQuery, SpendingKey
from vgen.abc import CostLedger, Need, Purse
from vgen.errors import BudgetExceededError
from vgen_supabase import PostgresLedger, SupabaseLedger

from .jobs import book, manifest
from .servers import Database, Rest

NASTY = 'é "\\u0000",  "account": "\0\n\u2028\ud800\\ \\\\n'
"""No text for Postgres, and one that looks like a part of a record."""


@pytest.fixture(params=["direct", "rest"])
def ledger(request: pytest.FixtureRequest, database: Database) -> CostLedger:
    """A ledger over either way."""
    if request.param == "direct":
        return PostgresLedger(database.address())
    gateway: Rest = request.getfixturevalue("gateway")
    return SupabaseLedger(gateway.url, gateway.key())


async def test_any_name(ledger: CostLedger, database: Database) -> None:
    """Those of jobs, folders, backends, accounts and purses; also where a purse refuses."""
    database.empty()
    job = uuid4()
    purse = Purse(f"é, {{a}} \"b\\  'c'\n\u2028 of {job}", Decimal("0.30"))
    named = evolve(
        manifest(job, purses=[purse]), name=NASTY, folder=f"/{NASTY}", backends=(NASTY, "")
    )
    await ledger.open_job(named, Need())
    await book(ledger, job, "0.12", backend=NASTY)
    (listed,) = await ledger.jobs(JobQuery(prefix=str(job)[:9]))
    assert (listed.name, listed.folder, listed.backends) == (NASTY, f"/{NASTY}", (NASTY, ""))
    assert await ledger.jobs(JobQuery(prefix=NASTY)) == ()
    (spent,) = await ledger.spending(by=list(SpendingKey))
    assert (spent.backend, spent.account, spent.purse) == (NASTY, NASTY, purse.name)
    (seen,) = await ledger.observed(NASTY, limit=1)
    assert (seen.backend, seen.billed) == (NASTY, Decimal("0.12"))
    with pytest.raises(BudgetExceededError) as caught:
        await ledger.open_job(named, Need(expected=Decimal("0.19")))
    assert caught.value.purse == purse.name
    assert caught.value.least == Decimal("0.31")
    await ledger.aclose()
