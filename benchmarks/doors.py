"""Measure what a door adds to a call, and how smoothly its host's loop runs while clips render.

`python benchmarks/doors.py [CALLS]`
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import trio

import vgen
import vgen.aio
import vgen.blocking
from vgen.testing import FakeBackend, MemoryLedger, MemoryStorage
from vgen_animatic import Animatic

CALLS = 1000
CLIPS = 10
BEAT = 0.005
"""How often the host's loop is to come round, in seconds."""


def parts() -> dict[str, Any]:
    """The parts of a runner that has nothing to do."""
    return {
        "backends": [FakeBackend()],
        "storage": MemoryStorage(),
        "ledger": MemoryLedger(),
        "settings": vgen.Settings(),
    }


async def on_trio(calls: int) -> list[float]:
    """Time calls without a door."""
    took: list[float] = []
    async with vgen.open_runner(**parts()) as runner:
        for _ in range(calls):
            began = time.perf_counter()
            await runner.unsettled()
            took.append(time.perf_counter() - began)
    return took


async def on_asyncio(calls: int) -> list[float]:
    """Time calls from asyncio."""
    took: list[float] = []
    async with vgen.aio.open_runner(**parts()) as runner:
        for _ in range(calls):
            began = time.perf_counter()
            await runner.unsettled()
            took.append(time.perf_counter() - began)
    return took


def on_nothing(calls: int) -> list[float]:
    """Time calls from a thread without a loop."""
    took: list[float] = []
    with vgen.blocking.open_runner(**parts()) as runner:
        for _ in range(calls):
            began = time.perf_counter()
            runner.unsettled()
            took.append(time.perf_counter() - began)
    return took


async def beat(lags: list[float]) -> None:
    """Note by how much each beat of the host's loop comes too late, in seconds."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + BEAT
        await asyncio.sleep(BEAT)
        lags.append(loop.time() - due)


async def rendering(folder: Path) -> list[float]:
    """Follow a job of animatic clips from asyncio; give the lags of its loop."""
    lags: list[float] = []
    prompts = [vgen.ClipPrompt(n, f"Rain on a neon street, take {n}", 4.0) for n in range(CLIPS)]
    async with vgen.aio.open_runner(
        backends=[Animatic()],
        storage=vgen.DirectoryStorage(folder / "clips"),
        ledger=vgen.SQLiteLedger(folder / "vgen.db"),
        settings=vgen.Settings(concurrency=CLIPS),
    ) as runner:
        beats = asyncio.create_task(beat(lags))
        async with runner.start(uuid4(), prompts) as job:
            events = [event async for event in job.events]
            clips = await job.result()
        beats.cancel()
    print(f"{clips.successful_clips} clips, {len(events)} events, {clips.total_generation_time} s")
    return lags


def say(name: str, seconds: Sequence[float]) -> None:
    """Print the middle and the late end of what was measured, in milliseconds."""
    row = sorted(seconds)
    figures = (row[len(row) // 2] * 1e3, row[int(len(row) * 0.99)] * 1e3, row[-1] * 1e3)
    print("{:32} median {:6.3f}, p99 {:6.3f}, max {:6.3f} ms".format(name, *figures))


def main(calls: int) -> None:
    """Print the whole table."""
    say("a call on Trio", trio.run(on_trio, calls))
    say("a call through vgen.aio", asyncio.run(on_asyncio(calls)))
    say("a call through vgen.blocking", on_nothing(calls))
    with tempfile.TemporaryDirectory() as folder:
        say(f"lag of asyncio, {CLIPS} clips render", asyncio.run(rendering(Path(folder))))


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else CALLS)
