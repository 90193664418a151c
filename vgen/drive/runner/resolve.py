"""Closing an attempt on a person's word."""

from __future__ import annotations

from uuid import UUID

from vgen.decisions.resolution import Word, resolution
from vgen.drive.attempt.held_claim import LEASE
from vgen.drive.clip.claims import Claims, released_claim
from vgen.drive.observe.log_context import LogContext, log_context
from vgen.errors import LedgerError, NotFoundError
from vgen.ports.ledger import CostLedger
from vgen.records.attempt import Attempt


async def resolve(claims: Claims, attempt_id: UUID, word: Word) -> Attempt:
    """Write down what a person says of an attempt: see `Runner.resolve`.

    Raises:
        NotFoundError: there is no such attempt.
        ConfigurationError: it was never sent, or is closed.
        LedgerError: another process is working on its clip.
    """
    ledger = claims.ledger
    attempt = await _existing(ledger, attempt_id)
    if resolution(attempt, word) is None:
        return attempt
    held = await claims.try_claim(attempt.job_id, attempt.clip_index)
    if held is None:
        raise LedgerError(await _why_claimed(ledger, attempt))
    with log_context(LogContext.of(attempt)):
        async with released_claim(ledger, held.claim, grace=LEASE):
            attempt = await _existing(ledger, attempt_id)
            entry = resolution(attempt, word)
            if entry is None:
                return attempt
            return await ledger.advance(held.claim, attempt_id, attempt.state, entry)


async def _existing(ledger: CostLedger, attempt_id: UUID) -> Attempt:
    attempt = await ledger.attempt(attempt_id)
    if attempt is None:
        raise NotFoundError(f"the ledger has no attempt {attempt_id}")
    return attempt


async def _why_claimed(ledger: CostLedger, attempt: Attempt) -> str:
    holder = await ledger.holder(attempt.job_id, attempt.clip_index)
    owner = holder.owner.partition("@")[0] if holder else "another process"
    return (
        f"clip {attempt.clip_index} of its job is being worked on by {owner}: "
        "wait for its end, or cancel the job"
    )
