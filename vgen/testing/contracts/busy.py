"""A user that changes a ledger at random, in a task or in a process of its own."""

from __future__ import annotations

import random
import sys
from collections.abc import Sequence
from pkgutil import resolve_name
from uuid import UUID

import trio
from attrs import define, evolve

from vgen.decisions.bookkeeping import follow
from vgen.errors import BudgetExceededError, LedgerError
from vgen.ports.ledger import CostLedger
from vgen.records.attempt import Attempt
from vgen.records.clip import Clip
from vgen.records.entry import (
    Doubted,
    Entry,
    Fetched,
    Lost,
    Released,
    Settled,
    Stored,
    Ticketed,
    WrittenOff,
)
from vgen.records.job import Claim
from vgen.records.status import State, Ticket
from vgen.testing.contracts.operations import AN_HOUR, CLIPS, JOB, a_manifest, an_attempt

BUDGET = 300
"""What the users share, in cents; each attempt holds up to a fifth of it."""

LEASES = (0.0, AN_HOUR)


@define
class Busy:
    """Claims, reserves, advances, opens again and concludes, at random.

    `changed` counts what the ledger has accepted.
    """

    ledger: CostLedger
    owner: str
    rng: random.Random
    changed: int = 0

    async def work(self, steps: int) -> None:
        """Take so many steps; refusals of the ledger are ignored."""
        for _ in range(steps):
            try:
                await self._step()
            except (LedgerError, BudgetExceededError):
                continue

    async def _step(self) -> None:
        if self._happens(1):
            await self._whole_job()
            return
        clip, lease = self.rng.randrange(CLIPS), self.rng.choice(LEASES)
        claim = await self.ledger.claim(JOB, clip, owner=self.owner, lease=lease)
        if claim is not None:
            try:
                await self._one_clip(claim)
            finally:
                await self.ledger.release(claim)

    async def _whole_job(self) -> None:
        if self._happens(3):
            await self.ledger.conclude(JOB, "counted")
        else:
            holds = [self._attempt(clip) for clip in range(CLIPS)]
            await self.ledger.open_job(a_manifest(BUDGET), holds)
        self.changed += 1

    async def _one_clip(self, claim: Claim) -> None:
        attempts = await self.ledger.attempts(JOB, claim.clip_index)
        standing = next((attempt for attempt in attempts if attempt.is_open), None)
        if standing is None or not standing.sent:
            take_up = standing is not None and self._happens(7)
            attempt = standing if standing and take_up else self._attempt(claim.clip_index)
            await self.ledger.reserve(claim, attempt)
        else:
            entry = self.rng.choice([e for e in self._entries(standing) if fits(standing, e)])
            await self.ledger.advance(claim, standing.attempt_id, standing.state, entry)
        self.changed += 1

    def _happens(self, tenths: int) -> bool:
        return self.rng.randrange(10) < tenths

    def _attempt(self, clip: int) -> Attempt:
        number = UUID(int=self.rng.getrandbits(128), version=4)
        attempt = an_attempt(clip, cents=self.rng.randrange(1, BUDGET // 5))
        return evolve(attempt, attempt_id=number)

    def _entries(self, standing: Attempt) -> Sequence[Entry]:
        bill = standing.hold * self.rng.randrange(101) / 100
        won = self.rng.choice([State.SUCCEEDED, State.SUCCEEDED, State.FAILED])
        true_bill = standing.billed if standing.metered and standing.billed is not None else bill
        return (
            Ticketed(Ticket("svd", "p")),
            Released("refused"),
            Doubted("silence"),
            Settled(won, bill, metered=self._happens(5)),
            WrittenOff("age"),
            Fetched("/clip.mp4", true_bill),
            Stored(Clip(0, "", 4.0, 4.0, 0.0)),
            Lost("black"),
        )


def seeded(seed: int) -> random.Random:
    """Return a generator that repeats itself for the same seed."""
    return random.Random(seed)  # noqa: S311 - a plan that can be repeated, no secret


def fits(attempt: Attempt, entry: Entry) -> bool:
    """Whether the entry may follow."""
    try:
        follow(attempt, entry)
    except LedgerError:
        return False
    return True


async def main(*words: str) -> None:
    """Change a ledger at random, and print how often it was changed.

    The words: a seed, how many steps, the "module:name" that makes the ledger, its arguments.
    """
    seed, steps, factory, *arguments = words
    ledger: CostLedger = resolve_name(factory)(*arguments)
    busy = Busy(ledger, f"process {seed}", seeded(int(seed)))
    await busy.work(int(steps))
    await ledger.aclose()
    sys.stdout.write(f"{busy.changed}\n")


if __name__ == "__main__":
    trio.run(main, *sys.argv[1:])
