"""Prints what stays behind in a process that makes one job after another.

`python benchmarks/soak.py [JOBS]`

A simulated Replicate, a thousand times as fast as the real one, serves in a process of its own; the
jobs, of three clips of 25 pictures each, are made over real sockets on a SQLite ledger, with the
default judgement. After each hundred jobs their clips are removed, and a line tells what the
process has: its memory, Python's objects, open files and sockets, tasks and threads, and what lies
in its spool.
"""

from __future__ import annotations

import gc
import os
import shutil
import subprocess
import sys
import threading
from decimal import Decimal
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import trio

from vgen import ClipPrompt, DirectoryStorage, Settings, SQLiteLedger, open_runner
from vgen.abc import Price, Rates
from vgen_replicate import ReplicateModel
from vgen_replicate.simulator import Simulator
from vgen_replicate.simulator.model import Field, Hardware, Model, Shot
from vgen_replicate.simulator.simulator import TOKEN

JOBS, CLIPS, EACH = 2_000, 3, 100
SPEED = 1_000.0
MODEL = Model(
    owner="bench",
    name="clips",
    version="b" * 64,
    description="25 pictures of 320x180",
    fields={"prompt": Field("string", "Prompt", required=True)},
    hardware=Hardware("cpu", "CPU", Decimal("0.0001")),
    shot=lambda _inputs, _size: Shot(25, 6, (320, 180), 60.0),
)


async def serve() -> None:
    """Serve the simulator, and print its address, until the input ends."""
    async with trio.open_nursery() as nursery:
        simulator = Simulator(models=[MODEL], speed=SPEED)
        print(await nursery.start(partial(simulator.serve, port=0)), flush=True)
        await trio.to_thread.run_sync(sys.stdin.read, abandon_on_cancel=True)
        nursery.cancel_scope.cancel()


async def make(url: str, folder: Path, jobs: int) -> None:
    """Make the jobs."""
    model = ReplicateModel(
        MODEL.path,
        price=Price(base=Decimal("0.01")),
        durations=[4.0],
        token=TOKEN,
        base_url=url,
        rates=Rates(),
    )
    async with open_runner(
        backends=[model],
        storage=DirectoryStorage(folder / "clips"),
        ledger=SQLiteLedger(folder / "vgen.db"),
        settings=Settings(poll_interval=0.05, backoff=0.05),
    ) as runner:
        prompts = [ClipPrompt(index, f"clip {index}", 4.0) for index in range(CLIPS)]
        for number in range(1, jobs + 1):
            await runner.process(uuid4(), prompts, budget=Decimal(10))
            if number % EACH == 0:
                shutil.rmtree(folder / "clips")
                show(number, folder)


def show(number: int, folder: Path) -> None:
    """Print a line."""
    gc.collect()
    resident = Path("/proc/self/statm").read_text("utf-8").split()[1]
    spooled = sum(path.is_file() for path in folder.rglob("*")) - len(list(folder.glob("vgen.db*")))
    print(
        f"{number:6,}"
        f"{int(resident) * os.sysconf('SC_PAGE_SIZE') / 2**20:14.1f}"
        f"{len(gc.get_objects()):10,}"
        f"{len(list(Path('/proc/self/fd').iterdir())):8}"
        f"{trio.lowlevel.current_statistics().tasks_living:8}"
        f"{threading.active_count():9}"
        f"{spooled:8}",
        flush=True,
    )


def main(jobs: int) -> None:
    """Start the simulator, and make the jobs."""
    with (
        TemporaryDirectory() as folder,
        subprocess.Popen(  # noqa: S603 (this script)
            [sys.executable, __file__, "--serve"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as server,
    ):
        assert server.stdout  # noqa: S101 (a pipe was asked for)
        url = server.stdout.readline().strip()
        print("  jobs  MiB resident   objects   files   tasks  threads spooled")
        trio.run(make, url, Path(folder), jobs)
        server.communicate()


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--serve"]:
            trio.run(serve)
        case given:
            main(int(given[0]) if given else JOBS)
