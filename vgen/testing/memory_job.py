"""One job of a ledger in memory, and what each ledger call does to it."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from uuid import UUID

import trio
from attrs import define, evolve, field

from vgen.decisions.bookkeeping import apply_entry, movement, post
from vgen.decisions.budget import check_hold, check_need, held_in
from vgen.errors import ClaimPassedOnError, JobReopenedError, JobStoppedError, LedgerError
from vgen.records.attempt import Attempt, Custody, Money
from vgen.records.entry import Entry, Line, Reserved
from vgen.records.job import Claim, JobClip, Manifest, PlannedClip
from vgen.records.money import Account, Need
from vgen.testing.call_log import CallLog
from vgen.testing.memory_books import MemoryBooks


@define
class MemoryJob:
    """One job: its account, its attempts, its claims and their openings, and its journal.

    `place` counts the ledger's jobs in the order in which they were first opened. `clips` has the
    attempts of each clip, and `open` its open one.
    """

    manifest: Manifest
    account: Account
    opened_at: datetime
    place: int
    books: MemoryBooks
    call_log: CallLog
    outcome: str = ""
    made: int | None = None
    stopped: bool = False
    attempts: dict[UUID, Attempt] = field(factory=dict[UUID, Attempt])
    clips: dict[int, dict[UUID, Attempt]] = field(factory=dict[int, dict[UUID, Attempt]])
    open: dict[int, Attempt] = field(factory=dict[int, Attempt])
    claims: dict[int, tuple[Claim, float]] = field(factory=dict[int, tuple[Claim, float]])
    openings: dict[int, str] = field(factory=dict[int, str])
    journal: list[Line] = field(factory=list[Line])
    last_entries: dict[UUID, Entry] = field(factory=dict[UUID, Entry])

    def reopen(self, manifest: Manifest, need: Need) -> None:
        """Open it, or open it again, if its limits allow what it needs; else change nothing."""
        spent = sum((attempt.spent for attempt in self.attempts.values()), manifest.already_spent)
        account = evolve(self.account, limit=manifest.budget, spent=spent, overrun=False)
        check_need(account, need, own=account.held + account.in_doubt)
        for purse in manifest.purses:
            total, holders = self.books.purse(purse)
            own = held_in(purse.name, self.open.values())
            check_need(total, need, own=own, purse=purse.name, holders=holders)
        self.manifest, self.account = manifest, account
        self.outcome, self.made, self.stopped = "", None, False

    def clip(self, clip_index: int) -> JobClip:
        """Return one clip."""
        clips: tuple[PlannedClip, ...] = ()
        with suppress(KeyError):
            clips = (self.manifest.clip(clip_index),)
        return JobClip(evolve(self.manifest, clips=clips), len(self.manifest.clips), self.stopped)

    def of_clip(self, clip_index: int) -> tuple[Attempt, ...]:
        """Return a clip's attempts."""
        return tuple(self.clips.get(clip_index, {}).values())

    def conclude(self, outcome: str, made: int | None) -> Account:
        """Record the outcome."""
        self.outcome, self.made = outcome, made
        return self.account

    def reserve(self, claim: Claim, attempt: Attempt) -> Attempt:
        """Hold an attempt's money, if the limits allow it."""
        self._check_claim(claim)
        attempt = evolve(
            attempt,
            job_id=claim.job_id,
            clip_index=claim.clip_index,
            epoch=claim.epoch,
            reserved_at=now(),
            purses=tuple(purse.name for purse in self.manifest.purses),
        )
        if claim.clip_index in self.open:
            return _same_reservation(self.open[claim.clip_index], attempt)
        self._check_going(claim)
        check_hold(self.account, attempt.hold)
        for purse in self.manifest.purses:
            account, holders = self.books.purse(purse)
            check_hold(account, attempt.hold, purse=purse.name, holders=holders)
        if attempt.attempt_id in self.books.attempts:
            raise LedgerError(f"attempt {attempt.attempt_id} was written down before")
        return self._post(None, apply_entry(attempt, Reserved()), Reserved())

    def advance(
        self, claim: Claim, attempt_id: UUID, expected: tuple[Money, Custody], entry: Entry
    ) -> Attempt:
        """Append an entry to an attempt, once."""
        self._check_claim(claim)
        attempt = self.attempts.get(attempt_id)
        if attempt is None or attempt.clip_index != claim.clip_index:
            raise LedgerError(f"clip {claim.clip_index} has no attempt {attempt_id}")
        if attempt.state == expected:
            return self._move(attempt, entry)
        if self.last_entries[attempt_id] == entry:
            return attempt
        raise LedgerError(f"attempt {attempt_id} is {attempt.state}, not {expected}")

    def claim(self, clip_index: int, owner: str, lease: float, opening: str) -> Claim | None:
        """Claim a clip; `None` while another holds it."""
        self._check_opening(opening)
        now = trio.current_time()
        held, expires = self.claims.get(clip_index, (None, now))
        if held is not None and expires > now:
            return None
        epoch = held.epoch + 1 if held else 1
        claim = Claim(self.manifest.job_id, clip_index, owner, epoch)
        self.claims[clip_index] = (claim, now + lease)
        self.openings[clip_index] = opening
        return claim

    def holder(self, clip_index: int) -> Claim | None:
        """Return the claim that has not expired."""
        held, expires = self.claims.get(clip_index, (None, 0.0))
        return held if expires > trio.current_time() else None

    def renew(self, claim: Claim, lease: float) -> None:
        """Renew a claim."""
        self._check_claim(claim)
        self._check_going(claim)
        self.claims[claim.clip_index] = (claim, trio.current_time() + lease)

    def release(self, claim: Claim) -> None:
        """Release a claim, unless another owner has it by now."""
        if self._holds(claim):
            self.claims[claim.clip_index] = (claim, trio.current_time())

    def _move(self, attempt: Attempt, entry: Entry) -> Attempt:
        after = apply_entry(attempt, entry)
        return attempt if after == attempt else self._post(attempt, after, entry)

    def _post(self, before: Attempt | None, after: Attempt, entry: Entry) -> Attempt:
        moved = movement(before, after)
        key, clip_index = after.attempt_id, after.clip_index
        self.attempts[key] = self.clips.setdefault(clip_index, {})[key] = after
        if after.is_open:
            self.open[clip_index] = after
        elif before is not None and before.is_open:
            del self.open[clip_index]
        self.account = post(self.account, moved, overrun=after.overrun)
        line = Line(now(), clip_index, key, entry, moved)
        self.journal.append(line)
        self.last_entries[key] = entry
        self.books.post(after, line)
        self.call_log.add(line)
        return after

    def _check_going(self, claim: Claim) -> None:
        if self.stopped:
            raise JobStoppedError(f"job {self.manifest.job_id} was stopped")
        self._check_opening(self.openings[claim.clip_index])

    def _check_opening(self, opening: str) -> None:
        if opening and opening != self.manifest.opening:
            raise JobReopenedError(f"job {self.manifest.job_id} was opened anew with other prompts")

    def _holds(self, claim: Claim) -> bool:
        held, _ = self.claims.get(claim.clip_index, (None, 0.0))
        return held is not None and held.epoch == claim.epoch

    def _check_claim(self, claim: Claim) -> None:
        if not self._holds(claim):
            raise ClaimPassedOnError(f"the claim on clip {claim.clip_index} has passed on")


def now() -> datetime:
    """Return the time of Trio's clock, as a date."""
    return datetime.fromtimestamp(trio.current_time(), UTC)


def _same_reservation(current: Attempt, attempt: Attempt) -> Attempt:
    """Return the open attempt, if this claim reserved it and nothing has changed since."""
    reserved = (attempt.attempt_id, attempt.epoch, (Money.HELD, Custody.INTENDED))
    if (current.attempt_id, current.epoch, current.state) != reserved:
        raise LedgerError(f"clip {current.clip_index} has attempt {current.attempt_id} open")
    return current
