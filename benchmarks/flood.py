"""Prints what many clips at once cost, against a simulated account with Replicate's limits.

`python benchmarks/flood.py [CLIPS]`

A provider takes 600 submits and 3,000 other requests a minute, and asking after a hundred attempts
is one request. Attempts run log-normally with a median of 60 s. On the fakes time is virtual; on
SQLite, whose threads it would outrun, it is four times as fast as a clock. CPU times are those of
the process, memory is what Python has allocated (`tracemalloc`).
"""

from __future__ import annotations

import gc
import heapq
import math
import sys
import tempfile
import time
import tracemalloc
from collections import deque
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import partial
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID, uuid4

import trio
from attrs import evolve, frozen
from trio.testing import MockClock

from vgen import ClipPrompt, Runner, Settings, SQLiteLedger, open_runner
from vgen.abc import CostLedger, Prepared, Rates, Status, Ticket
from vgen.testing import (
    CAPABILITIES,
    FakeBackend,
    Hang,
    MemoryLedger,
    MemoryStorage,
    Succeed,
    inline_inspector,
)

FLOOD, FEW, IN_FLIGHT = 10_000, 100, 1_000
JOBS, FEW_JOBS, OF_CLIPS, SLOTS = 1_700, 17, 6, 20
MEDIAN, SIGMA = 60.0, 0.35
MINUTE = 60.0
SUBMITS = 600
RATES = Rates(submits=SUBMITS, calls=3_000, tickets_per_call=100)
FASTER = 4.0
TEXT = "a lighthouse in a storm, seen from the sea, wide shot, film grain, waves breaking"
PLENTY = Decimal(1_000_000)


def main(clips: int) -> None:
    """Measure and print."""
    print(f"{'':42}{'CPU ms':>8}{'time':>8}{'to best':>9}{'most submits':>14}{'most calls':>12}")
    for count in (FEW, clips):
        show(f"{count:,} clips, fakes", in_virtual_time(partial(one_job, count)))
    for jobs in (FEW_JOBS, JOBS):
        what = f"{jobs:,} jobs of {OF_CLIPS}, {SLOTS} in flight, fakes"
        show(what, in_virtual_time(partial(many_jobs, jobs)))
    for count in (FEW, clips):
        with tempfile.TemporaryDirectory() as folder:
            ledger = SQLiteLedger(Path(folder, "vgen.db"))
            show(f"{count:,} clips, SQLite", trio.run(one_job, count, ledger, clock=faster()))
    fewer, before = 1, memory(1)
    for kind, count in {"in flight": IN_FLIGHT, "ready": 2 * IN_FLIGHT, "waiting": clips}.items():
        after = memory(count)
        print(f"KiB a clip {kind:10}{(after - before) / (count - fewer) / 1024:8.1f}")
        fewer, before = count, after


def memory(clips: int) -> int:
    """Return what is allocated for a job of so many clips, as many of them in flight as can be."""
    slots, clock = min(clips, IN_FLIGHT), MockClock(autojump_threshold=0)
    return trio.run(allocated, clips, slots, clock=clock)


@frozen
class Figures:
    """CPU milliseconds a clip, seconds of the whole, the least they can be, and busiest minutes."""

    cpu: float
    seconds: float
    best: float
    submits: int
    calls: int


def show(what: str, figures: Figures) -> None:
    """Print a line."""
    print(
        f"{what:42}{figures.cpu:8.2f}{figures.seconds:7.0f}s{figures.seconds / figures.best:9.3f}"
        f"{figures.submits:14,}{figures.calls:12,}",
        flush=True,
    )


def in_virtual_time(run: Any) -> Figures:
    """Run it in virtual time, on the ledger of the fakes."""
    figures: Figures = trio.run(run, MemoryLedger(), clock=MockClock(autojump_threshold=0))
    return figures


def faster() -> MockClock:
    """Return a clock that runs faster than the real one."""
    return MockClock(rate=FASTER)


class Account(FakeBackend):
    """A provider that notes when it is asked, and for what."""

    def __init__(self, **options: Any) -> None:
        super().__init__(capabilities=evolve(CAPABILITIES, rates=RATES), seconds=MEDIAN, **options)
        self.submits, self.calls = list[float](), list[float]()

    async def submit(self, prepared: Prepared, attempt_id: UUID) -> Ticket:
        """Count it."""
        self.submits.append(trio.current_time())
        return await super().submit(prepared, attempt_id)

    async def status(self, tickets: Sequence[Ticket]) -> Mapping[Ticket, Status]:
        """Count as many requests as it is."""
        requests = math.ceil(len(tickets) / RATES.tickets_per_call)
        self.calls += [trio.current_time()] * requests
        return await super().status(tickets)

    async def fetch(self, ticket: Ticket, path: Path) -> None:
        """Leave it uncounted: files are not on the provider's API."""
        await super().fetch(ticket, path)


def busiest(times: Sequence[float]) -> int:
    """Return how many lie within one minute, at most."""
    window, most = deque[float](), 0
    for at in times:
        window.append(at)
        while window[0] <= at - MINUTE:
            window.popleft()
        most = max(most, len(window))
    return most


def lasting(count: int) -> list[float]:
    """Return how long each of so many attempts runs."""
    random = Random(count)  # noqa: S311 (times are no secrets)
    return [
        min(random.lognormvariate(math.log(MEDIAN), SIGMA), CAPABILITIES.run_limit - 1)
        for _ in range(count)
    ]


def best(times: Sequence[float], slots: int) -> float:
    """Return the least time for these attempts in this order, on so many slots and the rate."""
    sent, running = list[float](), list[float]()
    for number, seconds in enumerate(times):
        at = heapq.heappop(running) if number >= slots else 0.0
        if number >= SUBMITS:
            at = max(at, sent[number - SUBMITS] + MINUTE)
        sent.append(max(at, sent[-1] if sent else 0.0))
        heapq.heappush(running, sent[-1] + seconds)
    return max(running)


def prompts(clips: int, first: int = 0) -> list[ClipPrompt]:
    """Return so many prompts; no two are alike."""
    return [ClipPrompt(index, f"{TEXT}, take {first + index}", 2.0) for index in range(clips)]


def account(times: Sequence[float]) -> Account:
    """Return a provider whose attempts take these times, by the numbers of their prompts."""
    return Account(
        script={
            f"{TEXT}, take {number}": [Succeed(seconds)] for number, seconds in enumerate(times)
        }
    )


async def one_job(clips: int, ledger: CostLedger) -> Figures:
    """Make one job of so many clips."""
    times = lasting(clips)

    async def work(runner: Runner) -> None:
        await runner.process(uuid4(), prompts(clips), budget=PLENTY, min_clips=clips)

    return await measured(work, times, IN_FLIGHT, ledger)


async def many_jobs(jobs: int, ledger: CostLedger) -> Figures:
    """Make so many jobs, all started at once."""
    times = lasting(jobs * OF_CLIPS)

    async def work(runner: Runner) -> None:
        async with trio.open_nursery() as nursery:
            for job in range(jobs):
                made = prompts(OF_CLIPS, job * OF_CLIPS)
                nursery.start_soon(
                    partial(runner.process, uuid4(), made, budget=PLENTY, min_clips=OF_CLIPS)
                )

    return await measured(work, times, SLOTS, ledger)


async def measured(work: Any, times: Sequence[float], slots: int, ledger: CostLedger) -> Figures:
    """Do the work, and return what it has cost."""
    provider = account(times)
    gc.collect()
    async with open_runner(
        backends=[provider],
        storage=MemoryStorage(),
        ledger=ledger,
        settings=Settings(concurrency=slots),
        inspector=inline_inspector(),
    ) as runner:
        began, at = time.process_time(), trio.current_time()
        await work(runner)
        cpu, seconds = time.process_time() - began, trio.current_time() - at
    return Figures(
        cpu * 1000 / len(times),
        seconds,
        best(times, slots),
        busiest(provider.submits),
        busiest(provider.calls),
    )


async def allocated(clips: int, slots: int) -> int:
    """Return what is allocated while a job's attempts are in flight, or wait, in bytes."""
    provider = FakeBackend(default=Hang())
    async with open_runner(
        backends=[provider],
        storage=MemoryStorage(),
        ledger=MemoryLedger(),
        settings=Settings(concurrency=slots, poll_interval=30.0),
        inspector=inline_inspector(),
    ) as runner:
        asked = prompts(clips)
        tracemalloc.start()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(partial(runner.process, uuid4(), asked, budget=PLENTY, min_clips=1))
            await trio.sleep(10.0)
            if len(provider.running) != slots:
                raise RuntimeError(f"{len(provider.running)} of {slots} are in flight")
            gc.collect()
            now, _most = tracemalloc.get_traced_memory()
            nursery.cancel_scope.cancel()
        tracemalloc.stop()
    return now


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else FLOOD)
