"""Eight processes with twenty users each share one budget, and some of them are killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from decimal import Decimal
from functools import partial
from pathlib import Path
from random import Random
from uuid import UUID, uuid4

import trio
from attrs import define, field

from vgen.abc import CostLedger
from vgen.testing.contracts import audit
from vgen_supabase import PostgresLedger, SupabaseLedger

from .jobs import manifest
from .servers import Database, Rest
from .worker import CLIPS

SCHEDULES = int(os.environ.get("VGEN_SCHEDULES", "25"))
PROCESSES = 8
BUDGET = Decimal("1.50")
"""In US dollars: a quarter of what the clips want to hold."""

KILLING = 5
"""In one of so many schedules, a process is killed."""


@define
class Crowd:
    """Processes on one ledger; `killed` and `changed` count kills and changes to the ledger."""

    factory: Sequence[str]
    rng: Random
    processes: list[subprocess.Popen[str]] = field(factory=list[subprocess.Popen[str]])
    killed: int = 0
    changed: int = 0

    def fill(self) -> None:
        """Start the processes that are missing."""
        command = [sys.executable, str(Path(__file__).with_name("worker.py")), *self.factory]
        while len(self.processes) < PROCESSES:
            self.processes.append(
                subprocess.Popen(
                    command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )

    def end(self) -> None:
        """End all processes."""
        for process in self.processes:
            process.kill()
            process.communicate()

    async def run(self, job: UUID, seed: int) -> None:
        """Run a job in all processes, and perhaps kill one in the middle of it."""
        self.fill()
        victims: list[subprocess.Popen[str]] = []
        async with trio.open_nursery() as nursery:
            for number, process in enumerate(self.processes):
                nursery.start_soon(self._run_in, process, f"{job} {seed}/{number}\n")
            if seed % KILLING == 0:
                await trio.sleep(self.rng.uniform(0, 0.3))
                victims.append(self.processes.pop(self.rng.randrange(PROCESSES)))
                victims[0].send_signal(signal.SIGKILL)
        for victim in victims:
            self.killed += 1
            victim.communicate()

    async def _run_in(self, process: subprocess.Popen[str], line: str) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(line)
        process.stdin.flush()
        answer = await trio.to_thread.run_sync(process.stdout.readline)
        self.changed += int(answer or 0)


async def keep_the_budget(ledger: CostLedger, factory: Sequence[str], schedules: int) -> None:
    """Run the schedules; after each, audit the job's journal."""
    crowd = Crowd(factory, Random(17))  # noqa: S311 (reproducible)
    refused = 0
    try:
        for seed in range(schedules):
            job = uuid4()
            await ledger.open_job(manifest(job, budget=BUDGET, clips=CLIPS), [])
            await crowd.run(job, seed)
            account = await audit(ledger, job)
            refused += account.left < Decimal("0.30")
    finally:
        crowd.end()
        await ledger.aclose()
    assert crowd.changed > schedules * PROCESSES
    assert crowd.killed > 0
    assert refused > 0, "the budget never limited anything"


def test_over_direct_connections(database: Database) -> None:
    """No line of any journal exceeds the budget, or opens a second attempt at a clip."""
    arguments = "vgen_supabase:PostgresLedger", database.address()
    ledger = PostgresLedger(database.address())
    trio.run(partial(keep_the_budget, ledger, arguments, SCHEDULES))


def test_over_the_rest_api(database: Database, gateway: Rest) -> None:
    """Likewise; the database functions are the same, so a tenth of the schedules is enough."""
    arguments = "vgen_supabase:SupabaseLedger", gateway.url, gateway.key()
    ledger = SupabaseLedger(gateway.url, gateway.key())
    trio.run(partial(keep_the_budget, ledger, arguments, max(3, SCHEDULES // 10)))
