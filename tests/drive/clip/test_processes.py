"""The claim of a dead process is taken over at once, where the system can detect its death."""

from __future__ import annotations

import subprocess
import sys

import pytest
import trio
from trio.testing import MockClock

from tests.drive.jobs import JOB, PLENTY, Fakes, prompts
from vgen.drive.clip.processes import has_died, this_process

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="detected on Linux only")

PRINT_NAME = (
    "from vgen.drive.clip.processes import this_process; print(this_process(), flush=True); input()"
)


def start_process() -> tuple[subprocess.Popen[str], str]:
    """Start a process, and return it with its name as an owner of claims."""
    command = [sys.executable, "-c", PRINT_NAME]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def test_a_killed_process_is_detected() -> None:
    """A process counts as dead as soon as it is killed, also while it is a zombie."""
    process, owner = start_process()
    assert not has_died(owner)
    process.kill()
    while not has_died(owner):  # no wait(): it stays a zombie
        pass
    process.communicate()
    assert has_died(owner)


def test_no_other_process_counts_as_dead() -> None:
    """Neither this process nor one with this name on another machine, boot or namespace."""
    owner = this_process()
    name, _, known = owner.partition("@")
    machine, pid, started = known.rsplit("/", 2)
    assert not has_died(owner)
    for elsewhere in ("", "nonsense", name, f"{name}@", f"{name}@x{machine}/{pid}/{started}"):
        assert not has_died(elsewhere)
    assert has_died(f"{name}@{machine}/{pid}/{started}0"), "its number was given to another"


async def test_a_dead_processes_clip_is_taken_over_at_once(autojump_clock: MockClock) -> None:
    """Its lease is not waited for; that of a process that may be alive is."""
    process, owner = start_process()
    process.kill()
    process.communicate()
    waited: dict[str, float] = {}
    for holder in (owner, "another machine:1:x"):
        fakes = Fakes()
        async with fakes.runner() as runner:
            await runner.open_job(JOB, prompts(*"abc"), budget=PLENTY)
        assert await fakes.ledger.claim(JOB, 0, owner=holder, lease=1000)
        began = trio.current_time()
        async with fakes.runner() as runner:
            await runner.process(JOB, prompts(*"abc"), budget=PLENTY)
        waited[holder] = trio.current_time() - began
    alive = waited["another machine:1:x"]
    assert waited[owner] < 100
    assert alive > 900
