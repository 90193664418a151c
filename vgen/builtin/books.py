"""What the books of a SQLite ledger tell of many jobs."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Collection
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache, partial
from math import inf
from typing import Any
from uuid import UUID

from vgen.records.attempt import Attempt
from vgen.records.books import JobQuery, JobState, JobSummary, Spending, SpendingKey
from vgen.records.entry import Settled
from vgen.records.jsonio import entry_from_json, from_json
from vgen.records.money import Account
from vgen.records.observation import Observation

JOBS = """
SELECT * FROM (
    SELECT rowid AS place, job_id, opened_at, account, made,
        json_extract(terms, '$.name', '$.folder', '$.backends'),
        (SELECT ifnull(max(place) + 1, 0) FROM clips WHERE clips.job_id = jobs.job_id),
        CASE
            WHEN EXISTS (
                SELECT 1 FROM claims
                WHERE claims.job_id = jobs.job_id AND expires_at > 0 AND expires_at > :now
            ) THEN 'running'
            WHEN EXISTS (
                SELECT 1 FROM attempts WHERE attempts.job_id = jobs.job_id AND open AND sent
            ) THEN 'open'
            WHEN stopped THEN 'stopped'
            WHEN made >= json_extract(terms, '$.min_clips') THEN 'finished'
            WHEN made IS NOT NULL THEN 'short'
            WHEN EXISTS (
                SELECT 1 FROM attempts WHERE attempts.job_id = jobs.job_id AND sent
            ) THEN 'stopped'
            ELSE 'never sent'
        END AS state
    FROM jobs
)
WHERE opened_at >= :since AND opened_at < :until AND substr(job_id, 1, length(:prefix)) = :prefix
    AND (:states = '[]' OR state IN (SELECT value FROM json_each(:states)))
    AND (:after IS NULL OR place < (SELECT rowid FROM jobs WHERE job_id = :after))
ORDER BY place DESC LIMIT :limit
"""

ROUTES = """
SELECT value FROM clips, json_each(record, '$.route') WHERE job_id = ? ORDER BY place, key
"""
"""The backends of each clip: an older vgen has written down no others of a job."""

STORED = """
SELECT count(DISTINCT clip_index) FROM attempts WHERE job_id = ? AND custody = 'stored'
"""

SPENDING = """
SELECT spent, attempt_id, CAST(at / 86400 AS INTEGER), backend, account, purses
FROM journal JOIN attempts INDEXED BY keys_of_attempt USING (attempt_id)
WHERE at >= ? AND at < ? AND CAST(spent AS REAL) <> 0
"""
"""The index has the keys, which would be read from each attempt's JSON otherwise."""

VERDICTS = """
SELECT record, at, entry FROM (
    SELECT rowid AS place, attempt_id, record FROM attempts
    WHERE backend = ? AND money = 'settled' ORDER BY rowid DESC LIMIT ?
) JOIN journal USING (attempt_id)
WHERE json_extract(entry, '$.entry') = 'Settled'
ORDER BY place DESC
"""


class Books:
    """The books as they stand at one moment of the ledger's time."""

    def __init__(self, connection: sqlite3.Connection, now: float) -> None:
        self._sql = connection.execute
        self._now = now

    def jobs(self, query: JobQuery) -> tuple[JobSummary, ...]:
        """List jobs."""
        asked = {
            "now": self._now,
            "since": _timestamp(query.since, -inf),
            "until": _timestamp(query.until, inf),
            "prefix": query.prefix,
            "states": json.dumps(list(query.states)),
            "after": query.after and str(query.after),
            "limit": query.limit,
        }
        return tuple(self._summary(*row[1:]) for row in self._sql(JOBS, asked).fetchall())

    def _summary(
        self,
        job_id: str,
        opened_at: float,
        account: str,
        made: int | None,
        about: str,
        clips: int,
        state: str,
    ) -> JobSummary:
        name, folder, backends = json.loads(about)
        if not backends:
            backends = dict.fromkeys(row[0] for row in self._sql(ROUTES, (job_id,)))
        if made is None:
            made = min(clips, self._sql(STORED, (job_id,)).fetchone()[0])
        return JobSummary(
            job_id=UUID(job_id),
            opened_at=datetime.fromtimestamp(opened_at, UTC),
            state=JobState(state),
            name=name or "",
            folder=folder or "",
            backends=tuple(backends),
            clips=clips,
            made=made,
            account=from_json(account, Account),
        )

    def spending(
        self, since: datetime | None, until: datetime | None, by: Collection[SpendingKey]
    ) -> tuple[Spending, ...]:
        """Sum up what was spent."""
        spent: defaultdict[tuple[str, ...], Decimal] = defaultdict(Decimal)
        attempts: defaultdict[tuple[str, ...], set[str]] = defaultdict(set)
        amount = cache(Decimal)
        within = _timestamp(since, -inf), _timestamp(until, inf)
        values_of = cache(partial(_values, frozenset(by)))
        for booked, attempt_id, *keys in self._sql(SPENDING, within):
            for values in values_of(*keys):
                spent[values] += amount(booked)
                attempts[values].add(attempt_id)
        return tuple(
            Spending.of(values, by, spent=spent[values], attempts=len(attempts[values]))
            for values in sorted(spent)
        )

    def observed(self, backend: str, limit: int) -> tuple[Observation, ...]:
        """Return what became of a backend's attempts."""
        return tuple(_observation(*row) for row in self._sql(VERDICTS, (backend, limit)).fetchall())


def _observation(record: str, at: float, entry: str) -> Observation:
    settled = entry_from_json(entry)
    if not isinstance(settled, Settled):
        raise TypeError(f"{entry} is no verdict")
    return Observation.of(
        from_json(record, Attempt), settled.verdict, datetime.fromtimestamp(at, UTC)
    )


def _values(
    by: Collection[SpendingKey], day: int, backend: str, account: str, purses: str | None
) -> list[tuple[str, ...]]:
    """Return the values of the keys in `by` for a booking: once, or once for each purse."""
    found: list[tuple[str, ...]] = []
    named = _names(purses) if purses and SpendingKey.PURSE in by else ()
    for purse in named or ("",):
        values = {
            SpendingKey.BACKEND: backend,
            SpendingKey.ACCOUNT: account,
            SpendingKey.PURSE: purse,
            SpendingKey.DAY: _day(day),
        }
        found.append(tuple(values[key] for key in SpendingKey if key in by))
    return found


DAY = 86_400
"""The seconds of a day."""


def _day(number: int) -> str:
    return datetime.fromtimestamp(number * DAY, UTC).date().isoformat()


def _names(purses: str) -> tuple[str, ...]:
    found: list[Any] = json.loads(purses)
    return tuple(found)


def _timestamp(at: datetime | None, otherwise: float) -> float:
    return otherwise if at is None else at.timestamp()
