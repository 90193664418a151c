"""A job of one clip, for tests that need one in the ledger."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID, uuid4

from vgen import ClipPrompt, GenerationSettings
from vgen.abc import CostLedger, Manifest, PlannedClip, Settled, State, Ticket, Ticketed

from .worker import REQUEST, attempt


def manifest(job: UUID, *, budget: Decimal = Decimal(1), clips: int = 1) -> Manifest:
    """Return a job's manifest."""
    planned = tuple(
        PlannedClip(ClipPrompt(index, "a lighthouse", 4.0), REQUEST, "f", ("svd",))
        for index in range(clips)
    )
    return Manifest(job, planned, GenerationSettings(), budget)


async def spend(ledger: CostLedger, job: UUID, bill: str) -> None:
    """Open the job, and spend `bill` on its clip."""
    await ledger.open_job(manifest(job), [])
    claim = await ledger.claim(job, 0, owner="me", lease=60)
    assert claim is not None
    sent = await ledger.reserve(claim, attempt(uuid4(), job, 0, Decimal("0.20")))
    sent = await ledger.advance(claim, sent.attempt_id, sent.state, Ticketed(Ticket("svd", "p")))
    settled = Settled(State.FAILED, Decimal(bill), metered=True)
    await ledger.advance(claim, sent.attempt_id, sent.state, settled)
