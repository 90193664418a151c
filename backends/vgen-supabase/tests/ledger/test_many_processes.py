"""Eight processes with ten users each share budgets and purses, and some of them are killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from random import Random
from uuid import UUID, uuid4

from attrs import define, field

from vgen.abc import CostLedger, Need, Purse
from vgen.testing.contracts import audit
from vgen_supabase import PostgresLedger, SupabaseLedger

from .jobs import manifest
from .servers import Database, Rest
from .worker import CLIPS

SCHEDULES = int(os.environ.get("VGEN_SCHEDULES", "24"))
LIMITS = [Decimal("0.60"), Decimal("1.50"), Decimal("3.00")]
"""Of budgets and purses, in US dollars; the clips of a job want to hold twice the most of them."""

MOST_JOBS, PURSES = 3, 3
"""How many jobs a schedule has at most, and how many purses they share."""


LINES = """
select j.line, j.spent, j.held, j.in_doubt
from vgen.journal j join vgen.attempts a using (attempt_id)
where %s = any (a.purses) order by j.line
"""
STANDING = "select spent, held, in_doubt from vgen.purses where name = %s"
DEADLOCKS = "select deadlocks from pg_stat_database where datname = current_database()"


@define
class Crowd:
    """Eight processes on one ledger; counts what they have done, and how many were killed."""

    process: subprocess.Popen[str]
    done: Counter[str] = field(factory=Counter[str])

    def run(self, jobs: Sequence[UUID], seed: int) -> None:
        """Let all of them work on some jobs."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{seed} {' '.join(map(str, jobs))}\n")
        self.process.stdin.flush()
        self.done.update(json.loads(self.process.stdout.readline()))


@contextmanager
def gathered(factory: Sequence[str]) -> Generator[Crowd]:
    """Start a crowd; it ends with the block."""
    command = [sys.executable, str(Path(__file__).with_name("worker.py")), *factory]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Crowd(process)
        assert process.stdin is not None
        process.stdin.close()


async def run_schedule(ledger: CostLedger, database: Database, crowd: Crowd, seed: int) -> None:
    """Let the crowd work on a few jobs, with any of three purses each; then audit everything."""
    rng = Random(seed)  # noqa: S311 (reproducible)
    purses = [Purse(f"{uuid4()} {number}", rng.choice(LIMITS)) for number in range(PURSES)]
    jobs = [uuid4() for _ in range(rng.randint(1, MOST_JOBS))]
    for job in jobs:
        chosen = rng.sample(purses, rng.randint(0, PURSES))
        budget = rng.choice(LIMITS)
        await ledger.open_job(manifest(job, budget=budget, clips=CLIPS, purses=chosen), Need())
    crowd.run(jobs, seed)
    for job in jobs:
        await audit(ledger, job)
    for purse in purses:
        audit_purse(database, purse)


def audit_purse(database: Database, purse: Purse) -> None:
    """Check that a limit was kept at each line, and that the sums are those of the lines."""
    with database.connect() as connection:
        lines = connection.execute(LINES, (purse.name,)).fetchall()
        standing = connection.execute(STANDING, (purse.name,)).fetchall()
    sums = [Decimal(0)] * 3
    for line, *moves in lines:
        sums = [before + move for before, move in zip(sums, moves, strict=True)]
        assert min(sums) >= 0, f"line {line} leaves {sums}"
        assert sum(sums) <= purse.limit, f"line {line} leaves {sums} of {purse}"
    assert standing == ([tuple(sums)] if lines else [])


async def keep_all_limits(
    ledger: CostLedger, database: Database, factory: Sequence[str], schedules: int
) -> None:
    """Run the schedules, and check that they were worth it."""
    before = database.run(DEADLOCKS)
    with gathered(factory) as crowd:
        for seed in range(schedules):
            await run_schedule(ledger, database, crowd, seed)
    await ledger.aclose()
    print(crowd.done)  # noqa: T201 (to judge the schedules by)
    assert database.run(DEADLOCKS) == before
    assert crowd.done["killed"] > 0
    assert crowd.done["changed"] > schedules
    assert crowd.done["over_budget"] > schedules
    assert crowd.done["over_purse"] > schedules


async def test_over_direct_connections(database: Database) -> None:
    """No line of any journal passes a budget or a purse, or opens a second attempt at a clip."""
    arguments = "vgen_supabase:PostgresLedger", database.address()
    ledger = PostgresLedger(database.address())
    await keep_all_limits(ledger, database, arguments, SCHEDULES)


async def test_over_the_rest_api(database: Database, gateway: Rest) -> None:
    """Likewise; the database functions are the same, so a tenth of the schedules is enough."""
    arguments = "vgen_supabase:SupabaseLedger", gateway.url, gateway.key()
    ledger = SupabaseLedger(gateway.url, gateway.key())
    await keep_all_limits(ledger, database, arguments, max(3, SCHEDULES // 10))
