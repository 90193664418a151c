"""The database itself refuses invalid amounts, whoever calls its functions."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from vgen.abc import Need, Ticket, Ticketed
from vgen.errors import LedgerError, VgenError
from vgen_supabase import PostgresLedger

from .jobs import claimed, manifest
from .servers import Database
from .worker import attempt

INVALID_AMOUNTS = ["NaN", "Infinity", "-1"]


def opening(
    job: UUID, *, budget: str = "1", spent: str = "0", purses: object = ()
) -> dict[str, Any]:
    """Return the arguments of `vgen_open_job`."""
    arguments = {"job": str(job), "call": str(uuid4()), "terms": "{}", "budget": budget}
    needs = {"opening": "", "already_spent": spent, "expected": "0", "peak": "0"}
    return {**arguments, **needs, "clips": (), "purses": purses}


@pytest.mark.parametrize("amount", INVALID_AMOUNTS)
@pytest.mark.parametrize("name", ["budget", "spent"])
async def test_jobs(database: Database, name: str, amount: str) -> None:
    """The budget and the amount spent before must be valid amounts."""
    ledger = PostgresLedger(database.address())
    with pytest.raises(Exception, match=r"check constraint|no amount"):
        await ledger.call_once("vgen_open_job", opening(uuid4(), **{name: amount}))
    await ledger.aclose()


@pytest.mark.parametrize("limit", [*INVALID_AMOUNTS, None])
async def test_purses(database: Database, limit: str | None) -> None:
    """The limit of a purse must be a valid amount, and there."""
    ledger = PostgresLedger(database.address())
    purses = [{"name": "team", "limit": "1"}, {"name": "me", "limit": limit}]
    with pytest.raises(Exception, match="check constraint"):
        await ledger.call_once("vgen_open_job", opening(uuid4(), purses=purses))
    await ledger.aclose()


@pytest.mark.parametrize(
    "change",
    [
        *({"verdict": "failed", "billed": amount, "metered": True} for amount in INVALID_AMOUNTS),
        {"verdict": "failed", "metered": True},
        {"billed": "0.1", "metered": True},
    ],
)
async def test_bills(database: Database, change: dict[str, object]) -> None:
    """A bill must have a valid amount and a verdict."""
    ledger, job = PostgresLedger(database.address()), uuid4()
    await ledger.open_job(manifest(job), Need())
    claim = await claimed(ledger, job)
    sent = await ledger.reserve(claim, attempt(uuid4(), job, 0, Decimal("0.20")))
    sent = await ledger.advance(claim, sent.attempt_id, sent.state, Ticketed(Ticket("svd", "p")))
    entry = {"entry": "Settled", "reason": '""', **change}
    with pytest.raises(Exception, match=r"constraint|no verdict"):
        await ledger.call_once(
            "vgen_advance",
            {
                "job": str(job),
                "clip": 0,
                "epoch": claim.epoch,
                "attempt": str(sent.attempt_id),
                "money": sent.money,
                "custody": sent.custody,
                "entry": json.dumps(entry),
                "change": entry,
            },
        )
    assert await ledger.attempt(sent.attempt_id) == sent
    await ledger.aclose()


async def test_an_id_that_is_known(database: Database) -> None:
    """An attempt cannot be reserved under the id of another, whichever job that is of."""
    ledger, jobs = PostgresLedger(database.address()), (uuid4(), uuid4())
    known = attempt(uuid4(), jobs[0], 0, Decimal("0.30"))
    for job in jobs:
        await ledger.open_job(manifest(job), Need())
    await ledger.reserve(await claimed(ledger, jobs[0]), known)
    with pytest.raises(LedgerError, match="was written down before"):
        await ledger.reserve(await claimed(ledger, jobs[1]), known)
    assert await ledger.history(jobs[1]) == ()
    await ledger.aclose()


async def test_leases(database: Database) -> None:
    """A lease of NaN seconds is refused."""
    ledger, job = PostgresLedger(database.address()), uuid4()
    await ledger.open_job(manifest(job), Need())
    with pytest.raises(VgenError):
        await ledger.claim(job, 0, owner="me", lease=float("nan"))
    await ledger.aclose()
