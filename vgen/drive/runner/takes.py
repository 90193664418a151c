"""Looking at the takes of a clip, and choosing one."""

from __future__ import annotations

from uuid import UUID

from vgen.decisions.attempts import next_choice, stored_attempt, takes
from vgen.drive.clip.claims import released_claim
from vgen.drive.clip.state import ClipRun
from vgen.drive.clip.takes import publish
from vgen.drive.job.context import JobContext
from vgen.drive.job.pipeline import known_job, planned_clip
from vgen.errors import LedgerError, NotFoundError, StorageError
from vgen.records.job import Job, PlannedClip
from vgen.records.take import Take


async def list_takes(
    context: JobContext, job_id: UUID, clip_index: int | None = None
) -> tuple[Take, ...]:
    """Return the stored takes of one clip, or of all: see `Runner.takes`."""
    job = await known_job(context.attempts.ledger, job_id)
    planned = (
        job.manifest.clips if clip_index is None else (planned_clip(job.manifest, clip_index),)
    )
    return tuple(take for each in planned for take in _takes(job, each))


async def choose_take(context: JobContext, job_id: UUID, clip_index: int, number: int) -> Take:
    """Make a stored take the clip: see `Runner.choose`."""
    ledger, claims = context.attempts.ledger, context.claims
    job = await known_job(ledger, job_id)
    planned = planned_clip(job.manifest, clip_index)
    held = await claims.try_claim(job_id, clip_index)
    if held is None:
        raise LedgerError(f"another process is working on clip {clip_index}")
    async with released_claim(ledger, held.claim, grace=claims.grace):
        attempts = await ledger.attempts(job_id, clip_index)
        chosen = next((each for each in takes(attempts) if each.number == number), None)
        if chosen is None or chosen.clip is None:
            raise NotFoundError(f"clip {clip_index} has no take {number}")
        if chosen != stored_attempt(attempts, planned):
            file, storage = chosen.clip.take, context.delivery.storage
            if file is None or not file.has_content_of(await storage.stat(file.reference)):
                raise StorageError(f"clip {clip_index}: the file of take {number} is gone")
            clips = context.clips(job.manifest, context.images())
            run = ClipRun(clips, planned, held, {a.attempt_id: a for a in attempts})
            await publish(run, chosen, choice=next_choice(attempts, planned))
    found = await list_takes(context, job_id, clip_index)
    return next(take for take in found if take.number == number)


def _takes(job: Job, planned: PlannedClip) -> tuple[Take, ...]:
    attempts = job.of_clip(planned.clip_index)
    current = stored_attempt(attempts, planned)
    return tuple(
        Take(
            clip_index=attempt.clip_index,
            number=attempt.number,
            chosen=attempt == current,
            clip=attempt.clip,
            request=attempt.request,
            cost=attempt.spent,
        )
        for attempt in takes(attempts)
        if attempt.clip is not None
    )
