"""Reading the images of a job before it is opened."""

from __future__ import annotations

import trio
from attrs import evolve
from trio.testing import MockClock

from tests.drive.jobs import JOB, PLENTY, Fakes, prompts
from vgen.testing import MemoryStorage
from vgen.testing.clips import tiny_picture


class Counting(MemoryStorage):
    """A storage whose reads take a second, and which counts those that run."""

    running = most = 0

    async def read(self, reference: str, *, max_bytes: int) -> bytes:
        self.running += 1
        self.most = max(self.most, self.running)
        await trio.sleep(1)
        self.running -= 1
        return await super().read(reference, max_bytes=max_bytes)


async def test_four_images_are_read_at_once(autojump_clock: MockClock) -> None:
    """However many there are, each is read once."""
    images = {f"{index}.png": tiny_picture() for index in range(8)}
    storage = Counting(images)
    asked = [
        evolve(prompt, scene_reference_url=name)
        for prompt, name in zip(prompts(*"abcdefgh"), images, strict=True)
    ]
    async with Fakes(storage=storage).runner() as runner:
        await runner.open_job(JOB, asked, budget=PLENTY)
    assert sorted(storage.reads) == sorted(images)
    assert storage.most == 4
