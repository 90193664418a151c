"""A whole job on one runner: opened, its clips made in a nursery, concluded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

import trio

from vgen.drive import marks, steps
from vgen.drive.bare import bare_errors
from vgen.drive.claims import last_words
from vgen.drive.images import Images
from vgen.drive.job import JobRun
from vgen.drive.kit import Kit
from vgen.drive.planning import Order, first_holds, plan_job, read_images, too_few
from vgen.errors import (
    AccountRefusedError,
    InsufficientClipsError,
    InvalidPromptsError,
    NotFoundError,
)
from vgen.ports.events import JobFinished, JobOpened
from vgen.records.clip import ClipFailure, Clips
from vgen.records.job import Job
from vgen.records.prompt import ClipPrompt, ClipPrompts


async def process(
    kit: Kit, job_id: UUID, clip_prompts: ClipPrompts | Sequence[ClipPrompt], order: Order
) -> Clips:
    """Do a job from its opening to its conclusion: see `Runner.process`."""
    with marks.job(job_id):
        return await _process(kit, job_id, clip_prompts, order)


async def _process(
    kit: Kit, job_id: UUID, clip_prompts: ClipPrompts | Sequence[ClipPrompt], order: Order
) -> Clips:
    began = trio.current_time()
    job = await open_job(kit, job_id, clip_prompts, order)
    try:
        with bare_errors():
            async with trio.open_nursery() as nursery:
                for planned in job.manifest.clips:
                    nursery.start_soon(steps.run_clip, job, planned)
        return await conclude(kit, job_id, job.failures, trio.current_time() - began)
    except InsufficientClipsError as error:
        refused = job.account_error
        if refused is None:
            raise
        raise AccountRefusedError(
            error.clips, required=error.required, reason=str(refused)
        ) from refused
    except BaseException:
        async with last_words(f"job {job_id} stays open", grace=kit.settings.grace):
            await kit.ledger.conclude(job_id, "interrupted")
        kit.tell(JobFinished(job_id, None, "interrupted"))
        raise


async def open_job(
    kit: Kit, job_id: UUID, clip_prompts: ClipPrompts | Sequence[ClipPrompt], order: Order
) -> JobRun:
    """Validate a job, price it, hold its first money, write it down: see `Runner.open_job`."""
    given = clip_prompts if isinstance(clip_prompts, ClipPrompts) else ClipPrompts(clip_prompts)
    prompts = given.clip_prompts
    problems = too_few(len(prompts), order.min_clips)
    images = images_for(kit)
    found, unreadable = await read_images(images, dict(enumerate(prompts)))
    problems += unreadable
    if problems:
        raise InvalidPromptsError(problems)
    before = await kit.ledger.job(job_id)
    manifest = plan_job(
        job_id, prompts, found, kit.backends, kit.settings, order=order, before=before
    )
    holds = first_holds(manifest, before, kit.backends)
    account = await kit.ledger.open_job(manifest, holds)
    indexes = tuple(planned.clip_index for planned in manifest.clips)
    kit.tell(JobOpened(job_id, indexes, account.held))
    return JobRun(kit, images, manifest)


async def conclude(
    kit: Kit, job_id: UUID, reasons: Mapping[int, ClipFailure], seconds: float | None
) -> Clips:
    """Count a job's clips, and hand them over: see `Runner.conclude`."""
    job = await known(kit, job_id)
    if seconds is None:
        made = [a.clip.generation_time for a in job.attempts if a.clip is not None]
        seconds = sum(made)
    clips = await steps.count(job, kit.storage, reasons=reasons, seconds=seconds)
    outcome = f"{clips.successful_clips} of {clips.total_clips} clips"
    await kit.ledger.conclude(job_id, outcome)
    kit.tell(JobFinished(job_id, clips, outcome))
    if clips.successful_clips < job.manifest.min_clips:
        raise InsufficientClipsError(clips, required=job.manifest.min_clips)
    return clips


async def known(kit: Kit, job_id: UUID) -> Job:
    """Give a job as the ledger has it.

    Raises:
        NotFoundError: the ledger has no such job.
    """
    job = await kit.ledger.job(job_id)
    if job is None:
        raise NotFoundError(f"the ledger has no job {job_id}")
    return job


def images_for(kit: Kit) -> Images:
    """Give the reference images of one job, none of them read yet."""
    return Images(kit.storage, kit.inspector, backoff=kit.settings.backoff)
