"""The files of stored clips in later runs: damaged, gone or another, and their URLs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from tests.drive.jobs import JOB, PLENTY, Fakes, prompts, run_job
from vgen.abc import Ticket
from vgen.testing import Break, FakeBackend, MemoryStorage, Succeed, tiny_clip


def remove(files: dict[str, bytes], key: str) -> None:
    """Remove a file."""
    del files[key]


def cut(files: dict[str, bytes], key: str) -> None:
    """Cut a file short."""
    files[key] = files[key][:2_000]


def swap(files: dict[str, bytes], key: str) -> None:
    """Put another file of the same size in its place."""
    files[key] = files[key][::-1]


CLIP = f"{JOB}/clip_001.mp4"


@pytest.mark.parametrize("damage", [remove, cut, swap])
@pytest.mark.parametrize("both", [False, True])
async def test_a_damaged_file_is_put_back(
    autojump_clock: MockClock, damage: Callable[[dict[str, bytes], str], None], *, both: bool
) -> None:
    """From its take, or else fetched from the provider again: nothing is paid for it."""
    fakes = Fakes()
    made = (await run_job(fakes)).clips[1]
    before = dict(fakes.storage.files)
    for key in [CLIP, fakes.take(1)] if both else [CLIP]:
        damage(fakes.storage.files, key)
    assert (await run_job(fakes)).clips[1] == made
    assert fakes.storage.files == before
    assert sorted(fakes.backend.submitted) == ["a", "b", "c"]


async def test_a_deleted_take_is_not_missed(autojump_clock: MockClock) -> None:
    """A user may delete takes: the clip in its place is enough."""
    fakes = Fakes()
    await run_job(fakes)
    take = fakes.take(1)
    del fakes.storage.files[take]
    await run_job(fakes)
    assert take not in fakes.storage.files
    assert len(fakes.backend.submitted) == 3


class MixesUp(FakeBackend):
    """A backend that gives another file at the second download of a clip."""

    async def fetch(self, ticket: Ticket, path: Path) -> None:
        await super().fetch(ticket, path)
        if sum(" fetch " in line for line in self.log) > 3:
            path.write_bytes(tiny_clip(3.0))  # noqa: ASYNC240 (threads outrun a virtual clock)


@pytest.mark.parametrize(
    "backend",
    [FakeBackend(script={"b": [Succeed(expires_after=600)]}), MixesUp()],
    ids=["deleted", "another"],
)
async def test_a_clip_that_nobody_has_is_generated_again(
    autojump_clock: MockClock, backend: FakeBackend
) -> None:
    """Where the provider has it no more, the clip is made anew, and its notes say so."""
    fakes = Fakes([backend])
    await run_job(fakes)
    await trio.sleep(3600)
    del fakes.storage.files[CLIP], fakes.storage.files[fakes.take(1)]
    clips = await run_job(fakes)
    assert sorted(fakes.backend.submitted) == ["a", "b", "b", "c"]
    assert clips.clips[1].notes == ("made anew: its file is gone",)


async def test_a_url_that_cannot_be_created_fails_no_job(autojump_clock: MockClock) -> None:
    """Where `url` fails, stored clips keep the URL from when they were stored."""
    fakes = Fakes(storage=MemoryStorage(faults=[Break("url", nth=4, times=99)]))
    async with fakes.runner() as runner:
        clips = await runner.process(JOB, prompts(*"abc"), budget=PLENTY)
    assert clips.clips[0].video_url == f"memory:{JOB}/clip_000.mp4"


async def test_a_result_has_fresh_urls(autojump_clock: MockClock) -> None:
    """Whoever counts a job later is given links that work then."""

    class Signed(MemoryStorage):
        async def url(self, reference: str) -> str:
            return f"memory:{reference}?at={trio.current_time():g}"

    fakes = Fakes(storage=Signed())
    await run_job(fakes)
    await trio.sleep_until(5000)
    async with fakes.runner() as runner:
        clips = await runner.conclude(JOB)
    assert {clip.video_url.partition("?")[2] for clip in clips.clips} == {"at=5000"}
