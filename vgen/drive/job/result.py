"""Counting the result of a job."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import evolve

from vgen.decisions.attempts import stored_attempt
from vgen.drive.clip.takes import current_url
from vgen.drive.observe.log_context import LogContext, log_context
from vgen.ports.storage import Storage
from vgen.records.attempt import Attempt
from vgen.records.clip import Clip, ClipFailure, Clips, FailedAttempt
from vgen.records.job import Job, PlannedClip
from vgen.records.money import ZERO


async def count_clips(
    job: Job, storage: Storage, *, failures: Mapping[int, ClipFailure], seconds: float
) -> Clips:
    """Return what became of every clip, as the ledger has it; `failures` of this run by index."""
    outcomes: list[Clip | ClipFailure] = []
    for planned in job.manifest.clips:
        with log_context(LogContext(job.manifest.job_id, planned.clip_index)):
            outcomes.append(await _outcome(job, planned, storage, failures))
    return Clips.of(
        job.manifest.job_id, outcomes, total_cost=job.account.spent, seconds=round(seconds, 3)
    )


async def _outcome(
    job: Job, planned: PlannedClip, storage: Storage, failures: Mapping[int, ClipFailure]
) -> Clip | ClipFailure:
    attempts = job.of_clip(planned.clip_index)
    stored = stored_attempt(attempts, planned)
    if stored is not None and stored.clip is not None and planned.clip_index not in failures:
        cost = sum((attempt.spent for attempt in attempts), ZERO)
        return evolve(stored.clip, video_url=await current_url(storage, stored.clip), cost=cost)
    tried = tuple(
        FailedAttempt(a.backend, _reason(a), a.spent, may_be_billed=a.is_open and bool(a.hold))
        for a in attempts
        if a.sent
    )
    known = failures.get(planned.clip_index)
    reason = known.reason if known else tried[-1].reason if tried else "not started"
    return ClipFailure(planned.clip_index, reason, tried)


def _reason(attempt: Attempt) -> str:
    if attempt.is_open:
        return attempt.reason or f"still {attempt.custody} at {attempt.backend}"
    return attempt.reason or str(attempt.custody)
