"""The database refuses by itself what no ledger must hold, whoever calls its functions."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from vgen.abc import Ticket, Ticketed
from vgen.errors import LedgerError, VgenError
from vgen_supabase import PostgresLedger

from .jobs import manifest
from .served import Database
from .worker import attempt

NO_AMOUNTS = ["NaN", "Infinity", "-1"]


def opening(job: UUID, *, budget: str = "1", spent: str = "0") -> dict[str, Any]:
    """Give the arguments of an opening."""
    told = {"job": str(job), "call": str(uuid4()), "manifest": "{}", "budget": budget}
    return {**told, "already_spent": spent, "holds": []}


@pytest.mark.parametrize("amount", NO_AMOUNTS)
@pytest.mark.parametrize("name", ["budget", "spent"])
async def test_jobs(served: Database, name: str, amount: str) -> None:
    """A budget, and what was spent before, is an amount."""
    ledger = PostgresLedger(served.address())
    with pytest.raises(Exception, match=r"check constraint|no amount"):
        await ledger.call_once("vgen_open_job", opening(uuid4(), **{name: amount}))
    await ledger.aclose()


@pytest.mark.parametrize(
    "change",
    [
        *({"verdict": "failed", "billed": amount, "metered": True} for amount in NO_AMOUNTS),
        {"verdict": "failed", "metered": True},
        {"billed": "0.1", "metered": True},
    ],
)
async def test_bills(served: Database, change: dict[str, object]) -> None:
    """A bill is an amount that is there, and comes with a verdict."""
    ledger, job = PostgresLedger(served.address()), uuid4()
    await ledger.open_job(manifest(job), [])
    claim = await ledger.claim(job, 0, owner="me", lease=60)
    assert claim is not None
    sent = await ledger.reserve(claim, attempt(uuid4(), job, 0, Decimal("0.20")))
    sent = await ledger.advance(claim, sent.attempt_id, sent.state, Ticketed(Ticket("svd", "p")))
    told = {"entry": "Settled", "reason": '""', **change}
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
                "entry": json.dumps(told),
                "change": told,
            },
        )
    assert await ledger.attempt(sent.attempt_id) == sent
    await ledger.aclose()


async def test_holds(served: Database) -> None:
    """The same attempt twice in an opening is held for neither time."""
    ledger, job = PostgresLedger(served.address()), uuid4()
    hold = attempt(uuid4(), job, 0, Decimal("0.30"))
    with pytest.raises(LedgerError, match="is open"):
        await ledger.open_job(manifest(job), [hold, hold])
    assert await ledger.job(job) is None
    await ledger.aclose()


async def test_leases(served: Database) -> None:
    """A lease that is no time is refused."""
    ledger, job = PostgresLedger(served.address()), uuid4()
    await ledger.open_job(manifest(job), [])
    with pytest.raises(VgenError):
        await ledger.claim(job, 0, owner="me", lease=float("nan"))
    await ledger.aclose()
