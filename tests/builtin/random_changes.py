"""A process that changes a ledger at random; run as a script, it prints a line for each change."""

from __future__ import annotations

import random
import sys
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from uuid import UUID, uuid4

import trio
from attrs import define

from vgen import SQLiteLedger
from vgen.decisions.bookkeeping import apply_entry
from vgen.errors import BudgetExceededError, LedgerError
from vgen.records.attempt import Attempt
from vgen.records.clip import Clip
from vgen.records.entry import (
    Doubted,
    Entry,
    Fetched,
    Lost,
    Released,
    Settled,
    Spooled,
    Stored,
    Ticketed,
    WrittenOff,
)
from vgen.records.job import Claim, Job
from vgen.records.money import Need
from vgen.records.request import ClipRequest
from vgen.records.status import State, Ticket

JOB = UUID(int=11)
CLIPS = 6
CLIP = Clip(0, "", 4.0, 4.0, 0.0)
REQUEST = ClipRequest("x", 4.0, 768, 432, 24, 100, 20)


def an_attempt(clip_index: int, hold: Decimal) -> Attempt:
    """A planned attempt."""
    return Attempt(uuid4(), JOB, clip_index, 1, "svd", "me", REQUEST, "f", hold)


@define
class RandomChanges:
    """Claims, reserves, advances, opens again and concludes, at random.

    `overrunning` lets bills pass their holds.
    """

    ledger: SQLiteLedger
    owner: str
    rng: random.Random
    overrunning: bool = False
    lease: float = 0.02
    job_id: UUID = JOB

    async def work(self, steps: int) -> int:
        """Take so many steps; give how many changed something."""
        return sum([await self._step() for _ in range(steps)])

    async def _step(self) -> bool:
        try:
            if self.rng.random() < 0.1:
                return await self._whole_job()
            claim = await self.ledger.claim(
                self.job_id, self.rng.randrange(CLIPS), owner=self.owner, lease=self.lease
            )
            return claim is not None and await self._one_clip(claim)
        except (LedgerError, BudgetExceededError):
            return False

    async def _whole_job(self) -> bool:
        job = await self.ledger.job(self.job_id)
        assert isinstance(job, Job)
        if self.rng.random() < 0.3:
            await self.ledger.conclude(self.job_id, "counted")
        else:
            await self.ledger.open_job(job.manifest, Need(peak=self._amount()))
        return True

    async def _one_clip(self, claim: Claim) -> bool:
        attempts = await self.ledger.attempts(self.job_id, claim.clip_index)
        standing = next((attempt for attempt in attempts if attempt.is_open), None)
        if self.rng.random() < 0.2:
            await trio.sleep(2 * self.lease)
        if standing is None:
            await self.ledger.reserve(claim, an_attempt(claim.clip_index, self._amount()))
        else:
            entry = self.rng.choice(self._entries(standing))
            await self.ledger.advance(claim, standing.attempt_id, standing.state, entry)
        if self.rng.random() < 0.7:
            await self.ledger.release(claim)
        return True

    def _amount(self) -> Decimal:
        return Decimal(self.rng.randrange(1, 60)) / 100

    def _entries(self, standing: Attempt) -> Sequence[Entry]:
        most = 130 if self.overrunning else 100
        bill = standing.hold * self.rng.randrange(most + 1) / 100
        won = self.rng.choice([State.SUCCEEDED, State.SUCCEEDED, State.FAILED])
        metered = self.rng.random() < 0.5
        entries: tuple[Entry, ...] = (
            Ticketed(Ticket("svd", "p")),
            Released("refused"),
            Doubted("silence"),
            Settled(won, bill, metered=metered),
            Settled(won, bill, metered=metered),
            WrittenOff("age"),
            Fetched("/c.mp4", bill if self.overrunning else min(bill, standing.spent)),
            Spooled("/s.mp4"),
            Stored(CLIP),
            Lost("black"),
        )
        return [entry for entry in entries if _fits(standing, entry)]


def seeded(seed: int) -> random.Random:
    """Return a generator that repeats itself for the same seed."""
    return random.Random(seed)  # noqa: S311 (a plan that can be repeated, no secret)


def _fits(standing: Attempt, entry: Entry) -> bool:
    try:
        apply_entry(standing, entry)
    except LedgerError:
        return False
    return True


async def main(path: Path, seed: int, changes: int) -> None:
    """Keep a ledger busy until it has acknowledged so many changes, and tell each in a line."""
    ledger = SQLiteLedger(path)
    keeper = RandomChanges(ledger, f"process {seed}", seeded(seed))
    while changes:
        if await keeper.work(1):
            changes -= 1
            sys.stdout.write("changed\n")
            sys.stdout.flush()
    await ledger.aclose()


if __name__ == "__main__":
    trio.run(main, Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
