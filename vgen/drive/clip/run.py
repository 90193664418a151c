"""One clip of a job, from its claim to its result."""

from __future__ import annotations

import logging

from vgen.drive.clip.attempts import make_clip
from vgen.drive.clip.context import ClipContext
from vgen.drive.clip.resume import finish_attempt, finish_unneeded
from vgen.drive.clip.state import ClipRun, Leave
from vgen.drive.clip.takes import stored_clip
from vgen.drive.limits.line import Place
from vgen.drive.limits.stop import NotStarted
from vgen.drive.observe.tracing import clip_span
from vgen.errors import (
    AccountError,
    ClaimPassedOnError,
    JobReopenedError,
    JobStoppedError,
    LedgerError,
    NotFoundError,
    VgenError,
)
from vgen.records.clip import Clip, ClipFailure
from vgen.records.job import PlannedClip

logger = logging.getLogger("vgen")


async def run_clip(
    context: ClipContext, planned: PlannedClip, place: Place | None
) -> Clip | ClipFailure:
    """Keep, resume or make one clip, or return why it is missing.

    It leaves its `place` when it has a slot, when another process has the clip, and at its end.

    Raises:
        LedgerError: what happens can no longer be written down.
        JobStoppedError: the job was stopped.
        JobReopenedError: it was opened anew with other prompts.
        NotFoundError: the ledger does not have the job any more.
    """
    leave = place.leave if place else bool
    with clip_span(context.manifest.job_id, planned), context.money.at_work():
        try:
            clip, made = await _claim_and_work(context, planned, leave)
        except (LedgerError, JobStoppedError, JobReopenedError, NotFoundError):
            raise
        except AccountError as error:
            context.stop.clip_lost_to(error)
            return _give_up(context, planned, str(error))
        except (NotStarted, VgenError) as error:
            return _give_up(context, planned, str(error))
        finally:
            leave()
        context.progress.clip_stored(clip, made=made)
        return clip


def _give_up(context: ClipContext, planned: PlannedClip, reason: str) -> ClipFailure:
    failure = ClipFailure(clip_index=planned.clip_index, reason=reason)
    logger.info("clip %d given up: %s", planned.clip_index, reason)
    context.progress.clip_given_up(failure)
    context.stop.clip_given_up(planned.clip_index)
    return failure


async def _claim_and_work(
    context: ClipContext, planned: PlannedClip, leave: Leave
) -> tuple[Clip, bool]:
    """Return the clip, and whether it was made in this run.

    Where the claim passes on to another process, that one is waited for.
    """
    while True:
        try:
            return await _work_under_claim(context, planned, leave)
        except ClaimPassedOnError as error:
            note = f"; not written down: {error.ticket}" if error.ticket else ""
            logger.warning("%s: it is waited for%s", error, note)


async def _work_under_claim(
    context: ClipContext, planned: PlannedClip, leave: Leave
) -> tuple[Clip, bool]:
    manifest, claims = context.manifest, context.claims
    with context.stop.stoppable():
        held = await claims.acquire(manifest, planned.clip_index, context.money, leave)
    async with claims.renewed(held):
        attempts = await context.attempts.ledger.attempts(manifest.job_id, planned.clip_index)
        run = ClipRun(context, planned, held, {a.attempt_id: a for a in attempts}, leave)
        unfinished = run.unfinished()
        clip = await stored_clip(run)
        if clip is not None:
            if unfinished is not None:
                await finish_unneeded(run, unfinished)
            return clip, False
        clip = await finish_attempt(run, unfinished) if unfinished else None
        return clip or await make_clip(run), True
