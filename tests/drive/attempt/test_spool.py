"""A paid clip whose storage is down is kept in the spool, and stored from there."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from tests.drive.jobs import JOB, PLENTY, Fakes, prompts
from tests.syncs import watch_syncs
from vgen import Settings
from vgen.abc import Custody
from vgen.errors import InsufficientClipsError
from vgen.testing import Break, Delay, FakeBackend, MemoryStorage, Succeed
from vgen.video import probe

from .delivered import content, delivering, run, sha256

EXPIRES_AFTER = 30.0
"""For how many seconds the provider keeps a clip."""

DOWN = Break("write", times=24)
"""Storage that is down for all tries of three clips."""


async def spooled(folder: Path) -> Fakes:
    """Run a job whose storage is down, and return its fakes."""
    fake = FakeBackend(default=Succeed(expires_after=EXPIRES_AFTER))
    fakes = Fakes([fake], storage=MemoryStorage(faults=[DOWN]))
    async with fakes.runner(spool=folder) as runner:
        with pytest.raises(InsufficientClipsError, match="0 of 3") as caught:
            await runner.process(JOB, prompts(*"abc"), budget=PLENTY)
    assert f"is kept in {folder}" in caught.value.clips.failures[0].reason
    return fakes


async def test_it_is_stored_from_the_spool(autojump_clock: MockClock, tmp_path: Path) -> None:
    """Also when the provider has deleted it: nothing is fetched or generated again."""
    fakes = await spooled(tmp_path / "spool")
    assert len(list((tmp_path / "spool").iterdir())) == 3
    assert {a.custody for a in await fakes.ledger.unsettled()} == {Custody.SPOOLED}
    before = len(fakes.backend.call_log.calls("fake"))
    async with fakes.runner(spool=tmp_path / "spool") as runner:
        clips = await runner.process(JOB, prompts(*"abc"), budget=PLENTY)
    assert clips.successful_clips == 3
    assert len(fakes.backend.call_log.calls("fake")) == before
    assert list((tmp_path / "spool").iterdir()) == []


async def test_slow_storage_does_not_delay_fetching(
    autojump_clock: MockClock,
) -> None:
    """Clips are fetched as soon as they exist, however long storing takes."""
    hanging = MemoryStorage(faults=[Delay("write", seconds=500, times=4)])
    fakes = Fakes(storage=hanging, settings=Settings(fetches=2, concurrency=4))
    async with fakes.runner() as runner, trio.open_nursery() as nursery:
        nursery.start_soon(partial(runner.process, JOB, prompts(*"abcd"), budget=PLENTY))
        await trio.sleep(100)
        job = await fakes.ledger.job(JOB)
        assert job is not None
        assert [attempt.custody for attempt in job.attempts] == [Custody.FETCHED] * 4
        assert (runner.statistics().fetching, runner.statistics().storing) == (0, 2)


async def test_a_partial_file_in_the_spool(autojump_clock: MockClock, tmp_path: Path) -> None:
    """The partial file of a process that was killed is removed once the clip is stored."""
    fakes = await spooled(tmp_path)
    for path in files_in(tmp_path):
        path.with_suffix(".part").write_bytes(b"half")
    async with fakes.runner(spool=tmp_path) as runner:
        await runner.process(JOB, prompts(*"abc"), budget=PLENTY)
    assert files_in(tmp_path) == []


def files_in(folder: Path) -> list[Path]:
    """Return the paths in a folder."""
    return list(folder.iterdir())


async def test_it_can_be_reconciled(autojump_clock: MockClock, tmp_path: Path) -> None:
    """`reconcile` stores what is in the spool, without running the job."""
    fakes = await spooled(tmp_path)
    async with fakes.runner(spool=tmp_path) as runner:
        found = await runner.reconcile()
    assert {each.attempt.custody for each in found} == {Custody.STORED}


async def test_another_machines_spool_is_left_alone(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    """Where the file is missing here and deleted at the provider, the attempt stays spooled."""
    fakes = await spooled(tmp_path / "spool")
    (tmp_path / "spool").rename(tmp_path / "elsewhere")
    async with fakes.runner(spool=tmp_path / "spool") as runner:
        with pytest.raises(InsufficientClipsError) as caught:
            await runner.process(JOB, prompts(*"abc"), budget=PLENTY)
    assert "in a spool that is not here" in caught.value.clips.failures[0].reason
    assert {a.custody for a in await fakes.ledger.unsettled()} == {Custody.SPOOLED}
    assert len(fakes.backend.submitted) == 3


async def test_a_spool_that_cannot_be_written(autojump_clock: MockClock, tmp_path: Path) -> None:
    """Then the clip is fetched again by the next run, as without a spool."""
    (tmp_path / "file").write_text("in the way")
    fakes = Fakes(storage=MemoryStorage(faults=[DOWN]))
    async with fakes.runner(spool=tmp_path / "file") as runner:
        with pytest.raises(InsufficientClipsError):
            await runner.process(JOB, prompts(*"abc"), budget=PLENTY)
        clips = await runner.process(JOB, prompts(*"abc"), budget=PLENTY)
    assert clips.successful_clips == 3
    assert len(fakes.backend.submitted) == 3


async def spooled_in_containers(folder: Path) -> Fakes:
    """Leave a clip that was brought into MP4, and one that was not, in the spool."""
    fakes = delivering(content("Matroska"), content("ProRes"))
    fakes.storage = MemoryStorage(faults=[Break("write", times=16)])
    with pytest.raises(InsufficientClipsError):
        await run(fakes, 2, spool=folder)
    return fakes


async def test_the_spool_keeps_what_is_to_be_stored(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    """Its files have their endings, and are stored as they are, without the provider."""
    fakes = await spooled_in_containers(tmp_path)
    assert sorted(path.suffix for path in files_in(tmp_path)) == [".mov", ".mp4"]
    kept = {path.suffix: path.read_bytes() for path in files_in(tmp_path)}
    fetches = sum("fetch" in line for line in fakes.backend.log)
    clips = await run(fakes, 2, spool=tmp_path)
    assert {
        Path(clip.reference).suffix: fakes.storage.files[clip.reference] for clip in clips.clips
    } == kept
    assert sum("fetch" in line for line in fakes.backend.log) == fetches
    assert files_in(tmp_path) == []


async def test_a_clip_from_the_spool_is_known_again(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    """The digest of what came is forgotten there; that of the copy is enough."""
    fakes = await spooled_in_containers(tmp_path)
    await run(fakes, 2, spool=tmp_path)
    fakes.storage.files.clear()
    clips = await run(fakes, 2)
    assert clips.clips[0].delivered_sha256 == sha256(content("Matroska"))
    assert len(fakes.backend.charges) == 2


async def test_an_older_spool_is_brought_into_mp4(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    """There a file of another container stands under the name of an MP4 file."""
    fakes = await spooled_in_containers(tmp_path)
    for path in files_in(tmp_path):
        if path.suffix == ".mp4":
            path.write_bytes(content("Matroska"))
    clips = await run(fakes, 2, spool=tmp_path)
    assert probe(fakes.storage.files[clips.clips[0].reference]).container == "mp4"


async def test_what_is_spooled_is_forced_to_disk(
    autojump_clock: MockClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is the only copy, for as long as the storage is down."""
    synced = watch_syncs(monkeypatch)
    await spooled(tmp_path)
    files = {path.stat().st_ino for path in files_in(tmp_path)}
    assert files
    assert synced >= files


async def test_what_is_useless_leaves_the_spool(autojump_clock: MockClock, tmp_path: Path) -> None:
    """A clip that was damaged there is lost and made anew, and its file does not stay."""
    fakes = await spooled(tmp_path)
    for path in files_in(tmp_path):
        path.write_bytes(b"junk")
    async with fakes.runner(spool=tmp_path) as runner:
        clips = await runner.process(JOB, prompts(*"abc"), budget=PLENTY)
    assert [clip.retry_count for clip in clips.clips] == [1, 1, 1]
    assert files_in(tmp_path) == []
