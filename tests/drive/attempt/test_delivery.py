"""Fetching a clip and storing it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from trio.testing import MockClock

from tests.drive.jobs import JOB, PLENTY, Fakes, prompts, run_job
from tests.video.clips import encode
from tests.video.drawing import FPS, drawn
from tests.video.dud_scenes import NOTHING, POOR, good, overwritten
from tests.video.sound_looks import LOOKS
from vgen import Clips, Settings
from vgen.abc import Custody, StoredFile, Ticket
from vgen.errors import (
    AccountError,
    AccountRefusedError,
    GenerationError,
    InsufficientClipsError,
    StorageError,
)
from vgen.records.video import Fault
from vgen.testing import FakeBackend, MemoryStorage, Spoil, Succeed


async def test_a_deleted_output_is_generated_again(autojump_clock: MockClock) -> None:
    """A paid clip that the provider has deleted is recorded as lost, and generated again."""

    class DeletesOnce(FakeBackend):
        deletions = 1

        async def fetch(self, ticket: Ticket, path: Path) -> None:
            if self.deletions:
                self.deletions -= 1
                raise GenerationError("deleted after an hour")
            await super().fetch(ticket, path)

    fakes = Fakes([DeletesOnce()])
    async with fakes.runner() as runner:
        clips = await runner.process(JOB, prompts(*"abc"), budget=PLENTY)
    assert len(fakes.backend.submitted) == 4
    assert clips.total_cost == sum(charge.amount for charge in fakes.backend.charges)


async def deliver(fakes: Fakes, contents: Sequence[bytes]) -> Clips:
    """Run a job whose clips are, each at its first attempt, files with these contents."""
    names = [str(number) for number in range(len(contents))]
    files = zip(names, contents, strict=True)
    fakes.backends = [FakeBackend(script={name: [Spoil(content)] for name, content in files})]
    async with fakes.runner() as runner:
        return await runner.process(JOB, prompts(*names), budget=PLENTY, min_clips=1)


ODD = (
    "the_end",
    "credits_on_black",
    "candle",
    "starfield",
    "fireflies",
    "snow",
    "strobe",
    "title_card",
)


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """Sound clips that look odd."""
    path = tmp_path_factory.mktemp("odd") / "clip.mp4"
    return [encode(path, drawn(LOOKS[name]), fps=FPS).read_bytes() for name in ODD]


@pytest.fixture(scope="module")
def poor(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """A clip for each fault that leaves something to see."""
    path, frames = tmp_path_factory.mktemp("poor") / "clip.mp4", dict(POOR.values())
    return [encode(path, make(), fps=FPS).read_bytes() for make in frames]


async def test_odd_clips_are_paid_once(odd: list[bytes], autojump_clock: MockClock) -> None:
    """A sound clip is never lost, however odd it looks, and never made again."""
    fakes = Fakes()
    clips = await deliver(fakes, odd)
    assert clips.failed_clips == 0
    assert len(fakes.backend.submitted) == len(fakes.backend.charges) == len(odd)
    assert [fakes.storage.files[clip.reference] for clip in clips.clips] == odd


async def test_faults_are_told_with_the_clip(poor: list[bytes], autojump_clock: MockClock) -> None:
    """A clip with a fault that shows something counts, and its record says what is wrong."""
    fakes = Fakes()
    clips = await deliver(fakes, poor)
    assert len(fakes.backend.submitted) == len(poor)
    for clip, fault in zip(clips.clips, dict(POOR.values()).values(), strict=True):
        assert fault in clip.faults
        assert len(clip.notes) == len(clip.faults)


async def test_strict_settings_lose_any_fault(poor: list[bytes], autojump_clock: MockClock) -> None:
    """With strict settings a clip with a fault is lost, with the reason, and made again."""
    fakes = Fakes(settings=Settings(strict=True))
    clips = await deliver(fakes, poor)
    assert clips.failed_clips == 0
    assert len(fakes.backend.submitted) == 2 * len(poor)
    for number in range(len(poor)):
        lost, stored = await fakes.ledger.attempts(JOB, number)
        assert (lost.custody, stored.custody) == (Custody.LOST, Custody.STORED)
        assert lost.reason


async def test_what_shows_nothing_is_made_again(tmp_path: Path, autojump_clock: MockClock) -> None:
    """A clip of one colour throughout is paid, lost and made again."""
    path = tmp_path / "clip.mp4"
    fakes = Fakes()
    clips = await deliver(
        fakes, [encode(path, make(), fps=FPS).read_bytes() for make in NOTHING.values()]
    )
    assert all(clip.retry_count == 1 and not clip.faults for clip in clips.clips)
    assert len(fakes.backend.charges) == 2 * len(NOTHING)


async def test_a_damaged_clip_that_plays_is_downloaded_again_and_kept(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    """A damaged download is repeated; where the provider's own file plays, it is kept and told."""
    whole = encode(tmp_path / "clip.mp4", good(), fps=6).read_bytes()
    fakes = Fakes()
    clips = await deliver(fakes, [overwritten(whole, 0.4, 0.42)])
    assert Fault.DAMAGED in clips.clips[0].faults
    assert sum("fetch" in line for line in fakes.backend.log) == 5
    assert len(fakes.backend.charges) == 1


async def test_a_single_picture_is_lost_and_made_anew(autojump_clock: MockClock) -> None:
    """It is paid, and no success, however long it is shown."""
    fakes = Fakes([FakeBackend(script={"a": [Spoil("still")]})])
    clip = (await run_job(fakes)).clips[0]
    lost, stored = await fakes.ledger.attempts(JOB, 0)
    assert lost.custody is Custody.LOST
    assert lost.reason.startswith("it is a single picture")
    assert (stored.custody, clip.retry_count) == (Custody.STORED, 1)
    assert len(fakes.backend.charges) == 4


async def test_next_to_nothing_is_lost_and_made_anew(autojump_clock: MockClock) -> None:
    """What lasts a tenth of what its backend has promised counts; less of it does not."""
    fakes = Fakes([FakeBackend(script={"0": [Succeed(seconds=0.25)], "1": [Succeed(seconds=0.5)]})])
    async with fakes.runner() as runner:
        clips = await runner.process(
            JOB, prompts("0", "1", seconds=4.0), budget=PLENTY, min_clips=1
        )
    assert [clip.retry_count for clip in clips.clips] == [1, 0]
    (lost, _) = await fakes.ledger.attempts(JOB, 0)
    assert lost.reason == "it lasts 0.25 s, and was to last 4.00 s"


async def test_a_refused_account_is_asked_once_for_a_download(autojump_clock: MockClock) -> None:
    """It is not asked again in this run; what is paid stays for a run with its account."""

    class Refusing(FakeBackend):
        asked = 0

        async def fetch(self, ticket: Ticket, path: Path) -> None:
            self.asked += 1
            raise AccountError("the token is revoked")

    refusing = Refusing()
    fakes = Fakes([refusing])
    with pytest.raises(AccountRefusedError, match="the token is revoked"):
        await run_job(fakes)
    assert refusing.asked == 3
    assert {each.custody for each in await fakes.ledger.unsettled()} == {Custody.SUCCEEDED}


async def test_storage_that_refuses_for_good_is_asked_once(autojump_clock: MockClock) -> None:
    """Only what may pass is tried again."""

    class Full(MemoryStorage):
        asked = 0

        async def write(self, key: str, path: Path) -> StoredFile:
            self.asked += 1
            raise StorageError("the quota is used up")

    full = Full()
    with pytest.raises(InsufficientClipsError):
        await run_job(Fakes(storage=full))
    assert full.asked == 3


async def test_a_page_in_place_of_a_clip_is_downloaded_again(autojump_clock: MockClock) -> None:
    """What is no video at all may be a proxy's answer: nothing is generated again for it."""

    class BehindProxy(FakeBackend):
        pages = 4

        async def fetch(self, ticket: Ticket, path: Path) -> None:
            await super().fetch(ticket, path)
            if self.pages:
                self.pages -= 1
                path.write_bytes(b"<html>")  # noqa: ASYNC240 (threads outrun a virtual clock)

    fakes = Fakes([BehindProxy()])
    await run_job(fakes)
    assert len(fakes.backend.submitted) == 3


async def test_a_refused_download_stops_what_waits(autojump_clock: MockClock) -> None:
    """Nothing more is sent to an account that may download nothing."""

    class Refusing(FakeBackend):
        async def fetch(self, ticket: Ticket, path: Path) -> None:
            raise AccountError("the token is revoked")

    fakes = Fakes([Refusing()], settings=Settings(concurrency=1))
    with pytest.raises(AccountRefusedError):
        await run_job(fakes, *"abcde")
    assert len(fakes.backend.submitted) <= 2
