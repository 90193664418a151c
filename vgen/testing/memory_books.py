"""What the books of a ledger in memory tell: the reference implementation."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from itertools import dropwhile, islice
from operator import itemgetter
from uuid import UUID

import trio

from vgen.records.attempt import Attempt, Custody, Money
from vgen.records.books import JobQuery, JobState, JobSummary, Spending, SpendingKey
from vgen.records.entry import Line, Settled
from vgen.records.observation import Observation
from vgen.testing.memory_job import MemoryJob


def jobs(known: Mapping[UUID, MemoryJob], query: JobQuery) -> tuple[JobSummary, ...]:
    """Return a page of jobs, those opened last first."""
    newest_first: Iterator[MemoryJob] = reversed(list(known.values()))
    if query.after is not None:
        newest_first = dropwhile(lambda j: j.manifest.job_id != query.after, newest_first)
        next(newest_first, None)
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
    sent = [attempt for attempt in job.attempts.values() if attempt.sent]
    if any(expires > trio.current_time() for _, expires in job.claims.values()):
        return JobState.RUNNING
    if any(attempt.is_open for attempt in sent):
        return JobState.OPEN
    if job.stopped:
        return JobState.STOPPED
    if job.made is not None:
        enough = job.made >= job.manifest.min_clips
        return JobState.FINISHED if enough else JobState.SHORT
    return JobState.STOPPED if sent else JobState.NEVER_SENT


def spending(
    known: Iterable[MemoryJob],
    since: datetime | None,
    until: datetime | None,
    by: Collection[SpendingKey],
) -> tuple[Spending, ...]:
    """Sum up what was spent."""
    spent: defaultdict[tuple[str, ...], Decimal] = defaultdict(Decimal)
    attempts: defaultdict[tuple[str, ...], set[UUID]] = defaultdict(set)
    for job in known:
        for line in job.journal:
            early = since is not None and line.at < since
            late = until is not None and line.at >= until
            if early or late or not line.movement.spent:
                continue
            for keys in _keys(line, job.attempts[line.attempt_id], by):
                spent[keys] += line.movement.spent
                attempts[keys].add(line.attempt_id)
    return tuple(
        Spending.of(keys, by, spent=spent[keys], attempts=len(attempts[keys]))
        for keys in sorted(spent)
    )


def _keys(line: Line, attempt: Attempt, by: Collection[SpendingKey]) -> Iterator[tuple[str, ...]]:
    purses = (attempt.purses or ("",)) if SpendingKey.PURSE in by else ("",)
    for purse in purses:
        values = {
            SpendingKey.BACKEND: attempt.backend,
            SpendingKey.ACCOUNT: attempt.account,
            SpendingKey.PURSE: purse,
            SpendingKey.DAY: line.at.astimezone(UTC).date().isoformat(),
        }
        yield tuple(values[key] for key in SpendingKey if key in by)


def observed(known: Iterable[MemoryJob], backend: str, limit: int) -> tuple[Observation, ...]:
    """Return what became of a backend's attempts, those sent last first."""
    found = [
        (attempt.reserved_at, _observation(job, attempt))
        for job in known
        for attempt in job.attempts.values()
        if attempt.backend == backend and attempt.money is Money.SETTLED and attempt.reserved_at
    ]
    newest_last = sorted(found, key=itemgetter(0))
    return tuple(one for _, one in reversed(newest_last[-limit:]))


def _observation(job: MemoryJob, attempt: Attempt) -> Observation:
    at, verdict = next(
        (line.at, line.entry.verdict)
        for line in job.journal
        if line.attempt_id == attempt.attempt_id and isinstance(line.entry, Settled)
    )
    return Observation.of(attempt, verdict, at)
