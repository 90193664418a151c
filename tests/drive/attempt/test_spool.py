"""A paid clip whose storage is down is kept in the spool, and stored from there."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from tests.drive.jobs import JOB, PLENTY, Stage, prompts
from vgen import Settings
from vgen.abc import Custody
from vgen.errors import InsufficientClipsError
from vgen.testing import Break, Delay, FakeBackend, MemoryStorage, Succeed

KEPT = 30.0
"""For how many seconds the provider keeps what it has made."""

DOWN = Break("write", times=24)
"""Storage that is down for all tries of three clips."""


async def spooled(folder: Path) -> Stage:
    """Play a job whose storage is down."""
    fake = FakeBackend(default=Succeed(expires_after=KEPT))
    stage = Stage([fake], storage=MemoryStorage(faults=[DOWN]))
    async with stage.runner(spool=folder) as runner:
        with pytest.raises(InsufficientClipsError, match="0 of 3") as caught:
            await runner.process(JOB, prompts(*"abc"), budget=PLENTY)
    assert f"is kept in {folder}" in caught.value.clips.failures[0].reason
    return stage


async def test_it_is_stored_from_the_spool(autojump_clock: MockClock, tmp_path: Path) -> None:
    """Also when the provider has long removed it: nothing is fetched or made again."""
    stage = await spooled(tmp_path / "spool")
    assert len(list((tmp_path / "spool").iterdir())) == 3
    assert {a.custody for a in await stage.ledger.unsettled()} == {Custody.SPOOLED}
    before = len(stage.fake.call_log.calls("fake"))
    async with stage.runner(spool=tmp_path / "spool") as runner:
        clips = await runner.process(JOB, prompts(*"abc"), budget=PLENTY)
    assert clips.successful_clips == 3
    assert len(stage.fake.call_log.calls("fake")) == before
    assert list((tmp_path / "spool").iterdir()) == []


async def test_storage_that_hangs_keeps_no_clip_from_being_fetched(
    autojump_clock: MockClock,
) -> None:
    """What is paid for is fetched as soon as it exists, however long storing takes."""
    hanging = MemoryStorage(faults=[Delay("write", seconds=500, times=4)])
    stage = Stage(storage=hanging, settings=Settings(fetches=2, concurrency=4))
    async with stage.runner() as runner, trio.open_nursery() as nursery:
        nursery.start_soon(partial(runner.process, JOB, prompts(*"abcd"), budget=PLENTY))
        await trio.sleep(100)
        job = await stage.ledger.job(JOB)
        assert job is not None
        assert [attempt.custody for attempt in job.attempts] == [Custody.FETCHED] * 4
        assert (runner.statistics().fetching, runner.statistics().storing) == (0, 2)


async def test_half_a_file_in_the_spool(autojump_clock: MockClock, tmp_path: Path) -> None:
    """What a process has left that was killed while it spooled is gone once the clip is stored."""
    stage = await spooled(tmp_path)
    for path in list_of(tmp_path):
        path.with_suffix(".part").write_bytes(b"half")
    async with stage.runner(spool=tmp_path) as runner:
        await runner.process(JOB, prompts(*"abc"), budget=PLENTY)
    assert list_of(tmp_path) == []


def list_of(folder: Path) -> list[Path]:
    """The files in a folder."""
    return list(folder.iterdir())


async def test_it_can_be_reconciled(autojump_clock: MockClock, tmp_path: Path) -> None:
    """A service that starts stores what lies in the spool, without running the job."""
    stage = await spooled(tmp_path)
    async with stage.runner(spool=tmp_path) as runner:
        found = await runner.reconcile()
    assert {each.attempt.custody for each in found} == {Custody.STORED}


async def test_another_machines_spool_is_left_alone(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    """Where the file is not at hand, and gone at the provider, the clip is not given up."""
    stage = await spooled(tmp_path / "spool")
    (tmp_path / "spool").rename(tmp_path / "elsewhere")
    async with stage.runner(spool=tmp_path / "spool") as runner:
        with pytest.raises(InsufficientClipsError) as caught:
            await runner.process(JOB, prompts(*"abc"), budget=PLENTY)
    assert "in a spool that is not here" in caught.value.clips.failures[0].reason
    assert {a.custody for a in await stage.ledger.unsettled()} == {Custody.SPOOLED}
    assert len(stage.fake.submitted) == 3


async def test_a_spool_that_cannot_be_written(autojump_clock: MockClock, tmp_path: Path) -> None:
    """Then the clip stays with its provider, as it would without a spool."""
    (tmp_path / "file").write_text("in the way")
    stage = Stage(storage=MemoryStorage(faults=[DOWN]))
    async with stage.runner(spool=tmp_path / "file") as runner:
        with pytest.raises(InsufficientClipsError):
            await runner.process(JOB, prompts(*"abc"), budget=PLENTY)
        clips = await runner.process(JOB, prompts(*"abc"), budget=PLENTY)
    assert clips.successful_clips == 3
    assert len(stage.fake.submitted) == 3
