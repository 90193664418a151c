"""A process that plays twenty users of one budget at once, for each job that it is told of.

Its words: the "module:name" that makes the ledger, and its arguments. Standard input names a job
and a seed to a line; each job is answered by how often the ledger was changed.
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
    """Give a new attempt at a clip."""
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


async def play(ledger: CostLedger, job: UUID, seed: str) -> int:
    """Play all users of one job, and give how often the ledger was changed."""
    changes: list[int] = []

    async def user(number: int) -> None:
        rng = random.Random(f"{seed}/{number}")  # noqa: S311 (a plan that can be repeated)
        changes.append(await one_clip(ledger, job, rng))

    async with trio.open_nursery() as nursery:
        for number in range(USERS):
            nursery.start_soon(user, number)
    return sum(changes)


async def one_clip(ledger: CostLedger, job: UUID, rng: random.Random) -> int:
    """Claim a clip, carry on what stands open or reserve anew, and go some way with it."""
    changed = 0
    clip = rng.randrange(CLIPS)
    try:
        claim = await ledger.claim(job, clip, owner="user", lease=rng.choice(LEASES))
        if claim is None:
            return 0
        sent = await standing(ledger, claim) or await ledger.reserve(claim, fresh(claim, rng))
        for entry in path(sent, rng):
            sent = await ledger.advance(claim, sent.attempt_id, sent.state, entry)
            changed += 1
        await ledger.release(claim)
    except (BudgetExceededError, LedgerError):
        pass
    return changed


async def standing(ledger: CostLedger, claim: Claim) -> Attempt | None:
    """Find what another has left open."""
    attempts = await ledger.attempts(claim.job_id, claim.clip_index)
    return next((each for each in attempts if each.is_open and each.sent), None)


def fresh(claim: Claim, rng: random.Random) -> Attempt:
    """Give a new attempt that holds some cents."""
    hold = Decimal(rng.randrange(1, MOST_CENTS)) / 100
    identity = UUID(int=rng.getrandbits(128), version=4)
    return attempt(identity, claim.job_id, claim.clip_index, hold)


def path(sent: Attempt, rng: random.Random) -> list[Entry]:
    """Give what may happen to an attempt from where it stands, or a part of it."""
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
    whole = by_custody[sent.custody]
    if sent.custody == "intended" and sent.money == "in doubt":
        whole = doubted[1:]
    return whole[: rng.randrange(len(whole) + 1)]


async def main(*words: str) -> None:
    """Play the jobs that standard input names."""
    factory, *arguments = words
    ledger: CostLedger = resolve_name(factory)(*arguments)
    for line in sys.stdin:
        job, seed = line.split()
        print(await play(ledger, UUID(job), seed), flush=True)  # noqa: T201 (the answer)
    await ledger.aclose()


if __name__ == "__main__":
    trio.run(main, *sys.argv[1:])
