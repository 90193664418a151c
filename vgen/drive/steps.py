"""The work of one job's clip, and the count at its end."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from attrs import evolve

from vgen.drive import marks
from vgen.drive.claims import acquire, kept
from vgen.drive.clip import ClipRun
from vgen.drive.job import JobRun, Stopped
from vgen.drive.place import Place, at
from vgen.drive.planning import stored_attempt
from vgen.drive.resume import carry_on, current_url, end_quietly, keep
from vgen.errors import AccountError, JobStoppedError, LedgerError, NotFoundError, VgenError
from vgen.ports.storage import Storage
from vgen.records.attempt import Attempt
from vgen.records.clip import Clip, ClipFailure, Clips, FailedAttempt
from vgen.records.job import Job, PlannedClip
from vgen.records.money import ZERO

logger = logging.getLogger("vgen")


async def run_clip(job: JobRun, planned: PlannedClip) -> Clip | ClipFailure:
    """Finish one clip or say why not.

    Raises:
        LedgerError: what happens can no longer be written down.
    """
    reason = ""
    with marks.clip(job.manifest.job_id, planned), job.working():
        try:
            clip, made = await _claimed_work(job, planned)
        except Stopped as stopped:
            reason = str(stopped)
        except AccountError as error:
            reason = str(error)
            job.account_failed(error)
        except (LedgerError, JobStoppedError, NotFoundError):
            raise
        except VgenError as error:
            reason = str(error)
        else:
            job.stored(clip, made=made)
            return clip
        failure = ClipFailure(clip_index=planned.clip_index, reason=reason)
        logger.info("clip %d given up: %s", planned.clip_index, reason)
        job.gave_up(failure)
        return failure


async def _claimed_work(job: JobRun, planned: PlannedClip) -> tuple[Clip, bool]:
    kit, job_id = job.kit, job.manifest.job_id
    with job.stoppable():
        claim = await acquire(job, planned.clip_index)
    async with kept(kit, claim):
        attempts = await kit.ledger.attempts(job_id, planned.clip_index)
        run = ClipRun(job, planned, claim, {a.attempt_id: a for a in attempts})
        standing = run.sent_and_open()
        clip = await keep(run)
        if clip is not None:
            if standing is not None:
                await end_quietly(run, standing)
            return clip, False
        clip = await carry_on(run, standing) if standing else None
        return clip or await run.make(), True


async def count(
    job: Job, storage: Storage, *, reasons: Mapping[int, ClipFailure], seconds: float
) -> Clips:
    """Say what came of every clip, as the ledger has it."""
    outcomes: list[Clip | ClipFailure] = []
    for planned in job.manifest.clips:
        with at(Place(job.manifest.job_id, planned.clip_index)):
            outcomes.append(await _outcome(job, planned, storage, reasons))
    return Clips.of(
        job.manifest.job_id, outcomes, total_cost=job.account.spent, seconds=round(seconds, 3)
    )


async def _outcome(
    job: Job, planned: PlannedClip, storage: Storage, reasons: Mapping[int, ClipFailure]
) -> Clip | ClipFailure:
    attempts = job.of_clip(planned.clip_index)
    stored = stored_attempt(attempts, planned)
    if stored is not None and stored.clip is not None and planned.clip_index not in reasons:
        cost = sum((attempt.spent for attempt in attempts), ZERO)
        return evolve(stored.clip, video_url=await current_url(storage, stored.clip), cost=cost)
    tried = tuple(FailedAttempt(a.backend, _reason(a), a.spent) for a in attempts if a.sent)
    given = reasons.get(planned.clip_index)
    reason = given.reason if given else tried[-1].reason if tried else "not started"
    return ClipFailure(planned.clip_index, reason, tried)


def _reason(attempt: Attempt) -> str:
    if attempt.is_open:
        return attempt.reason or f"still {attempt.custody} at {attempt.backend}"
    return attempt.reason or str(attempt.custody)
