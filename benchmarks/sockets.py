"""Compare what a clip costs in CPU time with two plain loops, over real sockets.

`python benchmarks/sockets.py [CLIPS]`

A simulated Replicate serves in a process of its own; each client makes so many clips in another,
all in flight at once, one client after the other. A clip runs for about a minute, and is 25
pictures of 320x180. The CPU time of a client is that between its first request and its last file,
in all its threads. The loop on the official SDK holds a semaphore, polls every 3 s and downloads;
the bare loop does the same with httpx alone. Neither writes anything down, or looks at its files.
The model declares no running time and tells no progress: vgen too asks every 3 s.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine
from decimal import Decimal
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import httpx
import trio
from replicate import AsyncReplicate

from vgen import ClipPrompt, DirectoryStorage, Inspector, Settings, SQLiteLedger, open_runner
from vgen.abc import Price
from vgen.records.video import Inspection, Judgement
from vgen.video import probe
from vgen_replicate import ReplicateModel
from vgen_replicate.simulator import Simulator
from vgen_replicate.simulator.model import Field, Hardware, Model, Shot
from vgen_replicate.simulator.simulator import TOKEN

CLIPS = 100
RUN_SECONDS, SPREAD, POLL = 60.0, 0.4, 3.0

MODEL = Model(
    owner="bench",
    name="clips",
    version="b" * 64,
    description="25 pictures of 320x180",
    fields={
        "prompt": Field("string", "Prompt", required=True),
        "seed": Field("integer", "Seed"),
    },
    hardware=Hardware("cpu", "CPU", Decimal("0.0001")),
    shot=lambda _inputs, _size: Shot(25, 6, (320, 180), RUN_SECONDS),
    workers=10_000,
    spread=SPREAD,
    queue_seconds=1.0,
    cold_chance=0.0,
)


async def serve() -> None:
    """Serve the simulator, and print its address, until the input ends."""
    async with trio.open_nursery() as nursery:
        url = await nursery.start(partial(Simulator(models=[MODEL]).serve, port=0))
        print(url, flush=True)
        await trio.to_thread.run_sync(sys.stdin.read, abandon_on_cancel=True)
        nursery.cancel_scope.cancel()


class Unjudged(Inspector):
    """Probes clips, and does not judge them."""

    async def video(self, path: Path, *, asked: float | None = None) -> Inspection:
        """Return the clip's form and length."""
        del asked
        info = await trio.to_thread.run_sync(probe, path)
        return Inspection(info, Judgement((), ()))


async def with_vgen(url: str, folder: Path, clips: int, *, judged: bool) -> float:
    """Make clips with vgen, its ledger and its storage, and return their CPU seconds."""
    model = ReplicateModel(
        MODEL.path,
        price=Price(base=Decimal("0.01")),
        durations=[4.0],
        token=TOKEN,
        base_url=url,
    )
    async with open_runner(
        backends=[model],
        storage=DirectoryStorage(folder / "clips"),
        ledger=SQLiteLedger(folder / "vgen.db"),
        settings=Settings(concurrency=clips),
        inspector=None if judged else Unjudged(),
    ) as runner:
        began = time.process_time()
        prompts = [ClipPrompt(index, f"clip {index}", 4.0) for index in range(clips)]
        made = await runner.process(uuid4(), prompts, budget=Decimal(10_000))
        took = time.process_time() - began
    if made.successful_clips != clips:
        raise SystemExit(f"made {made.successful_clips} of {clips}")
    return took


async def on_the_sdk(url: str, folder: Path, clips: int) -> float:
    """Make clips with the plain loop on the official SDK, and return their CPU seconds."""
    client = AsyncReplicate(bearer_token=TOKEN, base_url=url)
    slots = asyncio.Semaphore(clips)

    async def one(index: int, http: httpx.AsyncClient) -> None:
        async with slots:
            prediction = await client.predictions.create(
                version=MODEL.version, input={"prompt": f"clip {index}"}
            )
            while prediction.status not in {"succeeded", "failed", "canceled"}:
                await asyncio.sleep(POLL)
                prediction = await client.predictions.get(prediction_id=prediction.id)
            (folder / f"{index}.mp4").write_bytes((await http.get(str(prediction.output))).content)

    async with client, httpx.AsyncClient(timeout=60) as http, asyncio.TaskGroup() as group:
        began = time.process_time()
        for index in range(clips):
            group.create_task(one(index, http))
    return time.process_time() - began


async def bare(url: str, folder: Path, clips: int) -> float:
    """Make clips with the plain loop on httpx alone, and return their CPU seconds."""

    async def one(index: int, http: httpx.AsyncClient) -> None:
        body = {"version": MODEL.version, "input": {"prompt": f"clip {index}"}}
        prediction = (await http.post(f"{url}/predictions", json=body)).json()
        while prediction["status"] not in {"succeeded", "failed", "canceled"}:
            await asyncio.sleep(POLL)
            prediction = (await http.get(f"{url}/predictions/{prediction['id']}")).json()
        (folder / f"{index}.mp4").write_bytes((await http.get(prediction["output"])).content)

    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with httpx.AsyncClient(headers=headers, timeout=60) as http, asyncio.TaskGroup() as group:
        began = time.process_time()
        for index in range(clips):
            group.create_task(one(index, http))
    return time.process_time() - began


def in_asyncio(
    client: Callable[[str, Path, int], Coroutine[Any, Any, float]],
    url: str,
    folder: Path,
    clips: int,
) -> float:
    """Run a client of asyncio's."""
    return asyncio.run(client(url, folder, clips))


CLIENTS: dict[str, Callable[[str, Path, int], float]] = {
    "vgen, judgement off": partial(trio.run, partial(with_vgen, judged=False)),
    "vgen": partial(trio.run, partial(with_vgen, judged=True)),
    "loop on the SDK": partial(in_asyncio, on_the_sdk),
    "bare loop": partial(in_asyncio, bare),
}


def main(clips: int) -> None:
    """Run each client in a process of its own, and print what a clip costs."""
    command = [sys.executable, __file__]
    with subprocess.Popen(  # noqa: S603 (this script)
        [*command, "--serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout  # noqa: S101 (a pipe was asked for)
        url = server.stdout.readline().strip()
        print(f"{clips} clips, all in flight; CPU milliseconds a clip")
        for name in CLIENTS:
            done = subprocess.run(  # noqa: S603 (this script)
                [*command, name, url, str(clips)], check=True, stdout=subprocess.PIPE, text=True
            )
            print(f"{name:24}{1000 * float(done.stdout) / clips:7.1f}", flush=True)
        server.communicate()


def run_client(name: str, url: str, clips: int) -> None:
    """Run one client, and print its CPU seconds."""
    with TemporaryDirectory() as folder:
        print(CLIENTS[name](url, Path(folder), clips))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--serve"]:
            trio.run(serve)
        case [name, url, clips]:
            run_client(name, url, int(clips))
        case given:
            main(int(given[0]) if given else CLIPS)
