"""Many processes on one ledger, some of them killed: the budget holds and nothing is lost."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import trio

from tests.records.samples import a_manifest
from vgen import SQLiteLedger
from vgen.records.money import Need
from vgen.testing.contracts import audit

from . import random_changes
from .random_changes import JOB

CHANGES = 30

DIES_IN_COMMIT = """
import os, sys, trio
from uuid import UUID
from vgen import SQLiteLedger
from vgen.records.money import Need
from vgen.records.money import Need

class LastWord(str):
    def encode(self, *args, **kwargs):
        os._exit(9)

trio.run(SQLiteLedger(sys.argv[1]).conclude, UUID(sys.argv[2]), LastWord("counted"))
"""
"""Ends in the middle of a transaction, before the outcome is noted."""

LOOKS = "import sys, trio, vgen; trio.run(vgen.SQLiteLedger(sys.argv[1]).jobs)"


def empty_file(path: Path) -> None:
    """A file of no bytes, which is a ledger to be."""
    path.touch()


def started(path: Path, seed: int, changes: int) -> subprocess.Popen[str]:
    """A process that keeps the ledger busy."""
    command = [sys.executable, str(random_changes.__file__), str(path), str(seed), str(changes)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def finished(process: subprocess.Popen[str]) -> int:
    """Wait for a process, and give how many of its changes were acknowledged."""
    told = process.communicate()[0].splitlines()
    assert process.returncode == 0
    return len(told)


async def test_no_crowd_passes_the_budget(path: Path, ledger: SQLiteLedger) -> None:
    """Four processes claim, reserve, settle and reopen at once, and every line is sound."""
    await ledger.open_job(a_manifest(JOB, clips=6, budget="5.00", spent="0.10"), Need())
    processes = [started(path, seed, CHANGES) for seed in range(4)]
    changed = [await trio.to_thread.run_sync(finished, process) for process in processes]
    assert changed == [CHANGES] * 4
    account = await audit(ledger, JOB)
    assert account.spent > 0
    assert not account.overrun


async def test_what_was_acknowledged_outlives_its_process(path: Path, ledger: SQLiteLedger) -> None:
    """A process that is killed in full work leaves a ledger that is sound and goes on."""
    await ledger.open_job(a_manifest(JOB, budget="9.00"), Need())
    await ledger.aclose()
    process = started(path, 5, 10_000)
    assert process.stdout is not None
    for _ in range(25):
        assert await trio.to_thread.run_sync(process.stdout.readline) == "changed\n"
    process.kill()
    process.communicate()
    assert len(await ledger.history(JOB)) >= 5
    await audit(ledger, JOB)
    keeper = random_changes.RandomChanges(ledger, "next", random_changes.seeded(6), lease=0.0)
    assert await keeper.work(20) > 0
    await audit(ledger, JOB)


async def test_half_a_transaction_is_none(path: Path, ledger: SQLiteLedger) -> None:
    """A process that dies between the first write and the last leaves what was there before."""
    await ledger.open_job(a_manifest(JOB), Need())
    before = (await ledger.job(JOB), await ledger.history(JOB))
    command = [sys.executable, "-c", DIES_IN_COMMIT, str(path), str(JOB)]
    ended = await trio.run_process(command, check=False)
    assert ended.returncode == 9
    assert (await ledger.job(JOB), await ledger.history(JOB)) == before
    assert (await ledger.conclude(JOB, "counted")).held == 0


async def test_two_processes_make_one_ledger(path: Path, ledger: SQLiteLedger) -> None:
    """Whoever comes first makes the tables; nobody takes the half-made file for another's."""
    empty_file(path)
    commands = [[sys.executable, "-c", LOOKS, str(path)] for _ in range(4)]
    async with trio.open_nursery() as nursery:
        for command in commands:
            nursery.start_soon(trio.run_process, command)
    await ledger.open_job(a_manifest(JOB), Need())
