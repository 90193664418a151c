"""One job of a ledger in memory, and what each ledger call does to it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

import trio
from attrs import define, evolve, field

from vgen.decisions.bookkeeping import apply_entry, movement, post
from vgen.decisions.budget import Holders, check_hold, check_need, held_in
from vgen.errors import ClaimPassedOnError, JobReopenedError, JobStoppedError, LedgerError
from vgen.records.attempt import Attempt, Custody, Money
from vgen.records.entry import Entry, Line, Released, Reserved
from vgen.records.job import Claim, Manifest
from vgen.records.money import ZERO, Account, Need, Purse

Purses = Callable[[Purse], tuple[Account, Holders]]
"""Returns the account of a purse, and who holds its money."""


@define
class MemoryJob:
    """One job: its account, its attempts, its claims and their openings, and its journal."""

    manifest: Manifest
    account: Account
    opened_at: datetime
    outcome: str = ""
    made: int | None = None
    stopped: bool = False
    attempts: dict[UUID, Attempt] = field(factory=dict[UUID, Attempt])
    claims: dict[int, tuple[Claim, float]] = field(factory=dict[int, tuple[Claim, float]])
    openings: dict[int, str] = field(factory=dict[int, str])
    journal: list[Line] = field(factory=list[Line])

    def reopened(self, manifest: Manifest, need: Need, purses: Purses) -> MemoryJob:
        """Return a copy, opened again; raises if its limits do not allow what it needs."""
        copy = evolve(
            self,
            manifest=manifest,
            outcome="",
            made=None,
            stopped=False,
            attempts=dict(self.attempts),
            claims=dict(self.claims),
            openings=dict(self.openings),
            journal=list(self.journal),
        )
        spent = sum((attempt.spent for attempt in copy.attempts.values()), ZERO)
        copy.account = evolve(
            copy.account,
            limit=manifest.budget,
            spent=spent + manifest.already_spent,
            overrun=False,
        )
        copy.release_planned()
        check_need(copy.account, need, own=copy.account.held + copy.account.in_doubt)
        for purse in manifest.purses:
            account, holders = purses(purse)
            own = held_in(purse.name, copy.attempts.values())
            check_need(account, need, own=own, purse=purse.name, holders=holders)
        return copy

    def of_clip(self, clip_index: int) -> tuple[Attempt, ...]:
        """Return a clip's attempts."""
        return tuple(a for a in self.attempts.values() if a.clip_index == clip_index)

    def open_attempt(self, clip_index: int) -> Attempt | None:
        """Return the open attempt of a clip."""
        found = (a for a in self.attempts.values() if a.clip_index == clip_index and a.is_open)
        return next(found, None)

    def release_planned(self) -> None:
        """Release the holds of attempts that were never sent."""
        for attempt in list(self.attempts.values()):
            if attempt.custody is Custody.PLANNED:
                self._move(attempt, Released("never sent"))

    def conclude(self, outcome: str, made: int | None) -> Account:
        """Release the holds that were never sent, and record the outcome."""
        self.release_planned()
        self.outcome, self.made = outcome, made
        return self.account

    def reserve(self, claim: Claim, attempt: Attempt, purses: Purses) -> Attempt:
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
        current = self.open_attempt(claim.clip_index)
        if current is not None and current.sent:
            return _same_reservation(current, attempt)
        self._check_going(claim)
        freed = current.hold if current else ZERO
        check_hold(self.account, attempt.hold, freed=freed)
        for purse in self.manifest.purses:
            account, holders = purses(purse)
            check_hold(account, attempt.hold, purse=purse.name, holders=holders)
        if attempt.attempt_id in self.attempts:
            raise LedgerError(f"attempt {attempt.attempt_id} was written down before")
        if current is not None:
            self._move(current, Released("never sent"))
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
        if self._last_entry(attempt_id) == entry:
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
        self.attempts[after.attempt_id] = after
        self.account = post(self.account, moved, overrun=after.overrun)
        self.journal.append(Line(now(), after.clip_index, after.attempt_id, entry, moved))
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

    def _last_entry(self, attempt_id: UUID) -> Entry | None:
        entries = [line.entry for line in self.journal if line.attempt_id == attempt_id]
        return entries[-1] if entries else None


def now() -> datetime:
    """Return the time of Trio's clock, as a date."""
    return datetime.fromtimestamp(trio.current_time(), UTC)


def _same_reservation(current: Attempt, attempt: Attempt) -> Attempt:
    """Return the open attempt, if this claim reserved it and nothing has changed since."""
    reserved = (attempt.attempt_id, attempt.epoch, (Money.HELD, Custody.INTENDED))
    if (current.attempt_id, current.epoch, current.state) != reserved:
        raise LedgerError(f"clip {current.clip_index} has attempt {current.attempt_id} open")
    return current
