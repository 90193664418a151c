"""Runners of `vgen.aio` and `vgen.blocking` on a virtual clock: hours of waiting in a moment."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from time import monotonic, sleep
from typing import Any
from uuid import UUID, uuid4

import pytest
import trio
from attrs import evolve
from trio.testing import MockClock

import vgen.aio
import vgen.blocking
from vgen import ClipProgress, DirectoryStorage, Event, Settings, SQLiteLedger
from vgen.errors import JobStoppedError
from vgen.testing import CAPABILITIES, Fail, FakeBackend, MemoryLedger, MemoryStorage, Succeed

from .parts import PLENTY, PROMPTS

HOUR = 3600.0
MOMENT = 60.0
"""More than it takes to notice an end, or to cancel a job, in seconds of the virtual clock."""

SETTINGS = Settings(concurrency=50, poll_interval=5.0)


def slow_backend(**arguments: Any) -> FakeBackend:
    """Return a backend whose clips take an hour."""
    capabilities = evolve(CAPABILITIES, run_limit=2 * HOUR)
    return FakeBackend(default=Succeed(after=HOUR), capabilities=capabilities, **arguments)


def parts(fake: FakeBackend | None = None, **others: Any) -> dict[str, Any]:
    """Return the arguments of `open_runner`, with the inspector that works in threads."""
    memory = {"storage": MemoryStorage(), "ledger": MemoryLedger(), "settings": SETTINGS}
    return {"backends": [fake or slow_backend()], **memory, **others}


def about(seconds: float) -> Any:
    """Return what equals so many seconds, or a moment more."""
    return pytest.approx(seconds + MOMENT / 2, abs=MOMENT / 2)


def sleep_there(seconds: float) -> Callable[[], Awaitable[None]]:
    """Return what sleeps on the runner's clock, for `Runner.call`."""
    return partial(trio.sleep, seconds)


def is_half_done(event: Event) -> bool:
    """Whether a clip has just taken half an hour."""
    return isinstance(event, ClipProgress) and event.fraction >= 0.5


def until(condition: Callable[[], object]) -> None:
    """Wait until a condition holds, for at most 20 seconds."""
    end = monotonic() + 20
    while not condition():
        assert monotonic() < end
        sleep(0.005)


async def go_round() -> None:
    """Do something for a while, in many steps, as a service does."""
    for _ in range(20):
        sleep(0.0005)  # noqa: ASYNC251 - here it is the work of this loop
        await asyncio.sleep(0)


def test_blocking_an_hour_passes_at_once(virtual_clock: MockClock) -> None:
    """Each clip has taken the hour that its backend says; no time passes between calls."""
    with vgen.blocking.open_runner(**parts()) as runner:
        for hours in (1, 2):
            clips = runner.process(uuid4(), PROMPTS, budget=PLENTY)
            assert [clip.generation_time for clip in clips.clips] == [about(HOUR)] * 3
            assert clips.total_generation_time == about(HOUR)
            assert virtual_clock.current_time() == about(hours * HOUR)


def test_asyncio_an_hour_passes_at_once(virtual_clock: MockClock) -> None:
    """Also for jobs at once: they wait for the same hour, and none has started after another."""

    async def one(runner: vgen.aio.Runner, number: int) -> float:
        for _ in range(number):
            await go_round()
        return (await runner.process(uuid4(), PROMPTS, budget=PLENTY)).total_generation_time

    async def program() -> None:
        async with vgen.aio.open_runner(**parts()) as runner:
            await asyncio.sleep(0.02)  # until what the opening has given the loop to do is done
            assert await asyncio.gather(*(one(runner, n) for n in range(3))) == [about(HOUR)] * 3
        assert virtual_clock.current_time() == about(HOUR)

    asyncio.run(program())


def test_blocking_two_jobs_at_once(virtual_clock: MockClock) -> None:
    """Jobs that are started in one thread wait for the same hour."""
    with (
        vgen.blocking.open_runner(**parts()) as runner,
        runner.start(uuid4(), PROMPTS, budget=PLENTY) as first,
        runner.start(uuid4(), PROMPTS, budget=PLENTY) as second,
    ):
        assert first.result().total_generation_time == about(HOUR)
        assert second.result().total_generation_time == about(HOUR)
    assert virtual_clock.current_time() == about(HOUR)


@pytest.mark.usefixtures("virtual_clock")
def test_blocking_jobs_of_many_threads() -> None:
    """Each takes its hour, whenever it comes."""
    with vgen.blocking.open_runner(**parts()) as runner, ThreadPoolExecutor(5) as pool:
        one = partial(runner.process, clip_prompts=PROMPTS, budget=PLENTY)
        made = list(pool.map(one, [uuid4() for _ in range(5)]))
    assert [clips.total_generation_time for clips in made] == [about(HOUR)] * 5


def check_retried(clips: vgen.Clips, fake: FakeBackend) -> None:
    """Check that a clip has failed twice after ten minutes, paused, and then taken its hour."""
    took = clips.clips[0].generation_time
    assert fake.submitted.count("a") == 3
    least = 600 + 200 + 600 + 400 + HOUR
    assert least <= took <= least + 0.1 * (200 + 400) + 3 * MOMENT


@pytest.mark.usefixtures("virtual_clock")
def test_pauses_between_attempts_pass_at_once() -> None:
    """What failed is tried again after a pause, which is part of the clip's time."""
    settings = evolve(SETTINGS, backoff=200.0)

    async def program(fake: FakeBackend) -> vgen.Clips:
        async with vgen.aio.open_runner(**parts(fake, settings=settings)) as runner:
            return await runner.process(uuid4(), PROMPTS, budget=PLENTY)

    script = {"a": [Fail(after=600.0)] * 2}
    fake = slow_backend(script=script)
    check_retried(asyncio.run(program(fake)), fake)
    fake = slow_backend(script=script)
    with vgen.blocking.open_runner(**parts(fake, settings=settings)) as runner:
        check_retried(runner.process(uuid4(), PROMPTS, budget=PLENTY), fake)


def test_blocking_a_job_is_stopped_after_half_an_hour(virtual_clock: MockClock) -> None:
    """By the clock, or on one of its events."""
    fake, job_id = slow_backend(), uuid4()
    with vgen.blocking.open_runner(**parts(fake)) as runner:
        with runner.start(job_id, PROMPTS, budget=PLENTY) as job:
            until(lambda: len(fake.running) == 3)
            assert virtual_clock.current_time() == 0
            runner.call(sleep_there(HOUR / 2))
            assert virtual_clock.current_time() == HOUR / 2
            runner.cancel(job_id)
            with pytest.raises(JobStoppedError):
                job.result()
        began = virtual_clock.current_time()
        assert began == about(HOUR / 2)
        with suppress(JobStoppedError), runner.start(job_id, PROMPTS, budget=PLENTY) as job:
            assert any(is_half_done(event) for event in job.events)
            assert virtual_clock.current_time() - began == about(HOUR / 2)
            runner.cancel(job_id)
    assert (fake.running, len(fake.submitted)) == ([], 6)


def test_asyncio_a_job_is_cancelled_after_half_an_hour(virtual_clock: MockClock) -> None:
    """Also while another task waits for another job: what a loop does at once takes no time."""
    fake = slow_backend()

    async def program() -> None:
        async with vgen.aio.open_runner(**parts(fake)) as runner:
            process = partial(runner.process, clip_prompts=PROMPTS, budget=PLENTY)
            cancelled, other = [asyncio.create_task(process(uuid4())) for _ in range(2)]
            await runner.call(sleep_there(HOUR / 2))
            await go_round()
            cancelled.cancel()
            with pytest.raises(asyncio.CancelledError):
                await cancelled
            assert len(fake.running) == 3
            assert virtual_clock.current_time() == HOUR / 2
            assert (await other).total_generation_time == about(HOUR)

    asyncio.run(program())


def test_asyncio_events_come_when_they_happen(virtual_clock: MockClock) -> None:
    """A reader, or an observer, finds the clock where it was, whoever else waits for a job."""
    stopping = list[asyncio.Task[None]]()

    async def stop(runner: vgen.aio.Runner, job_id: UUID) -> None:
        began = virtual_clock.current_time()
        await go_round()
        assert virtual_clock.current_time() == began
        await runner.cancel(job_id)

    async def follow(runner: vgen.aio.Runner) -> None:
        with suppress(JobStoppedError):
            async with runner.start(uuid4(), PROMPTS, budget=PLENTY) as job:
                while not is_half_done(await anext(job.events)):
                    pass
                await stop(runner, job.job_id)

    async def observe(runner: vgen.aio.Runner) -> None:
        def cancel_once(event: Event) -> None:
            if is_half_done(event) and not stopping:
                stopping.append(asyncio.create_task(stop(runner, event.job_id)))

        with pytest.raises(JobStoppedError):
            await runner.process(uuid4(), PROMPTS, budget=PLENTY, observer=cancel_once)
        await asyncio.gather(*stopping)

    async def program() -> None:
        async with vgen.aio.open_runner(**parts()) as runner:
            other = asyncio.create_task(runner.process(uuid4(), PROMPTS, budget=PLENTY))
            await follow(runner)
            assert virtual_clock.current_time() == about(HOUR / 2)
            await observe(runner)
            assert virtual_clock.current_time() == about(HOUR)
            assert (await other).total_generation_time == about(HOUR)

    asyncio.run(program())


def test_files_and_a_database_take_no_time(tmp_path: Path, virtual_clock: MockClock) -> None:
    """While worker threads are at work the clock stands still."""
    ledger = SQLiteLedger(tmp_path / "vgen.db")
    real = parts(storage=DirectoryStorage(tmp_path / "clips"), ledger=ledger)
    with vgen.blocking.open_runner(**real) as runner:
        clips = runner.process(uuid4(), PROMPTS, budget=PLENTY)
    assert clips.total_generation_time == about(HOUR)
    assert virtual_clock.current_time() == about(HOUR)


def test_one_runner_at_a_time(virtual_clock: MockClock) -> None:
    """A second one is refused; the next one goes on where the last has stopped."""
    with vgen.blocking.open_runner(**parts()) as runner:
        runner.call(sleep_there(HOUR))
        with (
            pytest.raises(RuntimeError, match="only one runner"),
            vgen.blocking.open_runner(**parts()),
        ):
            pass
    with vgen.blocking.open_runner(**parts()) as runner:
        runner.call(sleep_there(HOUR))
    assert virtual_clock.current_time() == 2 * HOUR
