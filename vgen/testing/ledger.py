"""A ledger in memory: the port's model, on Trio's clock and without threads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from uuid import UUID

import trio
from attrs import define, evolve, field

from vgen.decisions.bookkeeping import admit, follow, movement, post
from vgen.errors import LedgerError
from vgen.ports.ledger import CostLedger
from vgen.records.attempt import Attempt, Custody, Money
from vgen.records.entry import Entry, Line, Planned, Released, Reserved
from vgen.records.job import Claim, Job, Manifest
from vgen.records.money import FREE, Account


@define
class _Pages:
    """What the ledger has of one job."""

    manifest: Manifest
    account: Account
    outcome: str = ""
    attempts: dict[UUID, Attempt] = field(factory=dict[UUID, Attempt])
    claims: dict[int, tuple[Claim, float]] = field(factory=dict[int, tuple[Claim, float]])
    journal: list[Line] = field(factory=list[Line])

    def post(self, before: Attempt | None, after: Attempt, entry: Entry) -> Attempt:
        """Write an attempt, its money and its journal line."""
        moved = movement(before, after)
        self.attempts[after.attempt_id] = after
        self.account = post(self.account, moved, overrun=after.overrun)
        at = datetime.fromtimestamp(trio.current_time(), UTC)
        self.journal.append(Line(at, after.clip_index, after.attempt_id, entry, moved))
        return after

    def open_attempt(self, clip_index: int) -> Attempt | None:
        """Give the attempt of a clip that can still move."""
        found = (a for a in self.attempts.values() if a.clip_index == clip_index and a.is_open)
        return next(found, None)

    def release_planned(self) -> None:
        """Release what was planned and not sent."""
        for attempt in list(self.attempts.values()):
            if attempt.custody is Custody.PLANNED:
                self.move(attempt, Released("never sent"))

    def move(self, attempt: Attempt, entry: Entry) -> Attempt:
        """Move an attempt on."""
        return self.post(attempt, follow(attempt, entry), entry)


class MemoryLedger(CostLedger):
    """A ledger that lives as long as the object does.

    Its time is Trio's clock, and no call takes any of it, so that whole jobs run in virtual time.
    """

    def __init__(self) -> None:
        self._jobs: dict[UUID, _Pages] = {}

    def __repr__(self) -> str:
        """Read as a log: a line for each entry, job by job."""
        lines = [
            f"{line.at.timestamp():9.3f} clip {line.clip_index}: {line.entry!r}"
            for pages in self._jobs.values()
            for line in pages.journal
        ]
        return "\n".join(["<MemoryLedger", *lines, ">"])

    async def open_job(self, manifest: Manifest, holds: Sequence[Attempt]) -> Account:
        """Write the job and its first holds down together."""
        await trio.lowlevel.checkpoint()
        old = self._jobs.get(manifest.job_id)
        pages = _copy(old, manifest) if old else _Pages(manifest, Account(limit=manifest.budget))
        spent = sum((attempt.spent for attempt in pages.attempts.values()), FREE)
        pages.account = evolve(
            pages.account,
            limit=manifest.budget,
            spent=spent + manifest.already_spent,
            overrun=False,
        )
        pages.release_planned()
        free = [hold for hold in holds if pages.open_attempt(hold.clip_index) is None]
        admit(pages.account, sum((hold.hold for hold in free), FREE))
        for hold in free:
            pages.post(None, hold, Planned())
        self._jobs[manifest.job_id] = pages
        return pages.account

    async def job(self, job_id: UUID) -> Job | None:
        """Give a job."""
        await trio.lowlevel.checkpoint()
        pages = self._jobs.get(job_id)
        if pages is None:
            return None
        return Job(pages.manifest, pages.account, tuple(pages.attempts.values()), pages.outcome)

    async def attempts(self, job_id: UUID, clip_index: int) -> tuple[Attempt, ...]:
        """Give a clip's attempts."""
        await trio.lowlevel.checkpoint()
        known = self._known(job_id).attempts.values()
        return tuple(attempt for attempt in known if attempt.clip_index == clip_index)

    async def jobs(self) -> tuple[UUID, ...]:
        """List the jobs."""
        await trio.lowlevel.checkpoint()
        return tuple(self._jobs)

    async def claim(
        self, job_id: UUID, clip_index: int, *, owner: str, lease: float
    ) -> Claim | None:
        """Claim a clip."""
        await trio.lowlevel.checkpoint()
        claims, now = self._known(job_id).claims, trio.current_time()
        held, expires = claims.get(clip_index, (None, now))
        if held is not None and expires > now:
            return None
        claim = Claim(job_id, clip_index, owner, epoch=held.epoch + 1 if held else 1)
        claims[clip_index] = (claim, now + lease)
        return claim

    async def renew(self, claim: Claim, *, lease: float) -> None:
        """Renew a claim."""
        await trio.lowlevel.checkpoint()
        self._check(claim)
        self._extend(claim, lease)

    async def release(self, claim: Claim) -> None:
        """Give a clip back."""
        await trio.lowlevel.checkpoint()
        if self._holds(claim):
            self._extend(claim, 0)

    async def reserve(self, claim: Claim, attempt: Attempt) -> Attempt:
        """Hold an attempt's money within the budget."""
        await trio.lowlevel.checkpoint()
        self._check(claim)
        pages = self._known(claim.job_id)
        standing = pages.open_attempt(claim.clip_index)
        if standing is not None and standing.sent:
            if standing.attempt_id == attempt.attempt_id:
                return standing
            raise LedgerError(f"clip {claim.clip_index} has attempt {standing.attempt_id} open")
        freed = standing.hold if standing else FREE
        admit(pages.account, attempt.hold, freed=freed)
        attempt = evolve(attempt, epoch=claim.epoch)
        if standing is None or standing.attempt_id != attempt.attempt_id:
            if standing is not None:
                pages.move(standing, Released("never sent"))
            standing = pages.post(None, attempt, Planned())
        return pages.post(standing, follow(attempt, Reserved()), Reserved())

    async def advance(
        self, claim: Claim, attempt_id: UUID, expected: tuple[Money, Custody], entry: Entry
    ) -> Attempt:
        """Move an attempt on, once."""
        await trio.lowlevel.checkpoint()
        self._check(claim)
        pages = self._known(claim.job_id)
        attempt = pages.attempts.get(attempt_id)
        if attempt is None:
            raise LedgerError(f"the ledger has no attempt {attempt_id}")
        if attempt.state == expected:
            return pages.move(attempt, entry)
        if _last(pages.journal, attempt_id) == entry:
            return attempt
        raise LedgerError(f"attempt {attempt_id} is {attempt.state}, not {expected}")

    async def conclude(self, job_id: UUID, outcome: str) -> Account:
        """Release what was planned, and note the outcome."""
        await trio.lowlevel.checkpoint()
        pages = self._known(job_id)
        pages.release_planned()
        pages.outcome = outcome
        return pages.account

    async def history(self, job_id: UUID) -> tuple[Line, ...]:
        """Give a job's journal."""
        await trio.lowlevel.checkpoint()
        return tuple(self._known(job_id).journal)

    def _known(self, job_id: UUID) -> _Pages:
        if job_id not in self._jobs:
            raise LedgerError(f"the ledger has no job {job_id}")
        return self._jobs[job_id]

    def _holds(self, claim: Claim) -> bool:
        held, _ = self._known(claim.job_id).claims.get(claim.clip_index, (None, 0.0))
        return held is not None and held.epoch == claim.epoch

    def _check(self, claim: Claim) -> None:
        if not self._holds(claim):
            raise LedgerError(f"the claim on clip {claim.clip_index} has passed on")

    def _extend(self, claim: Claim, lease: float) -> None:
        claims = self._known(claim.job_id).claims
        claims[claim.clip_index] = (claim, trio.current_time() + lease)


def _copy(pages: _Pages, manifest: Manifest) -> _Pages:
    return evolve(
        pages,
        manifest=manifest,
        outcome="",
        attempts=dict(pages.attempts),
        claims=dict(pages.claims),
        journal=list(pages.journal),
    )


def _last(journal: Iterable[Line], attempt_id: UUID) -> Entry | None:
    entries = [line.entry for line in journal if line.attempt_id == attempt_id]
    return entries[-1] if entries else None
