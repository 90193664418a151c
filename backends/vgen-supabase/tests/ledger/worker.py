"""Eight processes of ten concurrent users of some jobs; some of them are killed at random.

The arguments: the "module:name" of the ledger's class, and the arguments of that class. Each line
of standard input has a seed and jobs; what came of them is printed, as JSON.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
import traceback
from collections.abc import Sequence
from contextlib import suppress
from decimal import Decimal
from pkgutil import resolve_name
from select import select
from typing import Never, TextIO
from uuid import UUID

import trio
from attrs import asdict, define, field, frozen

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

PROCESSES = 8
MOST_KILLED = 2
"""In one schedule."""

LAST_KILL = 0.3
"""When the last process is killed, in seconds after the schedule has begun."""

USERS = 10
CLIPS = 24
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


@define
class Done:
    """How often the ledger was changed, a job's budget and a purse refused, and users killed."""

    changed: int = 0
    over_budget: int = 0
    over_purse: int = 0
    killed: int = 0

    def add(self, other: Done) -> None:
        """Add what others have done."""
        self.changed += other.changed
        self.over_budget += other.over_budget
        self.over_purse += other.over_purse


async def run_users(ledger: CostLedger, jobs: Sequence[UUID], seed: str) -> Done:
    """Run all users, each on one clip of one of the jobs, and return what came of it."""
    done = Done()

    async def user(number: int) -> None:
        rng = random.Random(f"{seed}/{number}")  # noqa: S311 (reproducible)
        await one_clip(ledger, rng.choice(jobs), rng, done)

    async with trio.open_nursery() as nursery:
        for number in range(USERS):
            nursery.start_soon(user, number)
    return done


async def one_clip(ledger: CostLedger, job: UUID, rng: random.Random, done: Done) -> None:
    """Claim a clip, continue its open attempt or reserve a new one, and advance it a few times."""
    clip = rng.randrange(CLIPS)
    try:
        claim = await ledger.claim(job, clip, owner="user", lease=rng.choice(LEASES))
        if claim is None:
            return
        sent = await open_attempt(ledger, claim)
        if sent is None:
            sent = await ledger.reserve(claim, new_attempt(claim, rng))
        for entry in next_entries(sent, rng):
            sent = await ledger.advance(claim, sent.attempt_id, sent.state, entry)
            done.changed += 1
        await ledger.release(claim)
    except BudgetExceededError as error:
        done.over_purse += bool(error.purse)
        done.over_budget += not error.purse
    except LedgerError:
        pass


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


async def serve(asks: TextIO, answers: TextIO, *factory: str) -> None:
    """Run the users for each line of `asks`, a seed and jobs, and answer with what came of it."""
    name, *arguments = factory
    ledger: CostLedger = resolve_name(name)(*arguments)
    for line in asks:
        seed, *jobs = line.split()
        done = await run_users(ledger, [UUID(job) for job in jobs], seed)
        answers.write(f"{json.dumps(asdict(done))}\n")
        answers.flush()
    await ledger.aclose()


@frozen
class Member:
    """A process of the crowd: its id, and the pipes to it and from it."""

    number: int
    asks: TextIO
    answers: TextIO

    def ask(self, line: str) -> None:
        """Send it a line."""
        self.asks.write(f"{line}\n")
        self.asks.flush()

    def end(self) -> None:
        """Let it end, unless it was killed."""
        with suppress(BrokenPipeError):
            self.asks.close()
        os.waitpid(self.number, 0)
        self.answers.close()


@define
class Crowd:
    """The processes, each a fork of this one: that is quicker than to start them."""

    factory: list[str]
    members: list[Member] = field(factory=list[Member])

    def fill(self) -> None:
        """Start the processes that are missing."""
        while len(self.members) < PROCESSES:
            self.members.append(self._fork())

    def _fork(self) -> Member:
        (asked, asks), (answers, answered) = os.pipe(), os.pipe()
        number = os.fork()
        if number == 0:
            for pipe in (asks, answers, *(member.asks.fileno() for member in self.members)):
                os.close(pipe)
            self._serve(asked, answered)
        os.close(asked)
        os.close(answered)
        return Member(number, os.fdopen(asks, "w"), os.fdopen(answers))

    def _serve(self, asked: int, answered: int) -> Never:
        """Be a member of the crowd, in a process of its own."""
        try:
            with os.fdopen(asked) as asks, os.fdopen(answered, "w") as answers:
                trio.run(serve, asks, answers, *self.factory)
        except BaseException:  # noqa: BLE001 (of any kind: it is shown)
            traceback.print_exc()
        finally:
            os._exit(0)

    def run(self, line: str) -> Done:
        """Let all processes work, kill some of them, and return what the others have done."""
        self.fill()
        seed = line.split(maxsplit=1)[0]
        rng = random.Random(seed)  # noqa: S311 (reproducible)
        for number, member in enumerate(self.members):
            member.ask(line.replace(seed, f"{seed}/{number}", 1))
        done, began = Done(), time.monotonic()
        for moment in sorted(rng.uniform(0, LAST_KILL) for _ in range(rng.randint(0, MOST_KILLED))):
            self._wait_until(began + moment)
            victim = self.members.pop(rng.randrange(len(self.members)))
            os.kill(victim.number, signal.SIGKILL)
            victim.end()
            done.killed += 1
        for member in self.members:
            done.add(Done(**json.loads(member.answers.readline())))
        return done

    def _wait_until(self, moment: float) -> None:
        """Wait, unless all have answered by then."""
        waiting = {member.answers for member in self.members}
        while waiting and (left := moment - time.monotonic()) > 0:
            waiting -= set(select(list(waiting), [], [], left)[0])


def main() -> None:
    """Run what standard input names."""
    crowd = Crowd(sys.argv[1:])
    for line in sys.stdin:
        done = crowd.run(line.strip())
        print(json.dumps(asdict(done)), flush=True)  # noqa: T201 (the answer)
    for member in crowd.members:
        member.end()


if __name__ == "__main__":
    main()
