"""A user that changes a ledger at random, in a task or in a process of its own."""

from __future__ import annotations

import random
import sys
from collections.abc import Sequence
from decimal import Decimal
from pkgutil import resolve_name
from uuid import UUID

import trio
from attrs import define, evolve

from vgen.decisions.bookkeeping import apply_entry
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
from vgen.records.money import Need
from vgen.records.status import State, Ticket
from vgen.testing.contracts.operations import CLIPS, JOB, ONE_HOUR, make_attempt, make_manifest

BUDGET = 300
"""The users' common budget in cents; each attempt holds up to a fifth of it."""

LEASES = (0.0, ONE_HOUR)


@define
class RandomUser:
    """Claims, reserves, advances, reopens and concludes, at random.

    `changed` counts the operations that the ledger has accepted.
    """

    ledger: CostLedger
    owner: str
    rng: random.Random
    changed: int = 0

    async def work(self, operations: int) -> None:
        """Do so many operations; refusals of the ledger are ignored."""
        for _ in range(operations):
            try:
                await self._operation()
            except (LedgerError, BudgetExceededError):
                continue

    async def _operation(self) -> None:
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
            await self.ledger.conclude(JOB, "concluded")
        else:
            need = Need(peak=Decimal(self.rng.randrange(BUDGET)) / 100)
            await self.ledger.open_job(make_manifest(BUDGET), need)
        self.changed += 1

    async def _one_clip(self, claim: Claim) -> None:
        attempts = await self.ledger.attempts(JOB, claim.clip_index)
        current = next((attempt for attempt in attempts if attempt.is_open), None)
        if current is None:
            await self.ledger.reserve(claim, self._attempt(claim.clip_index))
        else:
            entry = self.rng.choice([e for e in self._entries(current) if fits(current, e)])
            await self.ledger.advance(claim, current.attempt_id, current.state, entry)
        self.changed += 1

    def _happens(self, tenths: int) -> bool:
        return self.rng.randrange(10) < tenths

    def _attempt(self, clip: int) -> Attempt:
        number = UUID(int=self.rng.getrandbits(128), version=4)
        attempt = make_attempt(clip, cents=self.rng.randrange(1, BUDGET // 5))
        return evolve(attempt, attempt_id=number)

    def _entries(self, current: Attempt) -> Sequence[Entry]:
        bill = current.hold * self.rng.randrange(101) / 100
        verdict = self.rng.choice([State.SUCCEEDED, State.SUCCEEDED, State.FAILED])
        true_bill = current.billed if current.metered and current.billed is not None else bill
        return (
            Ticketed(Ticket("svd", "p")),
            Released("refused"),
            Doubted("silence"),
            Settled(verdict, bill, metered=self._happens(5)),
            WrittenOff("age"),
            Fetched("/clip.mp4", true_bill),
            Stored(Clip(0, "", 4.0, 4.0, 0.0)),
            Lost("black"),
        )


def seeded_random(seed: int) -> random.Random:
    """Return a random generator with this seed."""
    return random.Random(seed)  # noqa: S311 - reproducible, no secret


def fits(attempt: Attempt, entry: Entry) -> bool:
    """Whether the entry is a legal transition of the attempt."""
    try:
        apply_entry(attempt, entry)
    except LedgerError:
        return False
    return True


async def main(*argv: str) -> None:
    """Change a ledger at random, and print how many changes it has accepted.

    The arguments: a seed, the number of operations, the "module:name" that makes the ledger, and
    its arguments.
    """
    seed, operations, factory, *arguments = argv
    ledger: CostLedger = resolve_name(factory)(*arguments)
    user = RandomUser(ledger, f"process {seed}", seeded_random(int(seed)))
    await user.work(int(operations))
    await ledger.aclose()
    sys.stdout.write(f"{user.changed}\n")


if __name__ == "__main__":
    trio.run(main, *sys.argv[1:])
