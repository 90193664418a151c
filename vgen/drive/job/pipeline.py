"""A job from start to end: opened, its clips made in a nursery, concluded."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from uuid import UUID

import trio

from vgen.decisions import terms
from vgen.drive.clip.claims import ledger_cleanup
from vgen.drive.clip.context import ClipContext
from vgen.drive.job.context import JobContext
from vgen.drive.job.draft import draft_job
from vgen.drive.job.options import JobOptions
from vgen.drive.job.queue import ClipQueue, run_clips
from vgen.drive.job.result import count_clips
from vgen.drive.observe.tracing import job_span
from vgen.errors import (
    AccountRefusedError,
    BudgetExceededError,
    InsufficientClipsError,
    JobReopenedError,
    JobStoppedError,
    NotFoundError,
)
from vgen.ports.events import JobFinished, JobOpened
from vgen.ports.ledger import CostLedger
from vgen.records.attempt import JOB_CANCELLED
from vgen.records.clip import ClipFailure, Clips
from vgen.records.job import Job, Manifest, PlannedClip
from vgen.records.prompt import ClipPrompt, ClipPrompts

logger = logging.getLogger("vgen")

Prompts = ClipPrompts | Sequence[ClipPrompt]


def as_prompts(prompts: Prompts) -> ClipPrompts:
    """Return prompts that were given as a list as the record of them, checked together.

    Raises:
        InvalidPromptsError: they do not fit together.
    """
    return prompts if isinstance(prompts, ClipPrompts) else ClipPrompts(prompts)


async def process(
    context: JobContext, job_id: UUID, prompts: Prompts, options: JobOptions
) -> Clips:
    """Make a job's clips: see `Runner.process`."""
    with job_span(job_id):
        began = trio.current_time()
        clips, queue = await open_job(context, job_id, prompts, options)
        try:
            outcomes = await run_clips(clips, queue)
            await _check_opening(context, clips.manifest)
            failures = {i: one for i, one in outcomes.items() if isinstance(one, ClipFailure)}
            return await conclude(context, job_id, failures, trio.current_time() - began)
        except JobReopenedError as error:
            context.attempts.observer(JobFinished(job_id, None, str(error)))
            raise
        except InsufficientClipsError as error:
            refused = clips.stop.account_error
            if refused is None:
                raise
            raise AccountRefusedError(
                error.clips, required=error.required, reason=str(refused)
            ) from refused
        except JobStoppedError:
            clips.progress.others_given_up(JOB_CANCELLED)
            await _note_end(context, job_id, "cancelled")
            raise
        except BaseException:
            await _note_end(context, job_id, "interrupted")
            raise


async def _check_opening(context: JobContext, manifest: Manifest) -> None:
    job = await known_job(context.attempts.ledger, manifest.job_id)
    if job.manifest.opening != manifest.opening:
        raise JobReopenedError(f"job {manifest.job_id} was opened anew with other prompts")


async def _note_end(context: JobContext, job_id: UUID, outcome: str) -> None:
    attempts = context.attempts
    async with ledger_cleanup(f"job {job_id} stays open", grace=attempts.settings.grace):
        await attempts.ledger.conclude(job_id, outcome)
    attempts.observer(JobFinished(job_id, None, outcome))


async def open_job(
    context: JobContext, job_id: UUID, prompts: Prompts, options: JobOptions
) -> tuple[ClipContext, ClipQueue]:
    """Validate and price a job, check its limits, write it down: see `Runner.open_job`."""
    draft = await draft_job(context.draft_tools(), job_id, as_prompts(prompts), options)
    manifest, need = draft.manifest, draft.need
    if draft.before is not None:
        _log_changes(draft.before.manifest, manifest)
    try:
        await context.attempts.ledger.open_job(manifest, need)
    except BudgetExceededError as error:
        raise draft.enough_for_all(error) from None
    context.claims.notices.post(job_id)
    indexes = tuple(planned.clip_index for planned in manifest.clips)
    context.attempts.observer(JobOpened(job_id, indexes, need.expected - draft.in_flight))
    clips = context.clips(manifest, draft.tools.images, priority=options.priority)
    to_send = {planned.clip_index for planned in draft.missing}
    return clips, ClipQueue.of(clips, manifest.clips, to_send=to_send)


def _log_changes(before: Manifest, now: Manifest) -> None:
    changed = terms.changes(before, route=now.route, budget=now.budget)
    if changed:
        logger.info("job %s is changed: %s", now.job_id, changed)


async def conclude(
    context: JobContext,
    job_id: UUID,
    failures: Mapping[int, ClipFailure] | None = None,
    seconds: float | None = None,
) -> Clips:
    """Count a job's clips, release what was never sent: see `Runner.conclude`.

    `seconds` is how long the job took; by default the sum of its clips' own times.
    """
    ledger = context.attempts.ledger
    job = await known_job(ledger, job_id)
    if seconds is None:
        seconds = sum(a.clip.generation_time for a in job.attempts if a.clip is not None)
    storage = context.delivery.storage
    clips = await count_clips(job, storage, failures=failures or {}, seconds=seconds)
    outcome = f"{clips.successful_clips} of {clips.total_clips} clips"
    await ledger.conclude(job_id, outcome, made=clips.successful_clips)
    context.attempts.observer(JobFinished(job_id, clips, outcome))
    if clips.successful_clips < job.manifest.min_clips:
        raise InsufficientClipsError(clips, required=job.manifest.min_clips)
    return clips


async def known_job(ledger: CostLedger, job_id: UUID) -> Job:
    """Return a job as the ledger has it.

    Raises:
        NotFoundError: the ledger has no such job.
    """
    job = await ledger.job(job_id)
    if job is None:
        raise NotFoundError(f"the ledger has no job {job_id}")
    return job


def planned_clip(manifest: Manifest, clip_index: int) -> PlannedClip:
    """Return one clip of a job as it is planned.

    Raises:
        NotFoundError: the job has no such clip.
    """
    try:
        return manifest.clip(clip_index)
    except KeyError:
        raise NotFoundError(f"job {manifest.job_id} has no clip {clip_index}") from None
