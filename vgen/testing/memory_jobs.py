"""Lists of a ledger's jobs in memory: the reference implementation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from uuid import UUID

import trio

from vgen.records.attempt import Custody
from vgen.records.books import JobQuery, JobState, JobSummary
from vgen.testing.memory_job import MemoryJob


def page(
    known: Mapping[UUID, MemoryJob], in_order: Sequence[MemoryJob], query: JobQuery
) -> tuple[JobSummary, ...]:
    """Return a page of jobs, those opened last first; `in_order` they stand oldest first."""
    end = len(in_order)
    if query.after is not None:
        end = known[query.after].place if query.after in known else 0
    newest_first: Iterator[MemoryJob] = (in_order[place] for place in reversed(range(end)))
    found = (summary(job) for job in newest_first)
    return tuple(islice((one for one in found if _matches(one, query)), query.limit))


def _matches(job: JobSummary, query: JobQuery) -> bool:
    return (
        (query.since is None or job.opened_at >= query.since)
        and (query.until is None or job.opened_at < query.until)
        and (not query.states or job.state in query.states)
        and str(job.job_id).startswith(query.prefix)
    )


def summary(job: MemoryJob) -> JobSummary:
    """Return one job as it stands in a list."""
    manifest = job.manifest
    stored = {a.clip_index for a in job.attempts.values() if a.custody is Custody.STORED}
    return JobSummary(
        job_id=manifest.job_id,
        opened_at=job.opened_at,
        state=_state(job),
        name=manifest.name,
        folder=manifest.folder,
        backends=manifest.route,
        clips=len(manifest.clips),
        made=min(len(stored), len(manifest.clips)) if job.made is None else job.made,
        account=job.account,
    )


def _state(job: MemoryJob) -> JobState:
    if any(expires > trio.current_time() for _, expires in job.claims.values()):
        return JobState.RUNNING
    if job.open:
        return JobState.OPEN
    if job.stopped:
        return JobState.STOPPED
    if job.made is not None:
        enough = job.made >= job.manifest.min_clips
        return JobState.FINISHED if enough else JobState.SHORT
    return JobState.STOPPED if job.attempts else JobState.NEVER_SENT
