"""Whatever container a provider delivers: it is stored as MP4, or as what it is."""

from __future__ import annotations

from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any

import av
import pytest
import trio
from attrs import evolve
from trio.testing import MockClock

from tests.drive.jobs import JOB, LEASE, PLENTY, Fakes, prompts
from vgen import Clip
from vgen.abc import Custody
from vgen.errors import InsufficientClipsError, StorageError
from vgen.records.entry import Stored
from vgen.records.video import Fault, Inspection
from vgen.testing.inline import InlineInspector
from vgen.video import probe

from .delivered import CONTAINERS, MADE, content, delivering, run, sha256


@pytest.mark.parametrize("name", MADE)
async def test_a_delivered_clip_is_stored_as_what_it_is(
    name: str, autojump_clock: MockClock
) -> None:
    """Its key has the right ending, and its record says what the file is, digests included."""
    made, data = MADE[name], content(name)
    fakes = delivering(data)
    (clip,) = (await run(fakes)).clips
    stored = fakes.storage.files[clip.reference]
    assert clip.reference == f"{JOB}/clip_000{made.ending}"
    assert clip.take is not None
    assert clip.take.reference.startswith(f"{JOB}/takes/clip_000-1-")
    assert clip.take.reference.endswith(made.ending)
    assert sorted(fakes.storage.files) == sorted({clip.reference, clip.take.reference})
    assert (clip.container, clip.codec) == (CONTAINERS[made.ending], made.codec)
    assert (clip.audio_codec, clip.rotation) == (made.audio_codec, made.rotation)
    assert clip.pixel_aspect == made.pixel_aspect
    assert (clip.sha256, clip.take.size) == (sha256(stored), len(stored))
    assert clip.delivered_sha256 == (sha256(data) if made.is_remuxed else "")
    assert (stored == data) is not made.is_remuxed
    assert (clip.actual_duration, clip.frames, clip.faults) == (2.0, 30, ())
    assert probe(stored).container == clip.container
    assert len(fakes.backend.charges) == 1


@pytest.mark.parametrize("name", ["Matroska", "WebM of VP9 with Opus", "ProRes"])
async def test_a_lost_file_is_fetched_again(name: str, autojump_clock: MockClock) -> None:
    """The provider's file is known again though another was stored, and is not paid again."""
    fakes = delivering(content(name))
    before = (await run(fakes)).clips[0]
    files = dict(fakes.storage.files)
    fakes.storage.files.clear()
    after = (await run(fakes)).clips[0]
    assert fakes.storage.files == files
    assert after == before
    assert len(fakes.backend.charges) == 1


async def change_record(fakes: Fakes, **changes: Any) -> Clip:
    """Write the record of the stored clip down anew, with changes."""
    (attempt,) = await fakes.ledger.attempts(JOB, 0)
    claim = await fakes.ledger.claim(JOB, 0, owner="another", lease=LEASE)
    assert claim is not None
    assert attempt.clip is not None
    clip = evolve(attempt.clip, **changes)
    await fakes.ledger.advance(claim, attempt.attempt_id, attempt.state, Stored(clip))
    await fakes.ledger.release(claim)
    return clip


@pytest.mark.parametrize("changes", [{"delivered_sha256": ""}, {"sha256": "of another FFmpeg"}])
async def test_either_digest_is_enough(changes: dict[str, str], autojump_clock: MockClock) -> None:
    """That of the copy, where no other is known, or that of what came, where copies differ."""
    fakes = delivering(content("Matroska"))
    whole = (await run(fakes)).clips[0]
    await change_record(fakes, **changes)
    fakes.storage.files.clear()
    after = (await run(fakes)).clips[0]
    assert (after.sha256, after.delivered_sha256) == (whole.sha256, whole.delivered_sha256)
    assert len(fakes.backend.charges) == 1


async def test_another_file_is_not_taken_for_it(autojump_clock: MockClock) -> None:
    """What the provider has in its place now is not stored: the clip is made anew."""
    fakes = delivering(content("Matroska"))
    await run(fakes)
    await change_record(fakes, sha256="other", delivered_sha256="other")
    fakes.storage.files.clear()
    (clip,) = (await run(fakes)).clips
    assert "made anew: its file is gone" in clip.notes
    assert len(fakes.backend.charges) == 2


async def test_a_clip_of_an_older_vgen_is_brought_into_mp4(autojump_clock: MockClock) -> None:
    """It has stored everything as MP4; what is fetched again gets its true container."""
    fakes, data = delivering(content("Matroska")), content("Matroska")
    (clip,) = (await run(fakes)).clips
    older = await change_record(
        fakes,
        sha256=sha256(data),
        delivered_sha256="",
        container="",
        codec="",
        take=None,
        file=None,
    )
    fakes.storage.files = {clip.reference: data}
    assert (await run(fakes)).clips[0].sha256 == older.sha256
    fakes.storage.files.clear()
    (clip,) = (await run(fakes)).clips
    assert (clip.container, clip.delivered_sha256) == ("mp4", sha256(data))
    assert probe(fakes.storage.files[clip.reference]).container == "mp4"
    assert len(fakes.backend.charges) == 1


class Interrupted(InlineInspector):
    """An inspector that is at a clip's copy when the job is cancelled, the first time."""

    def __init__(self, error: StorageError | None = None) -> None:
        super().__init__()
        self.error = error
        self.reached = trio.Event()
        self.targets: set[Path] = set()

    async def as_mp4(self, path: Path, found: Inspection, target: Path) -> bool:
        """Hang, or raise the error, once; half a copy is there."""
        self.targets.add(target)
        if not self.reached.is_set():
            self.reached.set()
            target.write_bytes(b"half")  # noqa: ASYNC240 (threads outrun a virtual clock)
            if self.error is None:
                await trio.sleep_forever()
            else:
                raise self.error
        return await super().as_mp4(path, found, target)


async def test_cancelled_in_the_middle_nothing_is_lost(autojump_clock: MockClock) -> None:
    """The next run fetches the file again and finishes; nothing is paid twice, or left behind."""
    fakes = delivering(content("Matroska"))
    fakes.inspector = inspector = Interrupted()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(run, fakes)
        await inspector.reached.wait()
        nursery.cancel_scope.cancel()
    assert [a.custody for a in await fakes.ledger.unsettled()] == [Custody.FETCHED]
    assert not fakes.storage.files
    (clip,) = (await run(fakes)).clips
    assert (clip.container, clip.retry_count) == ("mp4", 0)
    assert len(fakes.backend.charges) == 1


async def test_where_there_is_no_room_it_is_made_later(autojump_clock: MockClock) -> None:
    """A full disk keeps the attempt open: it is neither lost nor stored as something else."""
    fakes = delivering(content("Matroska"))
    fakes.inspector = Interrupted(StorageError("cannot write it: no space left", retryable=True))
    with pytest.raises(InsufficientClipsError) as caught:
        await run(fakes)
    assert caught.value.clips.failures[0].reason == "cannot write it: no space left"
    assert (await run(fakes)).clips[0].container == "mp4"
    assert len(fakes.backend.charges) == 1


def packet_in_the_middle(clip: bytes) -> bytes:
    """The compressed picture in the middle of a clip."""
    with av.open(BytesIO(clip), "r") as container:
        packets = [bytes(packet) for packet in container.demux(video=0)]
    return packets[len(packets) // 2]


@pytest.mark.parametrize("name", ["Matroska", "ProRes"])
async def test_no_copy_is_left_on_its_way(name: str, autojump_clock: MockClock) -> None:
    """Neither after a failure nor after a success, however long the runner stays open."""
    fakes = delivering(content(name))
    fakes.inspector = inspector = Interrupted(StorageError("full", retryable=True))
    async with fakes.runner() as runner:
        for _ in range(2):
            with suppress(InsufficientClipsError):
                await runner.process(JOB, prompts("0"), budget=PLENTY, min_clips=1)
            fakes.storage.files.clear()
        assert len(inspector.targets) == 1
        assert not any(path.exists() for path in inspector.targets)
        await runner.process(JOB, prompts("0"), budget=PLENTY, min_clips=1)
        assert not any(path.exists() for path in inspector.targets)
    assert len(fakes.backend.charges) == 1


async def test_a_damaged_clip_stays_as_it_came(autojump_clock: MockClock) -> None:
    """A copy would hide what is missing of it."""
    whole = content("Matroska")
    place = whole.index(packet_in_the_middle(whole))
    data = whole[: place + 20] + bytes(40) + whole[place + 60 :]
    fakes = delivering(data)
    (clip,) = (await run(fakes)).clips
    assert Fault.DAMAGED in clip.faults
    assert clip.reference.endswith(".mkv")
    assert fakes.storage.files[clip.reference] == data
