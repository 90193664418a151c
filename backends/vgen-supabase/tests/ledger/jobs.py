"""A job of one clip, for tests that need one in the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID, uuid4

from attrs import evolve

from vgen import ClipPrompt, GenerationSettings
from vgen.abc import (
    Claim,
    CostLedger,
    Manifest,
    Need,
    PlannedClip,
    Purse,
    Settled,
    State,
    Ticket,
    Ticketed,
)

from .worker import REQUEST, attempt


def manifest(
    job: UUID, *, budget: Decimal = Decimal(1), clips: int = 1, purses: Sequence[Purse] = ()
) -> Manifest:
    """Return a job's manifest."""
    planned = tuple(
        PlannedClip(ClipPrompt(index, "a lighthouse", 4.0), REQUEST, "f", ("svd",))
        for index in range(clips)
    )
    return Manifest(job, planned, GenerationSettings(), budget, purses=tuple(purses))


async def claimed(ledger: CostLedger, job: UUID, clip: int = 0, *, lease: float = 60) -> Claim:
    """Claim a clip, which must be free."""
    claim = await ledger.claim(job, clip, owner="me", lease=lease)
    assert claim is not None
    return claim


async def spend(ledger: CostLedger, job: UUID, bill: str) -> None:
    """Open the job, and spend `bill` on its clip."""
    await ledger.open_job(manifest(job), Need())
    await book(ledger, job, bill)


async def book(ledger: CostLedger, job: UUID, bill: str, *, backend: str = "svd") -> None:
    """Spend `bill` on the clip of a job, on a backend and an account of the same name."""
    claim = await claimed(ledger, job, lease=0)
    new = evolve(attempt(uuid4(), job, 0, Decimal("0.20")), backend=backend, account=backend)
    sent = await ledger.reserve(claim, new)
    sent = await ledger.advance(claim, sent.attempt_id, sent.state, Ticketed(Ticket("svd", "p")))
    settled = Settled(State.FAILED, Decimal(bill), metered=True)
    await ledger.advance(claim, sent.attempt_id, sent.state, settled)
