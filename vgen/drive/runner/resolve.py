"""Resolving an attempt in doubt on a person's word."""

from __future__ import annotations

from uuid import UUID

from vgen.drive.attempt.held_claim import LEASE
from vgen.drive.clip.claims import released_claim
from vgen.drive.observe.log_context import LogContext, log_context
from vgen.errors import ConfigurationError, LedgerError, NotFoundError
from vgen.ports.ledger import CostLedger
from vgen.records.attempt import Attempt, Custody, Money
from vgen.records.entry import Released, WrittenOff


async def resolve(ledger: CostLedger, attempt_id: UUID, *, paid: bool, owner: str) -> Attempt:
    """Write down whether an attempt in doubt, or written off, was paid: see `Runner.resolve`.

    Raises:
        NotFoundError: there is no such attempt.
        ConfigurationError: nothing of it is in doubt.
        LedgerError: another process is working on its clip.
    """
    attempt = await ledger.attempt(attempt_id)
    if attempt is None:
        raise NotFoundError(f"the ledger has no attempt {attempt_id}")
    if attempt.money is not Money.WRITTEN_OFF and attempt.custody is not Custody.INTENDED:
        raise ConfigurationError(
            f"attempt {attempt_id} is {attempt.money} and {attempt.custody}: nothing is in doubt"
        )
    if paid and attempt.money is Money.WRITTEN_OFF:
        return attempt
    claim = await ledger.claim(attempt.job_id, attempt.clip_index, owner=owner, lease=LEASE)
    if claim is None:
        raise LedgerError(f"another process is working on clip {attempt.clip_index} of its job")
    entry = WrittenOff("paid, a person says") if paid else Released("not paid, a person says")
    with log_context(LogContext.of(attempt)):
        async with released_claim(ledger, claim, grace=LEASE):
            return await ledger.advance(claim, attempt_id, attempt.state, entry)
