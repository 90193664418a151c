"""Another job that shares the purse: it holds some money for a while, and spends part of it."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

import trio
from attrs import evolve

from tests.records.samples import a_manifest, an_attempt
from vgen.abc import (
    Attempt,
    CostLedger,
    Entry,
    Manifest,
    Money,
    Need,
    Purse,
    Released,
    Settled,
    State,
    Ticket,
    Ticketed,
)
from vgen.errors import VgenError
from vgen.testing import Call, LogEntry

JOB = UUID("6e656967-0000-4000-8000-000000000001")
PURSE = "shared"
HOLD, BILL = "0.20", Decimal("0.05")
BEGINS, LASTS = 0.2, 30.0
"""From when, and for how long, it holds money in each run, in seconds."""


async def share_purse(ledger: CostLedger, limit: Decimal) -> None:
    """Hold money of the purse for a while, if there is enough, and spend some of it."""
    await trio.sleep(BEGINS)
    try:
        manifest = evolve(a_manifest(JOB, budget="99"), purses=(Purse(PURSE, limit),))
        await ledger.open_job(manifest, Need())
        number = len(await ledger.attempts(JOB, 0))
        claim = await ledger.claim(JOB, 0, owner="next door", lease=2 * LASTS)
        if claim is None:
            return
        now = await ledger.reserve(claim, an_attempt(JOB, hold=HOLD))
        await trio.sleep(LASTS)
        spends: list[Entry] = [
            Ticketed(Ticket("svd", "p")),
            Settled(State.FAILED, BILL, metered=True),
        ]
        for entry in spends if number % 2 else [Released("refused")]:
            now = await ledger.advance(claim, now.attempt_id, now.state, entry)
        await ledger.release(claim)
    except VgenError:
        return


def is_neighbours(logged: LogEntry, attempts: dict[UUID, Attempt]) -> bool:
    """Whether an entry of the call log is about the neighbour."""
    match logged.what:
        case Manifest(job_id=job_id):
            return job_id == JOB
        case Call(attempt_id=attempt_id):
            return attempt_id in attempts
        case what:
            return getattr(what, "attempt_id", None) in attempts


def held(attempts: dict[UUID, Attempt]) -> Decimal:
    """Return what the neighbour holds now, in US dollars."""
    return sum((a.hold for a in attempts.values() if a.money is Money.HELD), Decimal(0))
