"""The ledger's transactions in SQL: what one does between BEGIN and COMMIT."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from math import inf
from uuid import UUID

from attrs import evolve

from vgen.decisions.bookkeeping import apply_entry, movement, post
from vgen.decisions.budget import check_budget
from vgen.errors import (
    ClaimPassedOnError,
    JobReopenedError,
    JobStoppedError,
    LedgerError,
    NotFoundError,
)
from vgen.records.attempt import Attempt, Custody, Money
from vgen.records.entry import Entry, Line, Movement, Planned, Released, Reserved
from vgen.records.job import Claim, Job, Manifest
from vgen.records.jsonio import entry_from_json, entry_to_json, from_json, to_json
from vgen.records.money import ZERO, Account

UNUSED = Released("never sent")


class Transaction:
    """One transaction on the ledger's tables, at one moment of the ledger's time."""

    def __init__(self, connection: sqlite3.Connection, now: float) -> None:
        self._sql = connection.execute
        self._now = now

    def open_job(self, manifest: Manifest, holds: Sequence[Attempt]) -> Account:
        """Write the manifest, and swap the planned attempts for `holds`."""
        job_id = manifest.job_id
        before = self._read_account(job_id) or Account(limit=manifest.budget)
        spent = sum((attempt.spent for attempt in self.attempts(job_id)), ZERO)
        account = evolve(
            before,
            limit=manifest.budget,
            spent=spent + manifest.already_spent,
            overrun=False,
        )
        self._sql(
            "INSERT INTO jobs (job_id, manifest, account, opened_at, opening) "
            "VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT DO UPDATE SET manifest = excluded.manifest, account = excluded.account, "
            "opening = excluded.opening, outcome = '', stopped = 0",
            (str(job_id), to_json(manifest), to_json(account), self._now, manifest.opening),
        )
        self._release_planned(job_id)
        free = [hold for hold in holds if self._open_attempt(job_id, hold.clip_index) is None]
        check_budget(self._account(job_id), sum((hold.hold for hold in free), ZERO))
        for hold in free:
            self._add(hold, Planned())
        return self._account(job_id)

    def _release_planned(self, job_id: UUID) -> None:
        for attempt in self.attempts(job_id):
            if attempt.custody is Custody.PLANNED:
                self._move(attempt, UNUSED)

    def job(self, job_id: UUID) -> Job | None:
        """Read a job with its attempts."""
        row = self._sql(
            "SELECT manifest, account, outcome, stopped FROM jobs WHERE job_id = ?",
            (str(job_id),),
        ).fetchone()
        if row is None:
            return None
        return Job(
            manifest=from_json(row[0], Manifest),
            account=from_json(row[1], Account),
            attempts=self.attempts(job_id),
            outcome=row[2],
            stopped=bool(row[3]),
        )

    def jobs(self) -> tuple[UUID, ...]:
        """List the jobs."""
        return tuple(UUID(row[0]) for row in self._sql("SELECT job_id FROM jobs ORDER BY rowid"))

    def attempt(self, attempt_id: UUID) -> Attempt | None:
        """Read an attempt."""
        return self._attempt(attempt_id)

    def unsettled(self) -> tuple[Attempt, ...]:
        """Read what was sent and can still move."""
        rows = self._sql("SELECT record FROM attempts WHERE open ORDER BY rowid")
        every = (from_json(row[0], Attempt) for row in rows)
        return tuple(attempt for attempt in every if attempt.sent)

    def stop(self, job_id: UUID) -> None:
        """Mark the job as stopped."""
        self._account(job_id)
        self._sql("UPDATE jobs SET stopped = 1 WHERE job_id = ?", (str(job_id),))

    def attempts(self, job_id: UUID, clip_index: int | None = None) -> tuple[Attempt, ...]:
        """Read the attempts of a job, or of one of its clips."""
        rows = self._sql(
            "SELECT record FROM attempts WHERE job_id = ? AND clip_index = ifnull(?, clip_index) "
            "ORDER BY rowid",
            (str(job_id), clip_index),
        )
        return tuple(from_json(row[0], Attempt) for row in rows)

    def claim(
        self, job_id: UUID, clip_index: int, owner: str, lease: float, opening: str
    ) -> Claim | None:
        """Take the clip if it is free or its claim has expired."""
        self._account(job_id)
        self._check_opening(job_id, opening)
        row = self._sql(
            "INSERT INTO claims VALUES (?, ?, ?, 1, ?, ?) ON CONFLICT DO UPDATE SET "
            "owner = excluded.owner, epoch = epoch + 1, expires_at = excluded.expires_at, "
            "opening = excluded.opening WHERE expires_at <= ? RETURNING epoch",
            (str(job_id), clip_index, owner, self._now + lease, opening, self._now),
        ).fetchone()
        return Claim(job_id, clip_index, owner, row[0]) if row else None

    def holder(self, job_id: UUID, clip_index: int) -> Claim | None:
        """Read the claim that has not expired."""
        row = self._sql(
            "SELECT owner, epoch FROM claims WHERE job_id = ? AND clip_index = ? "
            "AND expires_at > ?",
            (str(job_id), clip_index, self._now),
        ).fetchone()
        return Claim(job_id, clip_index, *row) if row else None

    def renew(self, claim: Claim, lease: float) -> None:
        """Make a claim last."""
        self._check(claim)
        self._check_going(claim)
        self._expire(claim, self._now + lease)

    def release(self, claim: Claim) -> None:
        """End a claim, if it has not passed on; also for a clock that is set back after it."""
        self._expire(claim, -inf)

    def _expire(self, claim: Claim, at: float) -> None:
        self._sql(
            "UPDATE claims SET expires_at = ? WHERE job_id = ? AND clip_index = ? AND epoch = ?",
            (at, str(claim.job_id), claim.clip_index, claim.epoch),
        )

    def reserve(self, claim: Claim, attempt: Attempt) -> Attempt:
        """Write down that the attempt may be sent."""
        self._check(claim)
        attempt = evolve(
            attempt,
            job_id=claim.job_id,
            clip_index=claim.clip_index,
            epoch=claim.epoch,
            reserved_at=datetime.fromtimestamp(self._now, UTC),
        )
        standing = self._open_attempt(claim.job_id, claim.clip_index)
        if standing is not None and standing.sent:
            return self._same(standing, attempt)
        self._check_going(claim)
        check_budget(
            self._account(claim.job_id), attempt.hold, freed=standing.hold if standing else ZERO
        )
        if standing is not None and standing.attempt_id == attempt.attempt_id:
            return self._move(standing, Reserved(), then=attempt)
        if standing is not None:
            self._move(standing, UNUSED)
        self._add(attempt, Planned())
        return self._move(attempt, Reserved())

    def _same(self, standing: Attempt, attempt: Attempt) -> Attempt:
        """Return the attempt as it is, if this very claim reserved it and wrote nothing since."""
        reserved = (attempt.attempt_id, attempt.epoch, (Money.HELD, Custody.INTENDED))
        if (standing.attempt_id, standing.epoch, standing.state) != reserved:
            raise LedgerError(f"clip {standing.clip_index} has attempt {standing.attempt_id} open")
        return standing

    def advance(
        self, claim: Claim, attempt_id: UUID, expected: tuple[Money, Custody], entry: Entry
    ) -> Attempt:
        """Move an attempt on, once."""
        self._check(claim)
        attempt = self._attempt(attempt_id)
        if attempt is None or (attempt.job_id, attempt.clip_index) != (
            claim.job_id,
            claim.clip_index,
        ):
            raise LedgerError(f"clip {claim.clip_index} has no attempt {attempt_id}")
        if attempt.state != expected:
            if self._last_entry(attempt_id) == entry:
                return attempt
            raise LedgerError(
                f"attempt {attempt_id} is {attempt.money} and {attempt.custody}, "
                f"not {expected[0]} and {expected[1]}"
            )
        return self._move(attempt, entry)

    def conclude(self, job_id: UUID, outcome: str) -> Account:
        """Release what was planned, and note the outcome."""
        self._release_planned(job_id)
        spelled = outcome.encode(errors="backslashreplace").decode()
        self._sql("UPDATE jobs SET outcome = ? WHERE job_id = ?", (spelled, str(job_id)))
        return self._account(job_id)

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

    def _attempt(self, attempt_id: UUID) -> Attempt | None:
        row = self._sql(
            "SELECT record FROM attempts WHERE attempt_id = ?", (str(attempt_id),)
        ).fetchone()
        return from_json(row[0], Attempt) if row else None

    def _open_attempt(self, job_id: UUID, clip_index: int) -> Attempt | None:
        row = self._sql(
            "SELECT record FROM attempts WHERE job_id = ? AND clip_index = ? AND open",
            (str(job_id), clip_index),
        ).fetchone()
        return from_json(row[0], Attempt) if row else None

    def _last_entry(self, attempt_id: UUID) -> Entry:
        row = self._sql(
            "SELECT entry FROM journal WHERE attempt_id = ? ORDER BY line DESC LIMIT 1",
            (str(attempt_id),),
        ).fetchone()
        return entry_from_json(row[0])

    def _check(self, claim: Claim) -> None:
        row = self._sql(
            "SELECT epoch FROM claims WHERE job_id = ? AND clip_index = ?",
            (str(claim.job_id), claim.clip_index),
        ).fetchone()
        if row is None or row[0] != claim.epoch:
            self._account(claim.job_id)
            raise ClaimPassedOnError(f"the claim on clip {claim.clip_index} has passed on")

    def _check_going(self, claim: Claim) -> None:
        stopped, opening = self._sql(
            "SELECT stopped, claims.opening FROM jobs JOIN claims USING (job_id) "
            "WHERE job_id = ? AND clip_index = ?",
            (str(claim.job_id), claim.clip_index),
        ).fetchone()
        if stopped:
            raise JobStoppedError(f"job {claim.job_id} was stopped")
        self._check_opening(claim.job_id, opening)

    def _check_opening(self, job_id: UUID, opening: str) -> None:
        row = self._sql("SELECT opening FROM jobs WHERE job_id = ?", (str(job_id),)).fetchone()
        if opening and opening != row[0]:
            raise JobReopenedError(f"job {job_id} was opened anew with other prompts")

    def _add(self, attempt: Attempt, entry: Entry) -> None:
        known = self._attempt(attempt.attempt_id)
        if known is not None and known.sent:
            raise LedgerError(f"attempt {attempt.attempt_id} was sent before")
        self._write(attempt)
        self._post(None, attempt, entry)

    def _move(self, before: Attempt, entry: Entry, *, then: Attempt | None = None) -> Attempt:
        after = apply_entry(before if then is None else then, entry)
        if after == before:
            return before
        self._write(after)
        self._post(before, after, entry)
        return after

    def _write(self, attempt: Attempt) -> None:
        self._sql(
            "INSERT INTO attempts VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (attempt_id) "
            "DO UPDATE SET open = excluded.open, record = excluded.record",
            (
                str(attempt.attempt_id),
                str(attempt.job_id),
                attempt.clip_index,
                attempt.number,
                attempt.is_open,
                to_json(attempt),
            ),
        )

    def _post(self, before: Attempt | None, after: Attempt, entry: Entry) -> None:
        moved = movement(before, after)
        account = post(self._account(after.job_id), moved, overrun=after.overrun)
        self._sql(
            "UPDATE jobs SET account = ? WHERE job_id = ?", (to_json(account), str(after.job_id))
        )
        self._sql(
            "INSERT INTO journal (at, job_id, clip_index, attempt_id, entry, movement) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            (
                self._now,
                str(after.job_id),
                after.clip_index,
                str(after.attempt_id),
                entry_to_json(entry),
                to_json(moved),
            ),
        )
