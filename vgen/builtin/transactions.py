"""The ledger's transactions in SQL: what one does between BEGIN and COMMIT."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from math import inf
from uuid import UUID

from attrs import evolve

from vgen.builtin.reading import Reading
from vgen.decisions.bookkeeping import apply_entry, movement, post
from vgen.decisions.budget import check_hold, check_need, held_in
from vgen.errors import (
    ClaimPassedOnError,
    JobReopenedError,
    JobStoppedError,
    LedgerError,
)
from vgen.ports.ledger import NOTICES_KEPT
from vgen.records.attempt import Attempt, Custody, Money
from vgen.records.entry import Entry, Movement, Released, Reserved
from vgen.records.job import Claim, Manifest
from vgen.records.jsonio import entry_from_json, entry_to_json, to_json
from vgen.records.money import ZERO, Account, Need, Purse
from vgen.records.notice import Notice

UNUSED = Released("never sent")


class Transaction(Reading):
    """One changing transaction on the ledger's tables, at one moment of the ledger's time."""

    def open_job(self, manifest: Manifest, need: Need) -> Account:
        """Write the manifest, if the job's limits allow what it needs."""
        job_id, earlier = manifest.job_id, self._attempts("WHERE job_id = ?", str(manifest.job_id))
        before = self._read_account(job_id) or Account(limit=manifest.budget)
        account = evolve(
            before,
            limit=manifest.budget,
            spent=sum((attempt.spent for attempt in earlier), manifest.already_spent),
            overrun=False,
        )
        self._sql(
            "INSERT INTO jobs (job_id, terms, account, opened_at, opening) "
            "VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT DO UPDATE SET terms = excluded.terms, account = excluded.account, "
            "opening = excluded.opening, outcome = '', made = NULL, stopped = 0",
            (
                str(job_id),
                to_json(evolve(manifest, clips=())),
                to_json(account),
                self._now,
                manifest.opening,
            ),
        )
        self._write_clips(manifest)
        self._release_planned(job_id)
        account = self._account(job_id)
        check_need(account, need, own=account.held + account.in_doubt)
        for purse in manifest.purses:
            own = held_in(purse.name, earlier)
            holders = partial(self._purse_holders, purse)
            check_need(self.purse(purse), need, own=own, purse=purse.name, holders=holders)
        return account

    def _write_clips(self, manifest: Manifest) -> None:
        job_id, clips = str(manifest.job_id), manifest.clips
        self._many(
            "INSERT INTO clips (job_id, place, clip_index, record) VALUES (?, ?, ?, ?) "
            "ON CONFLICT DO UPDATE SET clip_index = excluded.clip_index, record = excluded.record "
            "WHERE record <> excluded.record",
            ((job_id, i, one.clip_index, to_json(one)) for i, one in enumerate(clips)),
        )
        self._sql("DELETE FROM clips WHERE job_id = ? AND place >= ?", (job_id, len(clips)))

    def _release_planned(self, job_id: UUID) -> None:
        for planned in self._attempts("WHERE job_id = ? AND open AND NOT sent", str(job_id)):
            self._move(planned, UNUSED)

    def stop(self, job_id: UUID) -> None:
        """Mark the job as stopped."""
        self._account(job_id)
        self._sql("UPDATE jobs SET stopped = 1 WHERE job_id = ?", (str(job_id),))

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
        purses = self._purses_of(claim.job_id)
        attempt = evolve(
            attempt,
            job_id=claim.job_id,
            clip_index=claim.clip_index,
            epoch=claim.epoch,
            reserved_at=datetime.fromtimestamp(self._now, UTC),
            purses=tuple(purse.name for purse in purses),
        )
        standing = self._open_attempt(claim.job_id, claim.clip_index)
        if standing is not None and standing.sent:
            return self._same(standing, attempt)
        self._check_going(claim)
        freed = standing.hold if standing else ZERO
        check_hold(self._account(claim.job_id), attempt.hold, freed=freed)
        for purse in purses:
            holders = partial(self._purse_holders, purse)
            check_hold(self.purse(purse), attempt.hold, purse=purse.name, holders=holders)
        if self.attempt(attempt.attempt_id) is not None:
            raise LedgerError(f"attempt {attempt.attempt_id} was written down before")
        if standing is not None:
            self._move(standing, UNUSED)
        return self._write(None, apply_entry(attempt, Reserved()), Reserved())

    def _purses_of(self, job_id: UUID) -> list[Purse]:
        (found,) = self._sql(
            "SELECT json_extract(terms, '$.purses') FROM jobs WHERE job_id = ?", (str(job_id),)
        ).fetchone()
        return [Purse(one["name"], Decimal(one["limit"])) for one in json.loads(found or "[]")]

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
        attempt = self.attempt(attempt_id)
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

    def conclude(self, job_id: UUID, outcome: str, made: int | None) -> Account:
        """Release what was planned, and note the outcome."""
        self._release_planned(job_id)
        spelled = outcome.encode(errors="backslashreplace").decode()
        self._sql(
            "UPDATE jobs SET outcome = ?, made = ? WHERE job_id = ?", (spelled, made, str(job_id))
        )
        return self._account(job_id)

    def add_notice(self, notice: Notice) -> bool:
        """Write a notice down, and drop those that are too old."""
        self._sql("DELETE FROM notices WHERE at < ?", (self._now - NOTICES_KEPT,))
        written = self._sql(
            "INSERT INTO notices (account, message_id, provider_id, at) VALUES (?, ?, ?, ?) "
            "ON CONFLICT DO NOTHING",
            (notice.account, notice.message_id, notice.provider_id, self._now),
        )
        return written.rowcount > 0

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

    def _move(self, before: Attempt, entry: Entry) -> Attempt:
        after = apply_entry(before, entry)
        return before if after == before else self._write(before, after, entry)

    def _write(self, before: Attempt | None, after: Attempt, entry: Entry) -> Attempt:
        self._sql(
            "INSERT INTO attempts (attempt_id, job_id, clip_index, number, open, record) "
            "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (attempt_id) "
            "DO UPDATE SET open = excluded.open, record = excluded.record",
            (
                str(after.attempt_id),
                str(after.job_id),
                after.clip_index,
                after.number,
                after.is_open,
                to_json(after),
            ),
        )
        moved = movement(before, after)
        account = post(self._account(after.job_id), moved, overrun=after.overrun)
        self._sql(
            "UPDATE jobs SET account = ? WHERE job_id = ?", (to_json(account), str(after.job_id))
        )
        for name in after.purses:
            self._post_purse(name, moved)
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
        return after

    def _post_purse(self, name: str, moved: Movement) -> None:
        account = post(self.purse(Purse(name, ZERO)), moved)
        self._sql(
            "INSERT OR REPLACE INTO purses (name, spent, held, in_doubt) VALUES (?, ?, ?, ?)",
            (name, str(account.spent), str(account.held), str(account.in_doubt)),
        )
