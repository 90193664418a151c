"""Random schedules of eight processes on three purses, some of which are killed.

`python -m tests.builtin.purse_schedules FOLDER FIRST COUNT` plays those of so many seeds, each on a
ledger of its own, and fails at the first whose journal passes a limit at any line.
"""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import sys
import time
from collections import defaultdict
from contextlib import closing, suppress
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import trio
from attrs import evolve

from tests.builtin.random_changes import RandomChanges, seeded
from tests.records.samples import a_manifest
from vgen import SQLiteLedger, from_json
from vgen.abc import Manifest, Movement, Need, Purse

PROCESSES, STEPS, CLIPS = 8, 12, 3
JOBS = tuple(UUID(int=number) for number in range(1, 6))
BUDGET = "1.50"
PURSES = {"a": Decimal("0.90"), "b": Decimal("1.20"), "c": Decimal("2.00")}


def manifest_of(job_id: UUID, rng: random.Random) -> Manifest:
    """Return a job's manifest, with one or more of the purses."""
    names = rng.sample(sorted(PURSES), rng.randint(1, len(PURSES)))
    purses = tuple(Purse(name, PURSES[name]) for name in sorted(names))
    return evolve(a_manifest(job_id, clips=CLIPS, budget=BUDGET), purses=purses)


async def work(path: Path, seed: int) -> None:
    """Change jobs of the ledger at random, as one of the processes."""
    rng, ledger = seeded(seed), SQLiteLedger(path)
    for _ in range(STEPS):
        changes = RandomChanges(ledger, f"process {seed}", rng, job_id=rng.choice(JOBS))
        await changes.work(1)
    await ledger.aclose()


async def opened(path: Path, seed: int) -> None:
    """Open the jobs."""
    rng, ledger = seeded(seed), SQLiteLedger(path)
    for job_id in JOBS:
        await ledger.open_job(manifest_of(job_id, rng), Need())
    await ledger.aclose()


def start(path: Path, seed: int) -> int:
    """Start a process, and return its id."""
    child = os.fork()
    if not child:
        try:
            trio.run(work, path, seed)
        finally:
            os._exit(0)
    return child


def play(path: Path, seed: int) -> None:
    """Play one schedule: every other process is killed at a random moment."""
    trio.run(opened, path, seed)
    rng = seeded(seed)
    children = [start(path, seed * PROCESSES + number) for number in range(PROCESSES)]
    for child in children[::2]:
        time.sleep(rng.uniform(0, 0.03))
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
    for child in children:
        os.waitpid(child, 0)


async def check(path: Path) -> None:
    """Check every limit at every line of the journal, whichever job it is of."""
    ledger = SQLiteLedger(path)
    jobs = [await ledger.job(job_id) for job_id in JOBS]
    attempts = {str(a.attempt_id): a for job in jobs if job for a in job.attempts}
    total: defaultdict[str, Decimal] = defaultdict(Decimal)
    for attempt_id, movement in lines_of(path):
        attempt, moved = attempts[attempt_id], from_json(movement, Movement)
        for limited in (str(attempt.job_id), *attempt.purses):
            total[limited] += moved.spent + moved.held + moved.in_doubt
            limit = PURSES.get(limited, Decimal(BUDGET))
            assert total[limited] <= limit, f"{limited} has {total[limited]} after {movement}"
    accounts = {str(job.manifest.job_id): job.account for job in jobs if job}
    for name, limit in PURSES.items():
        accounts[name] = await ledger.purse(Purse(name, limit))
    for name, account in accounts.items():
        assert account.spent + account.held + account.in_doubt == total[name]
    await ledger.aclose()


def lines_of(path: Path) -> list[tuple[str, str]]:
    """Return the attempts and movements of all jobs' lines, in the order in which they happened."""
    with closing(sqlite3.connect(path)) as connection:
        question = "SELECT attempt_id, movement FROM journal ORDER BY line"
        return connection.execute(question).fetchall()


def main(folder: Path, first: int, count: int) -> None:
    """Play and check the schedules of some seeds."""
    for seed in range(first, first + count):
        path = folder / f"{seed}.db"
        play(path, seed)
        trio.run(check, path)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
