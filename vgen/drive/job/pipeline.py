"""A job from start to end: opened, its clips made in a nursery, concluded."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import TypeVar
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
from vgen.records.job import Job, JobClip, Manifest
from vgen.records.prompt import ClipPrompt, ClipPrompts

logger = logging.getLogger("vgen")

T = TypeVar("T")

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
            job = await known_job(context.attempts.ledger, job_id)
            _check_opening(job.manifest, clips.manifest)
            failures = {i: one for i, one in outcomes.items() if isinstance(one, ClipFailure)}
            return await _conclude(context, job, failures, trio.current_time() - began)
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


def _check_opening(now: Manifest, ours: Manifest) -> None:
    if now.opening != ours.opening:
        raise JobReopenedError(f"job {ours.job_id} was opened anew with other prompts")


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


async def conclude(context: JobContext, job_id: UUID) -> Clips:
    """Count a job's clips, release what was never sent: see `Runner.conclude`."""
    job = await known_job(context.attempts.ledger, job_id)
    seconds = sum(a.clip.generation_time for a in job.attempts if a.clip is not None)
    return await _conclude(context, job, {}, seconds)


async def _conclude(
    context: JobContext, job: Job, failures: Mapping[int, ClipFailure], seconds: float
) -> Clips:
    job_id, storage = job.manifest.job_id, context.delivery.storage
    clips = await count_clips(job, storage, failures=failures, seconds=seconds)
    outcome = f"{clips.successful_clips} of {clips.total_clips} clips"
    await context.attempts.ledger.conclude(job_id, outcome, made=clips.successful_clips)
    context.attempts.observer(JobFinished(job_id, clips, outcome))
    if clips.successful_clips < job.manifest.min_clips:
        raise InsufficientClipsError(clips, required=job.manifest.min_clips)
    return clips


async def known_job(ledger: CostLedger, job_id: UUID) -> Job:
    """Return a job as the ledger has it.

    Raises:
        NotFoundError: the ledger has no such job.
    """
    return existing(job_id, await ledger.job(job_id))


async def known_clip(ledger: CostLedger, job_id: UUID, clip_index: int) -> JobClip:
    """Return one clip of a job as the ledger has it.

    Raises:
        NotFoundError: the ledger has no such job, or the job no such clip.
    """
    clip = existing(job_id, await ledger.clip(job_id, clip_index))
    if not clip.manifest.clips:
        raise NotFoundError(f"job {job_id} has no clip {clip_index}")
    return clip


def existing(job_id: UUID, found: T | None) -> T:
    """Return what the ledger has of a job.

    Raises:
        NotFoundError: it has no such job.
    """
    if found is None:
        raise NotFoundError(f"the ledger has no job {job_id}")
    return found
