"""A claim whose owner has died is free at once, where the operating system can tell."""

from __future__ import annotations

import subprocess
import sys

import pytest
import trio
from trio.testing import MockClock

from tests.drive.jobs import JOB, PLENTY, Stage, prompts
from tests.environment import UNCOVERED
from vgen.drive.clip.processes import has_died, this_process

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")

NAME = (
    "from vgen.drive.clip.processes import this_process; print(this_process(), flush=True); input()"
)


def another() -> tuple[subprocess.Popen[str], str]:
    """Start a process, and give the name that it goes by."""
    command = [sys.executable, "-c", NAME]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=UNCOVERED
    )
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def test_the_dead_are_told_from_the_living() -> None:
    """A process lives until it is killed: not only until somebody has buried it."""
    process, owner = another()
    assert not has_died(owner)
    process.kill()
    while not has_died(owner):  # no wait(): it stays a zombie
        pass
    process.communicate()
    assert has_died(owner)


def test_nobody_else_is_declared_dead() -> None:
    """Neither this process nor what another machine, boot or namespace calls by this name."""
    owner = this_process()
    name, _, known = owner.partition("@")
    place, pid, started = known.rsplit("/", 2)
    assert not has_died(owner)
    for elsewhere in ("", "nonsense", name, f"{name}@", f"{name}@x{place}/{pid}/{started}"):
        assert not has_died(elsewhere)
    assert has_died(f"{name}@{place}/{pid}/{started}0"), "its number was given to another"


async def test_a_dead_ones_clip_is_taken_over_at_once(autojump_clock: MockClock) -> None:
    """Its lease is not waited for; that of one who may be alive is."""
    process, owner = another()
    process.kill()
    process.communicate()
    took: dict[str, float] = {}
    for holder in (owner, "another machine:1:x"):
        stage = Stage()
        async with stage.runner() as runner:
            await runner.open_job(JOB, prompts(*"abc"), budget=PLENTY)
        assert await stage.ledger.claim(JOB, 0, owner=holder, lease=1000)
        began = trio.current_time()
        async with stage.runner() as runner:
            await runner.process(JOB, prompts(*"abc"), budget=PLENTY)
        took[holder] = trio.current_time() - began
    patient = took["another machine:1:x"]
    assert took[owner] < 100
    assert patient > 900
