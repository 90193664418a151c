"""Storage that is down for ten minutes in the middle of a job loses nothing that was paid for."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from tests.drive.jobs import JOB, PLENTY, Fakes, prompts
from vgen import Clips
from vgen.errors import InsufficientClipsError
from vgen.testing import FakeBackend, MemoryStorage, Outage, Succeed

DOWN = Outage(begins=20.0, ends=620.0)
"""After the first clip was stored, and before the others are."""


def make_fakes() -> Fakes:
    """Return fakes with one clip generated before the storage is down, and two after."""
    fake = FakeBackend(script={"a": [Succeed(after=5)]}, default=Succeed(after=30))
    return Fakes([fake], storage=MemoryStorage(faults=[DOWN]))


async def run_job(fakes: Fakes, spool: Path | None) -> Clips:
    """Run the job once."""
    async with fakes.runner(spool=spool) as runner:
        return await runner.process(JOB, prompts(*"abc"), budget=PLENTY)


def fetches(fakes: Fakes) -> int:
    """Return the number of downloads."""
    return sum("fetch" in line for line in fakes.backend.log)


def files_in(spool: Path) -> int:
    """Return the number of files in the spool."""
    return len(list(spool.glob("*")))


@pytest.mark.parametrize("spooling", [True, False])
async def test_the_next_run_stores_the_clips(
    no_threads: None, autojump_clock: MockClock, tmp_path: Path, *, spooling: bool
) -> None:
    """From the spool without a download, or without a spool by fetching again, unpaid."""
    fakes, folder = make_fakes(), tmp_path / "spool"
    spool = folder if spooling else None
    with pytest.raises(InsufficientClipsError, match="1 of 3"):
        await run_job(fakes, spool)
    assert fetches(fakes) == 3
    assert files_in(folder) == (2 if spooling else 0)
    with pytest.raises(InsufficientClipsError):
        await run_job(fakes, spool)
    assert trio.current_time() < DOWN.ends
    await trio.sleep_until(DOWN.ends)
    fetched, charged = fetches(fakes), list(fakes.backend.charges)
    clips = await run_job(fakes, spool)
    assert clips.successful_clips == 3
    assert fetches(fakes) - fetched == (0 if spooling else 2)
    assert fakes.backend.charges == charged
    assert sorted(fakes.backend.submitted) == [*"abc"]
    assert clips.total_cost == sum(charge.amount for charge in charged)
    assert files_in(folder) == 0


async def test_storage_that_comes_back_in_time(
    no_threads: None, autojump_clock: MockClock, tmp_path: Path
) -> None:
    """An outage shorter than the retries of storing only delays the job."""
    fake = FakeBackend(default=Succeed(after=30))
    outage = Outage(begins=20.0, ends=280.0)
    fakes = Fakes([fake], storage=MemoryStorage(faults=[outage]))
    clips = await run_job(fakes, tmp_path)
    assert clips.successful_clips == 3
    assert fetches(fakes) == 3
    assert files_in(tmp_path) == 0
