"""Storage that is down for ten minutes in the middle of a job loses nothing that was paid for."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from tests.drive.jobs import JOB, PLENTY, Stage, prompts
from vgen import Clips
from vgen.errors import InsufficientClipsError
from vgen.testing import FakeBackend, MemoryStorage, Outage, Succeed

DOWN = Outage(begins=20.0, ends=620.0)
"""After the first clip was stored, and before the others are."""


def a_stage() -> Stage:
    """Give fakes on which one clip is made before the storage is down, and two after."""
    fake = FakeBackend(script={"a": [Succeed(after=5)]}, default=Succeed(after=30))
    return Stage([fake], storage=MemoryStorage(faults=[DOWN]))


async def play(stage: Stage, spool: Path | None) -> Clips:
    """Run the job once."""
    async with stage.runner(spool=spool) as runner:
        return await runner.process(JOB, prompts(*"abc"), budget=PLENTY)


def fetches(stage: Stage) -> int:
    """How often the fake was asked for a file."""
    return sum("fetch" in line for line in stage.fake.log)


def files_in(spool: Path) -> int:
    """How many files are kept in the spool."""
    return len(list(spool.glob("*")))


@pytest.mark.parametrize("spooling", [True, False])
async def test_the_next_run_stores_what_was_made(
    no_threads: None, autojump_clock: MockClock, tmp_path: Path, *, spooling: bool
) -> None:
    """From the spool without asking the provider again, or else from the provider, unpaid."""
    stage, folder = a_stage(), tmp_path / "spool"
    spool = folder if spooling else None
    with pytest.raises(InsufficientClipsError, match="1 of 3"):
        await play(stage, spool)
    assert fetches(stage) == 3
    assert files_in(folder) == (2 if spooling else 0)
    with pytest.raises(InsufficientClipsError):
        await play(stage, spool)
    assert trio.current_time() < DOWN.ends
    await trio.sleep_until(DOWN.ends)
    fetched, charged = fetches(stage), list(stage.fake.charges)
    clips = await play(stage, spool)
    assert clips.successful_clips == 3
    assert fetches(stage) - fetched == (0 if spooling else 2)
    assert stage.fake.charges == charged
    assert sorted(stage.fake.submitted) == [*"abc"]
    assert clips.total_cost == sum(charge.amount for charge in charged)
    assert files_in(folder) == 0


async def test_storage_that_comes_back_in_time(
    no_threads: None, autojump_clock: MockClock, tmp_path: Path
) -> None:
    """What is down for as long as storing is tried for delays the job, and nothing else."""
    fake = FakeBackend(default=Succeed(after=30))
    outage = Outage(begins=20.0, ends=280.0)
    stage = Stage([fake], storage=MemoryStorage(faults=[outage]))
    clips = await play(stage, tmp_path)
    assert clips.successful_clips == 3
    assert fetches(stage) == 3
    assert files_in(tmp_path) == 0
