"""How jobs share the slots of a runner, and how few of their clips wait as tasks."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
import trio
from attrs import evolve
from trio.testing import MockClock

from tests.drive.jobs import JOB, PLENTY, Fakes, prompts
from vgen import ClipPrompt, ClipQueued, MoneyHeld, Runner, Settings
from vgen.abc import ClipRequest, Image, Prepared, Quote
from vgen.errors import InvalidPromptsError
from vgen.testing import CAPABILITIES, Fail, FakeBackend, MemoryLedger, MemoryStorage, Succeed
from vgen.testing.clips import tiny_picture

MINUTE = Succeed(after=60.0)


def named(name: str, count: int) -> list[ClipPrompt]:
    """Return so many prompts of a job."""
    return [ClipPrompt(index, f"{name}{index}", 2.0) for index in range(count)]


async def timed(
    runner: Runner, times: dict[str, float], name: str, count: int, **options: Any
) -> None:
    """Make a job, and note how long that took."""
    began = trio.current_time()
    await runner.process(uuid4(), named(name, count), budget=PLENTY, min_clips=1, **options)
    times[name] = trio.current_time() - began


async def test_a_small_job_does_not_wait_for_a_large_one(autojump_clock: MockClock) -> None:
    """Six clips beside 500 take at most half as long again as alone, and a clip that runs."""
    times: dict[str, float] = {}
    fakes = Fakes([FakeBackend(default=MINUTE)], settings=Settings(concurrency=5))
    async with fakes.runner() as runner, trio.open_nursery() as nursery:
        await timed(runner, times, "alone", 6)
        nursery.start_soon(timed, runner, times, "large", 60)
        await trio.sleep(90)
        await timed(runner, times, "small", 6)
    assert times["small"] <= 1.5 * times["alone"] + 60
    assert times["large"] > times["small"]


async def test_jobs_have_as_many_slots_each(autojump_clock: MockClock) -> None:
    """A later job gets its half of those that free, though the first has fewer clips left."""
    fake = FakeBackend(default=MINUTE)
    fakes = Fakes([fake], settings=Settings(concurrency=4))
    async with fakes.runner() as runner, trio.open_nursery() as nursery:
        nursery.start_soon(partial(timed, runner, {}, "first", 12))
        await trio.sleep(1)
        nursery.start_soon(partial(timed, runner, {}, "second", 12))
    order = "".join(name[0] for name in fake.submitted)
    assert order[:8] == 8 * "f"  # four of them were ready already
    assert [order[begin : begin + 4].count("s") for begin in (8, 12)] == [2, 2]


async def test_a_job_of_a_higher_priority_is_first(autojump_clock: MockClock) -> None:
    """It gets every slot that frees, until its clips are begun."""
    times: dict[str, float] = {}
    fake = FakeBackend(default=MINUTE)
    fakes = Fakes([fake], settings=Settings(concurrency=3))
    async with fakes.runner() as runner, trio.open_nursery() as nursery:
        nursery.start_soon(partial(timed, runner, times, "low", 12, priority=3))
        await trio.sleep(1)
        nursery.start_soon(partial(timed, runner, times, "high", 9, priority=9))
    order = "".join(name[0] for name in fake.submitted)
    assert order == "lll" + 9 * "h" + 9 * "l"


@pytest.mark.parametrize("priority", [-1, 10])
async def test_priorities_are_from_0_to_9(autojump_clock: MockClock, priority: int) -> None:
    """Another is refused, before anything is sent."""
    async with Fakes().runner() as runner:
        with pytest.raises(InvalidPromptsError, match="priority: must be from 0 to 9, got"):
            await runner.process(JOB, prompts(*"abc"), priority=priority)


async def test_clips_begin_in_the_order_of_their_indexes(autojump_clock: MockClock) -> None:
    """One after the other, as slots get free."""
    fake = FakeBackend(default=Succeed(after=5))
    fakes = Fakes([fake], settings=Settings(concurrency=1))
    async with fakes.runner() as runner:
        await runner.process(JOB, list(reversed(prompts(*"abcdefgh"))), budget=PLENTY)
    assert fake.submitted == [*"abcdefgh"]


async def test_long_clips_begin_first(autojump_clock: MockClock) -> None:
    """Where their times are declared: none is left to run alone at the end."""

    class ByLength(FakeBackend):
        def quote(self, request: ClipRequest) -> Quote:
            return evolve(super().quote(request), seconds=10 * request.duration)

    fakes = Fakes([ByLength()], settings=Settings(concurrency=1))
    given = [ClipPrompt(i, f"{i}", seconds) for i, seconds in enumerate((1.0, 4.0, 2.0, 4.0))]
    async with fakes.runner() as runner:
        await runner.process(JOB, given, budget=PLENTY)
    assert fakes.backend.submitted == ["1", "3", "2", "0"]


async def test_a_clip_that_was_paid_for_is_first_in_line(autojump_clock: MockClock) -> None:
    """Its next attempt comes before the clips that are not begun."""
    fake = FakeBackend(script={"a": [Fail(after=1)]}, default=Succeed(after=10))
    fakes = Fakes([fake], settings=Settings(concurrency=1))
    async with fakes.runner() as runner:
        await runner.process(JOB, prompts(*"abcdef"), budget=PLENTY)
    assert fake.submitted == [*"abacdef"]


async def test_clips_that_wait_are_no_tasks(autojump_clock: MockClock) -> None:
    """Few more are claimed than can be in flight, however many a job has."""
    most = 0

    class Counts(MemoryLedger):
        async def claim(self, *arguments: Any, **options: Any) -> Any:
            nonlocal most
            most = max(most, trio.lowlevel.current_statistics().tasks_living)
            return await super().claim(*arguments, **options)

    fakes = Fakes([FakeBackend()], ledger=Counts(), settings=Settings(concurrency=4))
    async with fakes.runner() as runner:
        clips = await runner.process(JOB, named("clip", 200), budget=PLENTY)
        assert runner.statistics().waiting == 0
    assert clips.successful_clips == 200
    assert most < 60


async def test_the_next_clip_is_ready_when_a_slot_frees(autojump_clock: MockClock) -> None:
    """Images are made ready beforehand: a slot that frees is taken at that moment."""

    class Slow(FakeBackend):
        async def prepare(self, request: ClipRequest, image: Image | None) -> Prepared:
            await trio.sleep(4)
            return await super().prepare(request, image)

    fakes = Fakes([Slow(default=MINUTE)], settings=Settings(concurrency=2))
    async with fakes.runner() as runner:
        began = trio.current_time()
        await runner.process(JOB, prompts(*"abcdef"), budget=PLENTY)
        took = trio.current_time() - began
    assert 184 <= took < 187


async def test_another_attempt_needs_no_new_preparation(autojump_clock: MockClock) -> None:
    """What was uploaded for the first attempt on a backend serves the next."""
    fake = FakeBackend(script={"a": [Fail(), Fail()]})
    async with Fakes([fake]).runner() as runner:
        await runner.process(JOB, prompts(*"abc"), budget=PLENTY)
    assert len(fake.prepared) == 3


async def test_a_backend_of_its_own_limit_holds_up_no_other(autojump_clock: MockClock) -> None:
    """While one backend is full, clips that begin on another go on."""
    images = evolve(CAPABILITIES, text=False, image=True, max_concurrent=1)
    slow = FakeBackend("slow", capabilities=images, default=Succeed(after=100))
    quick = FakeBackend("quick", default=Succeed(after=1))
    storage = MemoryStorage({"scene.png": tiny_picture()})
    fakes = Fakes([slow, quick], storage=storage, settings=Settings(concurrency=4))
    others = [evolve(one, clip_index=6 + one.clip_index) for one in prompts(*"uvwxyz")]
    given = prompts(*"abcdef", image="scene.png") + others
    async with fakes.runner() as runner, trio.open_nursery() as nursery:
        nursery.start_soon(partial(runner.process, JOB, given, budget=PLENTY))
        await trio.sleep(50)
        assert (slow.submitted, sorted(quick.submitted)) == (["a"], [*"uvwxyz"])


async def test_a_job_short_of_money_gets_no_more_clips_ready(autojump_clock: MockClock) -> None:
    """While one of its clips waits for money, no further one is begun; all are made in the end."""
    fake = FakeBackend(hold=Decimal("1.00"))
    fakes = Fakes([fake], settings=Settings(concurrency=3))
    async with fakes.runner() as runner:
        given = named("clip", 12)
        clips = await runner.process(JOB, given, budget=Decimal("3.50"), min_clips=1)
    assert clips.successful_clips == 12
    begun: set[int] = set()
    held: set[int] = set()
    for event in fakes.events:
        if isinstance(event, ClipQueued | MoneyHeld):
            (begun if isinstance(event, ClipQueued) else held).add(event.clip_index)
            assert len(begun - held) <= 6
