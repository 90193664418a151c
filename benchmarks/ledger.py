"""Prints what ledgers cost: in small and large jobs, among few and many jobs, on SQLite and fakes.

All figures are the CPU time of the process, in milliseconds for each clip or job.
"""

from __future__ import annotations

import gc
import tempfile
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from functools import partial
from pathlib import Path
from statistics import median
from uuid import UUID, uuid4

import trio
from trio.testing import MockClock

from vgen import ClipPrompt, Runner, Settings, SQLiteLedger, open_runner
from vgen.abc import CostLedger
from vgen.testing import FakeBackend, MemoryLedger, MemoryStorage, Succeed, inline_inspector

SMALL, LARGE = 100, 10_000
"""Clips of a job."""

FEW, MANY = 10, 10_000
"""Jobs of a ledger."""

MEASURED = 50
"""Jobs whose steps are measured among them."""

FEW_FAKE, MANY_FAKE = 17, 1_700
"""Jobs on the fakes."""

CLIPS, AT_ONCE = 6, 17
"""Clips of each of many jobs, and how many jobs are run side by side."""

REPEATED = 5
"""How often what is small is measured."""

IN_FLIGHT = 100
PLENTY = Decimal(1_000_000)
TEXT = "a lighthouse in a storm, seen from the sea, wide shot, film grain, waves breaking"

Figures = dict[str, float]
"""CPU times by what took them, in milliseconds."""


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        small = usual([trio.run(large_job, Path(folder), SMALL) for _ in range(REPEATED)])
        large = trio.run(large_job, Path(folder), LARGE)
        show("a clip of one job on SQLite", f"{SMALL:,} clips", small, f"{LARGE:,} clips", large)
        few, many = (trio.run(many_jobs, Path(folder), jobs) for jobs in (FEW, MANY))
        show(f"a job of {CLIPS} clips on SQLite", f"{FEW:,} jobs", few, f"{MANY:,} jobs", many)
    few = usual([in_virtual_time(FEW_FAKE) for _ in range(REPEATED)])
    many = in_virtual_time(MANY_FAKE)
    show("a clip on the fakes", f"{FEW_FAKE:,} jobs", few, f"{MANY_FAKE:,} jobs", many)


def usual(runs: Sequence[Figures]) -> Figures:
    """Return the median of each figure."""
    return {name: median(run[name] for run in runs) for name in runs[0]}


def in_virtual_time(jobs: int) -> Figures:
    """Run so many jobs on the fakes."""
    return trio.run(on_fakes, jobs, clock=MockClock(autojump_threshold=0))


def show(what: str, few: str, small: Figures, many: str, large: Figures) -> None:
    """Print two columns of figures, and how many times the second is the first."""
    print(f"\n{'CPU ms for ' + what:36}{few:>14}{many:>14}{'times':>8}")
    for name, figure in small.items():
        print(f"{name:36}{figure:14.3f}{large[name]:14.3f}{large[name] / figure:8.2f}")


async def large_job(folder: Path, clips: int) -> Figures:
    """Open, make and conclude one job of so many clips; return the CPU time of each clip."""
    figures, job_id = Figures(), uuid4()
    async with runner_on(SQLiteLedger(folder / f"{job_id}.db")) as runner:
        open_it = partial(runner.open_job, job_id, prompts(clips), budget=PLENTY)
        steps: Mapping[str, Callable[[], Awaitable[object]]] = {
            "opened": open_it,
            "opened again": open_it,
            "made, each by run_clip": lambda: side_by_side(
                range(clips), partial(runner.run_clip, job_id), most=IN_FLIGHT
            ),
            "opened again when it is made": open_it,
            "concluded": partial(runner.conclude, job_id),
        }
        for name, step in steps.items():
            figures[name] = await cpu(step) / clips
    return figures


async def many_jobs(folder: Path, jobs: int) -> Figures:
    """Run some jobs beside as many as are given; return the CPU time of each."""
    figures = Figures()
    async with runner_on(SQLiteLedger(folder / f"{jobs}-jobs.db")) as runner:

        async def open_it(number: int) -> None:
            await runner.open_job(UUID(int=number), prompts(CLIPS), budget=PLENTY)

        async def make(number: int) -> None:
            for clip_index in range(CLIPS):
                await runner.run_clip(UUID(int=number), clip_index)

        async def conclude(number: int) -> None:
            await runner.conclude(UUID(int=number))

        async def look(_number: int) -> None:
            await runner.jobs()
            await runner.unsettled()

        await side_by_side(range(jobs), open_it)
        for name, step in {
            "opened": open_it,
            "opened again": open_it,
            "made, each clip by run_clip": make,
            "concluded": conclude,
            "50 jobs listed, what is unsettled": look,
        }.items():
            measured = range(jobs, jobs + MEASURED)
            figures[name] = await cpu(partial(side_by_side, measured, step)) / MEASURED
    return figures


async def on_fakes(jobs: int) -> Figures:
    """Run so many jobs in virtual time, some side by side; return the CPU time of each clip."""
    async with runner_on(MemoryLedger(), after=10.0, in_flight=20) as runner:

        async def process(number: int) -> None:
            await runner.process(UUID(int=number), prompts(CLIPS), budget=PLENTY)

        for number in range(FEW_FAKE):  # estimates learn from so many attempts, and no more
            await process(number)
        measured = range(FEW_FAKE, FEW_FAKE + jobs)
        return {"run": await cpu(partial(side_by_side, measured, process)) / jobs / CLIPS}


@asynccontextmanager
async def runner_on(
    ledger: CostLedger, *, after: float = 0.0, in_flight: int = IN_FLIGHT
) -> AsyncGenerator[Runner]:
    """Open a runner on a ledger and fakes; a clip takes so many seconds."""
    async with open_runner(
        backends=[FakeBackend(default=Succeed(after=after))],
        storage=MemoryStorage(),
        ledger=ledger,
        settings=Settings(concurrency=in_flight, poll_interval=0.3),
        inspector=inline_inspector(),
    ) as runner:
        yield runner


async def side_by_side(
    numbers: Sequence[int], work: Callable[[int], Awaitable[object]], *, most: int = AT_ONCE
) -> None:
    """Do the work for each number."""
    limiter = trio.CapacityLimiter(most)

    async def one(number: int) -> None:
        async with limiter:
            await work(number)

    async with trio.open_nursery() as nursery:
        for number in numbers:
            nursery.start_soon(one, number)


async def cpu(step: Callable[[], Awaitable[object]]) -> float:
    """Take a step, and return the CPU time that it took, in milliseconds.

    Python's garbage collector is off meanwhile, as in `timeit`: it looks at all that fakes hold.
    """
    gc.collect()
    gc.disable()
    try:
        began = time.process_time()
        await step()
        return (time.process_time() - began) * 1000
    finally:
        gc.enable()


def prompts(clips: int) -> list[ClipPrompt]:
    """Return so many prompts."""
    return [ClipPrompt(index, f"{TEXT}, take {index}", 2.0) for index in range(clips)]


if __name__ == "__main__":
    main()
