"""Claims on clips: acquired, renewed while a clip is worked on, and released."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from uuid import UUID

import trio
from attrs import frozen

from vgen.drive.clip.processes import has_died
from vgen.drive.exception_groups import single_error
from vgen.drive.limits.freed_money import FreedMoney
from vgen.drive.limits.stop_notices import StopNotices
from vgen.errors import JobStoppedError, LedgerError
from vgen.ports.ledger import CostLedger
from vgen.records.job import Claim

logger = logging.getLogger("vgen")

LEASE = 60.0
"""How long a claim lasts without renewal, in seconds; it is renewed until the last submit ends."""

POLL_INTERVAL = 1.0
"""The pause before a clip that another process has claimed is tried again, in seconds."""


@frozen
class Claims:
    """Claims clips for one process, its `owner`.

    `grace` is how long the release of a claim may take, in seconds.
    """

    ledger: CostLedger
    owner: str
    notices: StopNotices
    grace: float

    async def acquire(self, job_id: UUID, clip_index: int, money: FreedMoney) -> Claim:
        """Claim a clip, waiting while another process that may be alive has it.

        Raises:
            JobStoppedError: the job was stopped meanwhile; noticed within 20 seconds.
        """
        asked = trio.current_time()
        while True:
            claim = await self.try_claim(job_id, clip_index)
            if claim is not None:
                return claim
            if trio.current_time() >= asked + LEASE / 3:
                asked = trio.current_time()
                await self._check_not_stopped(job_id)
            with money.claimed_elsewhere():
                await trio.sleep(POLL_INTERVAL)

    async def try_claim(self, job_id: UUID, clip_index: int) -> Claim | None:
        """Claim a clip; `None` while another process that may be alive has it."""
        claim = await self.ledger.claim(job_id, clip_index, owner=self.owner, lease=LEASE)
        if claim is not None:
            return claim
        held = await self.ledger.holder(job_id, clip_index)
        if held is None or not has_died(held.owner):
            return None
        await self.ledger.release(held)
        return await self.ledger.claim(job_id, clip_index, owner=self.owner, lease=LEASE)

    @asynccontextmanager
    async def renewed(self, claim: Claim) -> AsyncGenerator[None]:
        """Renew the claim within the block, and release it afterwards.

        Raises:
            LedgerError: the claim has passed on; the block is cancelled first.
            JobStoppedError: the job was stopped; the block is cancelled first.
        """
        # A submit that has begun outlives cancellation, and its claim must outlive the submit.
        renewing = trio.CancelScope(shield=True)
        async with released_claim(self.ledger, claim, grace=self.grace):
            with single_error():
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self._renew, claim, renewing)
                    try:
                        yield
                    finally:
                        renewing.cancel()

    async def _check_not_stopped(self, job_id: UUID) -> None:
        job = await self.ledger.job(job_id)
        if job is not None and job.stopped:
            raise JobStoppedError(f"job {job_id} was stopped")

    async def _renew(self, claim: Claim, scope: trio.CancelScope) -> None:
        with scope:
            while True:
                with trio.move_on_after(LEASE / 3):
                    await self.notices.wait(claim.job_id)
                await self.ledger.renew(claim, lease=LEASE)


@asynccontextmanager
async def released_claim(ledger: CostLedger, claim: Claim, *, grace: float) -> AsyncGenerator[None]:
    """Release the claim after the block; that may take `grace` seconds."""
    try:
        yield
    finally:
        async with ledger_cleanup(f"clip {claim.clip_index} stays claimed", grace=grace):
            await ledger.release(claim)


@asynccontextmanager
async def ledger_cleanup(consequence: str, *, grace: float) -> AsyncGenerator[None]:
    """Write to the ledger during cleanup, shielded for `grace` seconds.

    A `LedgerError` is logged with its `consequence` instead of raised, so that it hides no other.
    """
    with trio.move_on_after(grace, shield=True):
        try:
            yield
        except LedgerError as error:
            logger.warning("%s: %s", consequence, error)
