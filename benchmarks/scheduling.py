"""Compare the time that jobs take with an ideal schedule of the same attempts, in virtual time.

`python benchmarks/scheduling.py [SEEDS]`

Running times are log-normal, with a median of 60 s and a sigma of 0.35; 3 in 100 attempts hang.
Preparing an image takes 4 s, and storing a clip 3 s: the first preparation and the last storing are
taken off. The ideal schedule sends an attempt in the order of the clips whenever a slot is free,
and counts one that hangs, or runs for longer than 120 s, as failed then. Beside vgen runs the plain
loop that many services have: a semaphore that is held from the image to the end of the retries, and
a question every 3 s.
"""

from __future__ import annotations

import heapq
import math
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from functools import partial
from random import Random
from statistics import mean
from typing import Any
from uuid import UUID, uuid4

import trio
from attrs import define, evolve, frozen
from trio.testing import MockClock

import vgen
from vgen.abc import ClipRequest, Image, Prepared, State, Status, StoredFile, Ticket
from vgen.errors import InsufficientClipsError
from vgen.testing import (
    CAPABILITIES,
    Behaviour,
    Fail,
    FakeBackend,
    Hang,
    MemoryLedger,
    MemoryStorage,
    Succeed,
    inline_inspector,
)

SEEDS = 60
SHAPES = [(6, 5), (30, 5), (200, 20)]
"""Clips, and how many may be in flight."""

FAILING = [0.0, 0.05, 0.2]
MEDIAN, SIGMA, STUCK, LIMIT = 60.0, 0.35, 0.03, 120.0
PREPARE, STORE = 4.0, 3.0
ATTEMPTS, INTERVAL, BACKOFF = 3, 3.0, 2.0


@frozen
class Try:
    """One attempt: how long it runs, and whether it succeeds, fails, or hangs until it is ended."""

    seconds: float
    ends: str

    def behaviour(self) -> Behaviour:
        """Return what a fake does with it."""
        if self.ends == "hangs":
            return Hang()
        return Succeed(self.seconds) if self.ends == "succeeds" else Fail(self.seconds)


def draw(seed: int, clips: int, failing: float) -> list[list[Try]]:
    """Return the attempts at each clip: as many as it takes, at most three."""
    random = Random(seed)  # noqa: S311 (times are no secrets)

    def one() -> Try:
        seconds = random.lognormvariate(math.log(MEDIAN), SIGMA)
        if random.random() < STUCK or seconds >= LIMIT:
            return Try(LIMIT, "hangs")
        return Try(seconds, "fails" if random.random() < failing else "succeeds")

    def attempts() -> list[Try]:
        made = [one()]
        while made[-1].ends != "succeeds" and len(made) < ATTEMPTS:
            made.append(one())
        return made

    return [attempts() for _ in range(clips)]


def ideal(clips: Sequence[Sequence[Try]], slots: int) -> float:
    """Return how long an ideal schedule takes."""
    waiting = [(index, 0) for index in range(len(clips))]
    running: list[tuple[float, int, int]] = []
    now = 0.0
    while waiting or running:
        while waiting and len(running) < slots:
            index, number = waiting.pop(0)
            heapq.heappush(running, (now + clips[index][number].seconds, index, number))
        now, index, number = heapq.heappop(running)
        if clips[index][number].ends != "succeeds" and number + 1 < len(clips[index]):
            waiting.insert(0, (index, number + 1))
    return now


class Provider(FakeBackend):
    """A fake that counts what it is asked, and when the end of each attempt was heard."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.asked = Counter[Ticket]()
        self.heard: dict[str, float] = {}

    async def prepare(self, request: ClipRequest, image: Image | None) -> Prepared:
        """Take as long as an image."""
        await trio.sleep(PREPARE)
        return await super().prepare(request, image)

    async def status(self, tickets: Sequence[Ticket]) -> Mapping[Ticket, Status]:
        """Count the questions, a ticket each."""
        answers = await super().status(tickets)
        for ticket in tickets:
            self.asked[ticket] += 1
            if answers[ticket].is_final:
                self.heard.setdefault(ticket.provider_id, trio.current_time())
        return answers

    def notice(self) -> float:
        """Return after how many seconds an end was heard of, on average."""
        ends = {str(each.attempt_id): each.ends_at for each in self.accepted.values()}
        late = [at - ends[key] for key, at in self.heard.items() if ends[key] < math.inf]
        return mean(late)


class SlowStorage(MemoryStorage):
    """A storage that takes its time."""

    async def write(self, key: str, path: Any) -> StoredFile:
        """Take as long as an upload."""
        await trio.sleep(STORE)
        return await super().write(key, path)


Way = Callable[[Provider, int, int], Any]


async def by_vgen(provider: Provider, clips: int, slots: int) -> None:
    """Make the clips with vgen."""
    async with (
        vgen.open_runner(
            backends=[provider],
            storage=SlowStorage(),
            ledger=MemoryLedger(),
            settings=vgen.Settings(concurrency=slots),
            inspector=inline_inspector(),
        ) as runner,
        trio.open_nursery() as nursery,
    ):
        if provider.capabilities.notifies:
            nursery.start_soon(provider.send_webhooks, runner)
        prompts = [vgen.ClipPrompt(index, str(index), 2.0) for index in range(clips)]
        with suppress(InsufficientClipsError):
            await runner.process(uuid4(), prompts, budget=Decimal(10_000), min_clips=1)
        nursery.cancel_scope.cancel()


@define
class PlainLoop:
    """The loop that many services have."""

    provider: Provider
    slots: trio.Semaphore

    async def clip(self, prompt: str) -> None:
        """Make one clip."""
        async with self.slots:
            for number in range(ATTEMPTS):
                request = ClipRequest(prompt, 2.0, 64, 64, 8, 100, 20)
                prepared = await self.provider.prepare(request, None)
                ticket = await self.provider.submit(
                    prepared, UUID(int=hash((prompt, number)) & MASK)
                )
                if await self._succeeds(ticket):
                    await trio.sleep(STORE)
                    return
                await trio.sleep(BACKOFF * 2**number)

    async def _succeeds(self, ticket: Ticket) -> bool:
        with trio.move_on_after(LIMIT):
            while True:
                await trio.sleep(INTERVAL)
                status = (await self.provider.status([ticket]))[ticket]
                if status.is_final:
                    return status.state is State.SUCCEEDED
        await self.provider.cancel(ticket)
        return False


MASK = 2**128 - 1


async def by_plain_loop(provider: Provider, clips: int, slots: int) -> None:
    """Make the clips with a plain loop."""
    loop = PlainLoop(provider, trio.Semaphore(slots))
    async with trio.open_nursery() as nursery:
        for index in range(clips):
            nursery.start_soon(loop.clip, str(index))


async def measured(
    way: Way, attempts: list[list[Try]], slots: int, *, tells: bool, notifies: bool
) -> list[float]:
    """Return how long the job takes, the questions a clip, and how late their ends are heard of."""
    script = {str(i): [each.behaviour() for each in tries] for i, tries in enumerate(attempts)}
    provider = Provider(
        script=script,
        seconds=MEDIAN,
        tells_progress=tells,
        capabilities=evolve(CAPABILITIES, notifies=notifies),
    )
    began = trio.current_time()
    await way(provider, len(attempts), slots)
    took = trio.current_time() - began - PREPARE - STORE
    return [took, provider.asked.total() / len(attempts), provider.notice()]


def main(seeds: int) -> None:
    """Print the table."""
    ways: dict[str, tuple[Way, bool, bool]] = {
        "vgen, progress told": (by_vgen, True, False),
        "vgen, no progress": (by_vgen, False, False),
        "vgen, webhooks": (by_vgen, False, True),
        "plain loop": (by_plain_loop, False, False),
    }
    print("clips slots  fail                       to ideal questions   late")
    for clips, slots in SHAPES:
        for failing in FAILING:
            jobs = [draw(1000 * seed + clips, clips, failing) for seed in range(seeds)]
            best = sum(ideal(job, slots) for job in jobs)
            for name, (way, tells, notifies) in ways.items():
                run = partial(measured, way, tells=tells, notifies=notifies)
                results = [
                    trio.run(partial(run, job, slots), clock=MockClock(autojump_threshold=0))
                    for job in jobs
                ]
                took, asked, late = (list(each) for each in zip(*results, strict=True))
                figures = f"{sum(took) / best:8.3f} {mean(asked):9.1f} {mean(late):5.2f}s"
                print(f"{clips:5} {slots:5} {failing:5.0%}  {name:20} {figures}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else SEEDS)
