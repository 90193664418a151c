"""Holding the claim on a clip for as long as it is worked on."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from uuid import UUID

import trio

from vgen.drive.bare import bare_errors
from vgen.drive.job import JobRun
from vgen.drive.kit import Kit
from vgen.drive.owners import has_died
from vgen.errors import JobStoppedError, LedgerError
from vgen.ports.ledger import CostLedger
from vgen.records.job import Claim

logger = logging.getLogger("vgen")

LEASE = 60.0
"""How long a claim lasts without renewal, in seconds; it is renewed until the last submit ends."""

LOOK_AGAIN = 1.0
"""How often a clip that another process holds is tried for, in seconds."""


async def acquire(job: JobRun, clip_index: int) -> Claim:
    """Wait for the claim on a clip, for as long as another process that may be alive holds it.

    Raises:
        JobStoppedError: the job was stopped meanwhile; found out within 20 seconds.
    """
    asked = trio.current_time()
    while True:
        claim = await claim_now(job.kit, job.manifest.job_id, clip_index)
        if claim is not None:
            return claim
        if trio.current_time() >= asked + LEASE / 3:
            asked = trio.current_time()
            await _check_going(job)
        with job.elsewhere():
            await trio.sleep(LOOK_AGAIN)


async def _check_going(job: JobRun) -> None:
    job_id = job.manifest.job_id
    known = await job.kit.ledger.job(job_id)
    if known is not None and known.stopped:
        raise JobStoppedError(f"job {job_id} was stopped")


async def claim_now(kit: Kit, job_id: UUID, clip_index: int) -> Claim | None:
    """Claim a clip unless another process holds it that may be alive."""
    claim = await kit.ledger.claim(job_id, clip_index, owner=kit.owner, lease=LEASE)
    if claim is not None:
        return claim
    held = await kit.ledger.holder(job_id, clip_index)
    if held is None or not has_died(held.owner):
        return None
    await kit.ledger.release(held)
    return await kit.ledger.claim(job_id, clip_index, owner=kit.owner, lease=LEASE)


@asynccontextmanager
async def kept(kit: Kit, claim: Claim) -> AsyncGenerator[None]:
    """Keep the claim renewed within the block, and give it back.

    Raises:
        LedgerError: the claim has passed on; the block is cancelled first.
        JobStoppedError: the job was stopped; the block is cancelled first.
    """
    # A submit that has begun outlives cancellation, and its claim must outlive the submit.
    renewing = trio.CancelScope(shield=True)
    async with given_back(kit.ledger, claim, grace=kit.settings.grace):
        with bare_errors():
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_renew, kit, claim, renewing)
                try:
                    yield
                finally:
                    renewing.cancel()


@asynccontextmanager
async def given_back(ledger: CostLedger, claim: Claim, *, grace: float) -> AsyncGenerator[None]:
    """Give the claim back at the block's end."""
    try:
        yield
    finally:
        async with last_words(f"clip {claim.clip_index} stays claimed", grace=grace):
            await ledger.release(claim)


@asynccontextmanager
async def last_words(otherwise: str, *, grace: float) -> AsyncGenerator[None]:
    """Write to the ledger on the way out: bounded, shielded, and hiding no error behind its own.

    What cannot be written is logged as what holds `otherwise`.
    """
    with trio.move_on_after(grace, shield=True):
        try:
            yield
        except LedgerError as error:
            logger.warning("%s: %s", otherwise, error)


async def _renew(kit: Kit, claim: Claim, scope: trio.CancelScope) -> None:
    with scope:
        while True:
            with trio.move_on_after(LEASE / 3):
                await kit.stops.heard_of(claim.job_id)
            await kit.ledger.renew(claim, lease=LEASE)
