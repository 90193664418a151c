"""What is read from the ledger's tables in one transaction."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

from attrs import evolve

from vgen.builtin.books import Books
from vgen.decisions.budget import holders_of
from vgen.errors import NotFoundError
from vgen.records.attempt import Attempt
from vgen.records.entry import Line, Movement
from vgen.records.job import Claim, Job, JobClip, Manifest, PlannedClip
from vgen.records.jsonio import entry_from_json, from_json
from vgen.records.money import Account, Purse

UNSETTLED = "INDEXED BY unsettled WHERE open AND sent"


class Reading:
    """One reading transaction on the ledger's tables, at one moment of the ledger's time."""

    def __init__(self, connection: sqlite3.Connection, now: float) -> None:
        self._sql = connection.execute
        self._many = connection.executemany
        self._now = now
        self.books = Books(connection, now)

    def job(self, job_id: UUID) -> Job | None:
        """Read a job with its attempts."""
        row = self._sql(
            "SELECT terms, account, outcome, stopped FROM jobs WHERE job_id = ?", (str(job_id),)
        ).fetchone()
        if row is None:
            return None
        return Job(
            manifest=_manifest(row[0], self._planned(job_id)),
            account=from_json(row[1], Account),
            attempts=self._attempts("WHERE job_id = ?", str(job_id)),
            outcome=row[2],
            stopped=bool(row[3]),
        )

    def clip(self, job_id: UUID, clip_index: int) -> JobClip | None:
        """Read one clip of a job."""
        row = self._sql(
            "SELECT terms, stopped, (SELECT max(place) + 1 FROM clips WHERE job_id = :job) "
            "FROM jobs WHERE job_id = :job",
            {"job": str(job_id)},
        ).fetchone()
        if row is None:
            return None
        clips = self._sql(
            "SELECT record FROM clips WHERE job_id = ? AND clip_index = ?",
            (str(job_id), clip_index),
        )
        return JobClip(_manifest(row[0], clips), total=row[2] or 0, stopped=bool(row[1]))

    def unsettled(self, job_id: UUID | None) -> tuple[Attempt, ...]:
        """Read what was sent and can still move."""
        if job_id is None:
            return self._attempts(UNSETTLED)
        return self._attempts(f"{UNSETTLED} AND job_id = ?", str(job_id))

    def attempts(self, job_id: UUID, clip_index: int) -> tuple[Attempt, ...]:
        """Read the attempts of one clip of a job."""
        return self._attempts("WHERE job_id = ? AND clip_index = ?", str(job_id), clip_index)

    def _attempts(self, which: str, *values: object) -> tuple[Attempt, ...]:
        rows = self._sql(f"SELECT record FROM attempts {which} ORDER BY rowid", values)  # noqa: S608 (no value is in it)
        return tuple(from_json(row[0], Attempt) for row in rows)

    def _planned(self, job_id: UUID) -> Iterable[tuple[str]]:
        return self._sql("SELECT record FROM clips WHERE job_id = ? ORDER BY place", (str(job_id),))

    def holder(self, job_id: UUID, clip_index: int) -> Claim | None:
        """Read the claim that has not expired."""
        row = self._sql(
            "SELECT owner, epoch FROM claims WHERE job_id = ? AND clip_index = ? "
            "AND expires_at > ?",
            (str(job_id), clip_index, self._now),
        ).fetchone()
        return Claim(job_id, clip_index, *row) if row else None

    def noticed(self, account: str, provider_ids: Collection[str]) -> frozenset[str]:
        """Read which attempts were told of."""
        rows = self._sql(
            "SELECT value FROM json_each(?) WHERE EXISTS "
            "(SELECT 1 FROM notices WHERE account = ? AND provider_id = value)",
            (json.dumps(list(provider_ids)), account),
        )
        return frozenset(row[0] for row in rows)

    def history(self, job_id: UUID) -> tuple[Line, ...]:
        """Read the journal of a job."""
        rows = self._sql(
            "SELECT at, clip_index, attempt_id, entry, movement FROM journal WHERE job_id = ? "
            "ORDER BY line",
            (str(job_id),),
        )
        return tuple(
            Line(
                at=datetime.fromtimestamp(at, UTC),
                clip_index=clip_index,
                attempt_id=UUID(attempt_id),
                entry=entry_from_json(entry),
                movement=from_json(moved, Movement),
            )
            for at, clip_index, attempt_id, entry, moved in rows
        )

    def _account(self, job_id: UUID) -> Account:
        account = self._read_account(job_id)
        if account is None:
            raise NotFoundError(f"the ledger has no job {job_id}")
        return account

    def _read_account(self, job_id: UUID) -> Account | None:
        row = self._sql("SELECT account FROM jobs WHERE job_id = ?", (str(job_id),)).fetchone()
        return from_json(row[0], Account) if row else None

    def attempt(self, attempt_id: UUID) -> Attempt | None:
        """Read an attempt."""
        row = self._sql(
            "SELECT record FROM attempts WHERE attempt_id = ?", (str(attempt_id),)
        ).fetchone()
        return from_json(row[0], Attempt) if row else None

    def purse(self, purse: Purse) -> Account:
        """Read where a purse stands."""
        row = self._sql(
            "SELECT spent, held, in_doubt FROM purses WHERE name = ?", (purse.name,)
        ).fetchone()
        spent, held, in_doubt = map(Decimal, row or (0, 0, 0))
        return Account(purse.limit, spent, held, in_doubt)

    def _purse_holders(self, purse: Purse) -> dict[UUID, Decimal]:
        in_it = "AND ? IN (SELECT value FROM json_each(purses))"
        return holders_of(purse.name, self._attempts(f"{UNSETTLED} {in_it}", purse.name))

    def _open_attempt(self, job_id: UUID, clip_index: int) -> Attempt | None:
        row = self._sql(
            "SELECT record FROM attempts WHERE job_id = ? AND clip_index = ? AND open",
            (str(job_id), clip_index),
        ).fetchone()
        return from_json(row[0], Attempt) if row else None


def _manifest(terms: str, clips: Iterable[tuple[str]]) -> Manifest:
    planned = tuple(from_json(record, PlannedClip) for (record,) in clips)
    return evolve(from_json(terms, Manifest), clips=planned)
