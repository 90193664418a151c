"""Measure what animatics cost: `python benchmarks/rendering.py [SECONDS]`."""

from __future__ import annotations

import hashlib
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from uuid import uuid4

import trio

from vgen.abc import ClipRequest, Image, Prepared, Status
from vgen_animatic import Animatic
from vgen_animatic.backend import render

WIDTH, HEIGHT, FPS = 1024, 576, 30
DEFAULT_SECONDS = 6.0
BEAT = 0.005
IMAGE = Path(__file__).parents[1] / "docs/examples/images/harbour.jpg"

PROMPTS = {
    "landscape": "A mountain lake at sunset",
    "sea": "A sailing boat on the sea at dawn",
    "night": "A midnight drive on an empty highway",
    "city": "Rain on a neon street",
    "abstract": "An abstract dream of colours",
    "image": "The harbour at dusk",
}


def request(name: str, seconds: float) -> ClipRequest:
    """The request for one kind of clip."""
    return ClipRequest(
        prompt=PROMPTS[name],
        duration=seconds,
        width=WIDTH,
        height=HEIGHT,
        fps=FPS,
        motion=127,
        steps=25,
    )


def reference(name: str) -> Image | None:
    """The reference image of a clip, for the kind that has one."""
    if name != "image":
        return None
    data = IMAGE.read_bytes()
    return Image(data, "image/jpeg", 1280, 720, hashlib.sha256(data).hexdigest())


def ignore(_status: Status) -> None:
    """Watch nothing."""


def megabytes() -> int:
    """The most memory that this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def one(name: str, seconds: float) -> None:
    """Render one clip in this process and print what it cost and its digest."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "clip.mp4")
        begin, wall = time.process_time(), time.perf_counter()
        render(request(name, seconds), reference(name), path, lambda _fraction: None)
        cpu, took = time.process_time() - begin, time.perf_counter() - wall
        data = path.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    print(f"{cpu:.2f} {took:.2f} {megabytes()} {len(data) / 1e6:.2f} {digest}")


def fresh(name: str, seconds: float) -> list[str]:
    """Render one clip in a process of its own."""
    command = [sys.executable, __file__, name, str(seconds)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - ours
    return done.stdout.split()


async def heartbeat(lags: list[float]) -> None:
    """Note by how much each beat of the event loop comes too late, in seconds."""
    while True:
        due = trio.current_time() + BEAT
        await trio.sleep_until(due)
        lags.append(trio.current_time() - due)


async def five(seconds: float) -> tuple[float, list[float]]:
    """Render five clips at once through the backend; give the wall time and the loop's lags."""
    lags: list[float] = []
    async with Animatic() as backend, trio.open_nursery() as beats:
        beats.start_soon(heartbeat, lags)
        begin = time.perf_counter()
        async with trio.open_nursery() as nursery:
            for name in list(PROMPTS)[1:]:
                prepared = Prepared(request(name, seconds), reference(name))
                ticket = await backend.submit(prepared, uuid4())
                nursery.start_soon(backend.wait_finished, ticket, ignore)
        wall = time.perf_counter() - begin
        beats.cancel_scope.cancel()
    return wall, sorted(lags)


def main(seconds: float) -> None:
    """Print the whole table."""
    print(f"{seconds:g} s at {WIDTH}x{HEIGHT}, {FPS} fps; {os.cpu_count()} cores")
    print(f"{'scene':10} {'CPU s':>6} {'wall s':>6} {'MB RSS':>6} {'MB':>5}  same bytes again")
    for name in PROMPTS:
        first, second = fresh(name, seconds), fresh(name, seconds)
        same = "yes" if first[-1] == second[-1] else "NO"
        print(f"{name:10} {first[0]:>6} {first[1]:>6} {first[2]:>6} {first[3]:>5}  {same}")
    cpu = time.process_time()
    wall, lags = trio.run(five, seconds)
    cpu = time.process_time() - cpu
    middle, late = lags[len(lags) // 2], lags[int(len(lags) * 0.99)]
    print(f"five at once: {wall:.1f} s wall, {cpu:.1f} CPU s, {megabytes()} MB RSS")
    figures = (middle * 1e3, late * 1e3, lags[-1] * 1e3)
    print("event loop lag: median {:.1f}, p99 {:.1f}, max {:.1f} ms".format(*figures))


if __name__ == "__main__":
    match sys.argv[1:]:
        case [name, seconds]:
            one(name, float(seconds))
        case [seconds]:
            main(float(seconds))
        case _:
            main(DEFAULT_SECONDS)
