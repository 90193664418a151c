"""A process that simulates twenty concurrent users of one budget, for each job on standard input.

Its arguments: the "module:name" of the ledger's class, and the arguments of that class. Each line
of standard input has a job and a seed; the number of changes to the ledger is printed for each.
"""

from __future__ import annotations

import random
import sys
from decimal import Decimal
from pkgutil import resolve_name
from uuid import UUID

import trio

from vgen import Clip
from vgen.abc import (
    Attempt,
    Claim,
    ClipRequest,
    CostLedger,
    Doubted,
    Entry,
    Fetched,
    Lost,
    Released,
    Settled,
    State,
    Stored,
    Ticket,
    Ticketed,
    WrittenOff,
)
from vgen.errors import BudgetExceededError, LedgerError

USERS = 20
CLIPS = 40
MOST_CENTS = 30
LEASES = (0.05, 60.0)

REQUEST = ClipRequest(
    prompt="a lighthouse", duration=4.0, width=768, height=432, fps=24, motion=100, steps=20
)


def attempt(identity: UUID, job: UUID, clip_index: int, hold: Decimal) -> Attempt:
    """Return a new attempt at a clip."""
    return Attempt(
        attempt_id=identity,
        job_id=job,
        clip_index=clip_index,
        number=1,
        backend="svd",
        account="me",
        request=REQUEST,
        fingerprint="f",
        hold=hold,
    )


async def run_users(ledger: CostLedger, job: UUID, seed: str) -> int:
    """Run all users of one job, and return how often the ledger was changed."""
    changes: list[int] = []

    async def user(number: int) -> None:
        rng = random.Random(f"{seed}/{number}")  # noqa: S311 (reproducible)
        changes.append(await one_clip(ledger, job, rng))

    async with trio.open_nursery() as nursery:
        for number in range(USERS):
            nursery.start_soon(user, number)
    return sum(changes)


async def one_clip(ledger: CostLedger, job: UUID, rng: random.Random) -> int:
    """Claim a clip, continue its open attempt or reserve a new one, and advance it a few times."""
    changed = 0
    clip = rng.randrange(CLIPS)
    try:
        claim = await ledger.claim(job, clip, owner="user", lease=rng.choice(LEASES))
        if claim is None:
            return 0
        sent = await open_attempt(ledger, claim)
        if sent is None:
            sent = await ledger.reserve(claim, new_attempt(claim, rng))
        for entry in next_entries(sent, rng):
            sent = await ledger.advance(claim, sent.attempt_id, sent.state, entry)
            changed += 1
        await ledger.release(claim)
    except (BudgetExceededError, LedgerError):
        pass
    return changed


async def open_attempt(ledger: CostLedger, claim: Claim) -> Attempt | None:
    """Return the attempt that another user has left open, if any."""
    attempts = await ledger.attempts(claim.job_id, claim.clip_index)
    return next((each for each in attempts if each.is_open and each.sent), None)


def new_attempt(claim: Claim, rng: random.Random) -> Attempt:
    """Return a new attempt that holds some cents."""
    hold = Decimal(rng.randrange(1, MOST_CENTS)) / 100
    identity = UUID(int=rng.getrandbits(128), version=4)
    return attempt(identity, claim.job_id, claim.clip_index, hold)


def next_entries(sent: Attempt, rng: random.Random) -> list[Entry]:
    """Return entries that an attempt may have from its current state on, or the first few."""
    bill = sent.hold * rng.randrange(101) / 100
    won: list[Entry] = [
        Settled(State.SUCCEEDED, bill),
        Fetched("/clip.mp4", bill),
        Stored(Clip(sent.clip_index, "", 4.0, 4.0, 0.0)),
    ]
    failed: list[Entry] = [Settled(State.FAILED, bill, metered=True)]
    ends: list[Entry] = [Released("absent"), WrittenOff("age")]
    doubted: list[Entry] = [Doubted("silence"), rng.choice(ends)]
    accepted: list[Entry] = [Ticketed(Ticket("svd", "p")), *rng.choice([won, failed])]
    useless: list[Entry] = [Lost("black")]
    by_custody: dict[str, list[Entry]] = {
        "intended": rng.choice([[Released("refused")], doubted, accepted]),
        "ticketed": rng.choice([won, failed]),
        "succeeded": won[1:],
        "fetched": rng.choice([won[2:], useless]),
    }
    entries = by_custody[sent.custody]
    if sent.custody == "intended" and sent.money == "in doubt":
        entries = doubted[1:]
    return entries[: rng.randrange(len(entries) + 1)]


async def main(*arguments: str) -> None:
    """Run the jobs on standard input."""
    factory, *rest = arguments
    ledger: CostLedger = resolve_name(factory)(*rest)
    for line in sys.stdin:
        job, seed = line.split()
        print(await run_users(ledger, UUID(job), seed), flush=True)  # noqa: T201 (the answer)
    await ledger.aclose()


if __name__ == "__main__":
    trio.run(main, *sys.argv[1:])
