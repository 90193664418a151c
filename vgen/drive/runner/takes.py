"""Looking at the takes of a clip, and choosing one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from uuid import UUID

from vgen.decisions.attempts import next_choice, stored_attempt, takes
from vgen.drive.clip.claims import released_claim
from vgen.drive.clip.state import ClipRun
from vgen.drive.clip.takes import publish
from vgen.drive.job.context import JobContext
from vgen.drive.job.pipeline import known_clip, known_job
from vgen.errors import LedgerError, NotFoundError, StorageError
from vgen.records.attempt import Attempt
from vgen.records.job import PlannedClip
from vgen.records.take import Take


async def list_takes(
    context: JobContext, job_id: UUID, clip_index: int | None = None
) -> tuple[Take, ...]:
    """Return the stored takes of one clip, or of all: see `Runner.takes`."""
    ledger = context.attempts.ledger
    if clip_index is not None:
        (planned,) = (await known_clip(ledger, job_id, clip_index)).manifest.clips
        return tuple(_takes(await ledger.attempts(job_id, clip_index), planned))
    job = await known_job(ledger, job_id)
    return tuple(
        take
        for planned in job.manifest.clips
        for take in _takes(job.of_clip(planned.clip_index), planned)
    )


async def choose_take(context: JobContext, job_id: UUID, clip_index: int, number: int) -> Take:
    """Make a stored take the clip: see `Runner.choose`."""
    ledger, claims = context.attempts.ledger, context.claims
    clip = await known_clip(ledger, job_id, clip_index)
    (planned,) = clip.manifest.clips
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
            clips = context.clips(clip.manifest, context.images(), total=clip.total)
            run = ClipRun(clips, planned, held, {a.attempt_id: a for a in attempts})
            await publish(run, chosen, choice=next_choice(attempts, planned))
    found = await list_takes(context, job_id, clip_index)
    return next(take for take in found if take.number == number)


def _takes(attempts: Sequence[Attempt], planned: PlannedClip) -> Iterator[Take]:
    current = stored_attempt(attempts, planned)
    for attempt in takes(attempts):
        if attempt.clip is not None:
            yield Take(
                clip_index=attempt.clip_index,
                number=attempt.number,
                chosen=attempt == current,
                clip=attempt.clip,
                request=attempt.request,
                cost=attempt.spent,
            )
