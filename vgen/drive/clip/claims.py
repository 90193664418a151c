"""Claims on clips: acquired, renewed while a clip is worked on, and released."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from uuid import UUID

import trio
from attrs import frozen

from vgen.drive.attempt.held_claim import LEASE, HeldClaim, both_clocks
from vgen.drive.clip.processes import has_died
from vgen.drive.exception_groups import single_error
from vgen.drive.limits.freed_money import FreedMoney
from vgen.drive.limits.stop_notices import StopNotices
from vgen.errors import JobStoppedError, LedgerError
from vgen.ports.ledger import CostLedger
from vgen.records.job import Claim, Manifest

logger = logging.getLogger("vgen")

POLL_INTERVAL = 1.0
"""The pause before a clip that another process has claimed is tried again, in seconds."""


@frozen
class Claims:
    """Claims clips for one process, its `owner`.

    `grace` is how long the release of a claim may take, in seconds; `wall` is the wall clock.
    """

    ledger: CostLedger
    owner: str
    notices: StopNotices
    grace: float
    wall: Callable[[], float]

    async def acquire(
        self,
        manifest: Manifest,
        clip_index: int,
        money: FreedMoney,
        waits: Callable[[], object],
    ) -> HeldClaim:
        """Claim a clip, waiting while another process that may be alive has it: then it `waits`.

        Raises:
            JobReopenedError: the job was opened anew with other prompts than the manifest's.
            JobStoppedError: the job was stopped meanwhile; noticed within 20 seconds.
        """
        asked = trio.current_time()
        while True:
            held = await self.try_claim(manifest.job_id, clip_index, manifest.opening)
            if held is not None:
                return held
            if trio.current_time() >= asked + LEASE / 3:
                asked = trio.current_time()
                await self._check_not_stopped(manifest.job_id, clip_index)
            waits()
            with money.claimed_elsewhere():
                await trio.sleep(POLL_INTERVAL)

    async def try_claim(self, job_id: UUID, clip_index: int, opening: str = "") -> HeldClaim | None:
        """Claim a clip; `None` while another process that may be alive has it."""
        held = await self._claim(job_id, clip_index, opening)
        if held is not None:
            return held
        other = await self.ledger.holder(job_id, clip_index)
        if other is None or not has_died(other.owner):
            return None
        await self.ledger.release(other)
        return await self._claim(job_id, clip_index, opening)

    async def _claim(self, job_id: UUID, clip_index: int, opening: str) -> HeldClaim | None:
        asked = both_clocks(self.wall)
        claim = await self.ledger.claim(
            job_id, clip_index, owner=self.owner, lease=LEASE, opening=opening
        )
        return None if claim is None else HeldClaim(self.ledger, claim, self.wall, asked)

    @asynccontextmanager
    async def renewed(self, held: HeldClaim) -> AsyncGenerator[None]:
        """Renew the claim within the block, and release it afterwards.

        Raises:
            ClaimPassedOnError: another process has it; the block is cancelled first.
            LedgerError: it could not be renewed; the block is cancelled first.
            JobStoppedError: the job was stopped; the block is cancelled first.
            JobReopenedError: it was opened anew with other prompts; the block is cancelled first.
        """
        # A submit that has begun outlives cancellation, and its claim must outlive the submit.
        renewing = trio.CancelScope(shield=True)
        async with released_claim(self.ledger, held.claim, grace=self.grace):
            with single_error():
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self._renew, held, renewing)
                    try:
                        yield
                    finally:
                        renewing.cancel()

    async def _check_not_stopped(self, job_id: UUID, clip_index: int) -> None:
        clip = await self.ledger.clip(job_id, clip_index)
        if clip is not None and clip.stopped:
            raise JobStoppedError(f"job {job_id} was stopped")

    async def _renew(self, held: HeldClaim, scope: trio.CancelScope) -> None:
        with scope:
            while True:
                with trio.move_on_after(LEASE / 3):
                    await self.notices.wait(held.claim.job_id)
                await held.renew()


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
