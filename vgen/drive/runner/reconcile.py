"""Reconciling attempts that processes have left open with their providers."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from uuid import UUID

import trio
from attrs import frozen

from vgen.decisions.attempts import planned_as
from vgen.drive.attempt.held_claim import LEASE, HeldClaim
from vgen.drive.clip.claims import POLL_INTERVAL, released_claim
from vgen.drive.clip.resume import GetVerdict, ask_once, cancel_attempt, finish_attempt
from vgen.drive.clip.state import ClipRun
from vgen.drive.job.context import JobContext
from vgen.drive.job.pipeline import existing
from vgen.drive.observe.log_context import LogContext, log_context
from vgen.errors import ClaimPassedOnError, VgenError
from vgen.records.attempt import Attempt

logger = logging.getLogger("vgen")

AT_ONCE = 10
"""How many attempts are worked on at once."""

ELSEWHERE = "another process is working on it"

GetClaim = Callable[[Attempt], Awaitable[HeldClaim | None]]


@frozen
class Reconciled:
    """An attempt as it stands now; `note` says why it is still open, if it is."""

    attempt: Attempt
    note: str = ""


async def reconcile(context: JobContext, job_id: UUID | None) -> tuple[Reconciled, ...]:
    """Ask the providers once for all open attempts, of one job or of all."""

    async def claim_now(attempt: Attempt) -> HeldClaim | None:
        return await context.claims.try_claim(attempt.job_id, attempt.clip_index)

    return await _reconcile_each(context, job_id, claim_now, ask_once)


async def cancel_job(context: JobContext, job_id: UUID) -> tuple[Reconciled, ...]:
    """Stop a job wherever it runs, and cancel its open attempts at their providers.

    A job that has ended, with nothing left open, stays as it is.
    """
    ledger, claims = context.attempts.ledger, context.claims
    job = await ledger.job(job_id)
    if job is not None and job.outcome and not any(a.is_open for a in job.attempts):
        return ()
    await ledger.stop(job_id)
    claims.notices.post(job_id)

    async def claim_soon(attempt: Attempt) -> HeldClaim | None:
        with trio.move_on_after(LEASE + claims.grace):
            while True:
                held = await claims.try_claim(attempt.job_id, attempt.clip_index)
                if held is not None:
                    return held
                await trio.sleep(POLL_INTERVAL)
        return None

    found = await _reconcile_each(context, job_id, claim_soon, cancel_attempt)
    await ledger.conclude(job_id, "cancelled")
    return found


async def _reconcile_each(
    context: JobContext, job_id: UUID | None, get_claim: GetClaim, get_verdict: GetVerdict
) -> tuple[Reconciled, ...]:
    chosen = await context.attempts.ledger.unsettled(job_id)
    found: dict[UUID, Reconciled] = {}
    limiter = trio.CapacityLimiter(AT_ONCE)

    async def reconcile_one(attempt: Attempt) -> None:
        async with limiter:
            with log_context(LogContext.of(attempt)):
                one = await _reconcile_one(context, attempt, get_claim, get_verdict)
                found[attempt.attempt_id] = one

    async with trio.open_nursery() as nursery:
        for attempt in chosen:
            nursery.start_soon(reconcile_one, attempt)
    return tuple(found[attempt.attempt_id] for attempt in chosen)


async def _reconcile_one(
    context: JobContext, attempt: Attempt, get_claim: GetClaim, get_verdict: GetVerdict
) -> Reconciled:
    note = ""
    try:
        held = await get_claim(attempt)
        if held is None:
            return Reconciled(attempt, ELSEWHERE)
        async with released_claim(context.claims.ledger, held.claim, grace=context.claims.grace):
            await _finish(context, held, attempt, get_verdict)
    except ClaimPassedOnError:
        note = ELSEWHERE
    except VgenError as error:
        note = str(error)
    now = await context.attempts.ledger.attempt(attempt.attempt_id) or attempt
    return Reconciled(now, note if now.is_open else "")


async def _finish(
    context: JobContext, held: HeldClaim, attempt: Attempt, get_verdict: GetVerdict
) -> None:
    ledger, job_id, index = context.attempts.ledger, attempt.job_id, attempt.clip_index
    clip = existing(job_id, await ledger.clip(job_id, index))
    attempts = {each.attempt_id: each for each in await ledger.attempts(job_id, index)}
    newest = attempts[attempt.attempt_id]
    if not newest.is_open:
        return
    planned = next(iter(clip.manifest.clips), None) or planned_as(newest)
    clips = context.clips(clip.manifest, context.images(), total=clip.total)
    await finish_attempt(ClipRun(clips, planned, held, attempts), newest, get_verdict=get_verdict)
