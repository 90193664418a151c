"""Promises for asyncio only: cancelled tasks, timeouts, task groups, other loops."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from uuid import uuid4

import pytest

import vgen.aio
from vgen import ClipStored
from vgen.abc import Account, Manifest
from vgen.aio import Runner
from vgen.records.money import Need
from vgen.testing import Delay, FakeBackend, MemoryLedger

from .parts import HANGING, PLENTY, PROMPTS, QUICK, Parts


async def until(condition: Callable[[], object]) -> None:
    """Wait until a condition holds, for at most 20 seconds."""
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 (what is waited for is in another thread)
            await asyncio.sleep(0.005)


def hanging() -> Parts:
    """Return parts whose third clip never ends, and takes 0.3 seconds to cancel."""
    slow = [Delay("cancel", seconds=0.3, times=9)]
    return Parts(fake=FakeBackend(script=HANGING, default=QUICK, faults=slow))


async def started(runner: Runner, parts: Parts) -> asyncio.Task[vgen.Clips]:
    """Start a job in a task, and return it when only the third clip is left."""
    task = asyncio.create_task(runner.process(uuid4(), PROMPTS, budget=PLENTY))
    await until(lambda: len(parts.storage.files) == 4)
    return task


def test_a_cancelled_task_ends_when_all_is_cleaned_up() -> None:
    """Also when it is cancelled again and again during the cleanup."""

    async def main() -> None:
        parts = hanging()
        async with vgen.aio.open_runner(**parts.arguments()) as runner:
            task = await started(runner, parts)
            task.cancel()
            while not task.done():
                await asyncio.sleep(0.01)
                task.cancel()
            assert task.cancelled()
            assert parts.fake.running == []
            assert runner.statistics().in_flight == 0

    asyncio.run(main())


def test_a_timeout_cancels_the_job() -> None:
    """`asyncio.timeout` raises `TimeoutError` once the job is cancelled at the provider."""

    async def main() -> None:
        parts = hanging()
        async with vgen.aio.open_runner(**parts.arguments()) as runner:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.5):
                    await runner.process(uuid4(), PROMPTS, budget=PLENTY)
            assert parts.fake.running == []

    asyncio.run(main())


def test_a_group_that_fails_cancels_its_jobs() -> None:
    """A job beside a task that fails in a `TaskGroup` is cancelled at the provider."""

    async def main() -> None:
        parts = hanging()

        async def fail() -> None:
            await until(lambda: len(parts.storage.files) == 4)
            raise ZeroDivisionError

        async def together(runner: Runner) -> None:
            async with asyncio.TaskGroup() as group:
                group.create_task(runner.process(uuid4(), PROMPTS, budget=PLENTY))
                group.create_task(fail())

        async with vgen.aio.open_runner(**parts.arguments()) as runner:
            with pytest.raises(ExceptionGroup) as error:
                await together(runner)
            assert error.group_contains(ZeroDivisionError)
            assert parts.fake.running == []

    asyncio.run(main())


def test_a_loop_that_ends_cleans_up() -> None:
    """Tasks that `asyncio.run` cancels at its end have their jobs cancelled at the provider."""
    parts = hanging()

    async def service() -> None:
        async with vgen.aio.open_runner(**parts.arguments()) as runner:
            await (await started(runner, parts))

    async def main() -> None:
        task = asyncio.create_task(service())
        await until(lambda: len(parts.storage.files) == 4)
        assert not task.done()

    asyncio.run(main())
    assert parts.fake.running == []
    assert parts.fake.closed
    assert "vgen" not in {thread.name for thread in threading.enumerate()}


def test_a_closed_coroutine_cancels_its_job() -> None:
    """Closing a call's coroutine, as the end of a loop may, cancels the job at the provider."""
    parts = hanging()
    arguments = parts.arguments()

    async def main() -> None:
        call = vgen.aio.process(
            uuid4(),
            PROMPTS,
            backends=arguments["backends"],
            storage=arguments["storage"],
            ledger=arguments["ledger"],
            settings=arguments["settings"],
            budget=PLENTY,
        )
        call.send(None)
        await until(lambda: len(parts.storage.files) == 4)
        call.close()
        assert parts.fake.running == []
        assert parts.fake.closed

    asyncio.run(main())


def test_reading_events_can_be_cancelled() -> None:
    """A cancelled reader loses no event: the next reader continues after the last one."""

    async def main() -> None:
        async with (
            vgen.aio.open_runner(**Parts().arguments()) as runner,
            runner.start(uuid4(), PROMPTS, budget=PLENTY) as job,
        ):
            stored = 0
            while True:
                try:
                    async with asyncio.timeout(0.001):
                        async for event in job.events:
                            stored += isinstance(event, ClipStored)
                    break
                except TimeoutError:
                    continue
            assert stored == 3

    asyncio.run(main())


def test_any_loop_may_use_a_runner() -> None:
    """A runner opened in one loop can be used from another loop in another thread."""

    async def main() -> None:
        async with vgen.aio.open_runner(**Parts().arguments()) as runner:

            async def elsewhere() -> int:
                clips = await runner.process(uuid4(), PROMPTS, budget=PLENTY)
                return clips.successful_clips

            assert await asyncio.to_thread(lambda: asyncio.run(elsewhere())) == 3

    asyncio.run(main())


def test_a_busy_trio_thread_does_not_block_the_loop() -> None:
    """A call can start, and the loop goes on, while something blocks Trio's thread."""
    busy, free = threading.Event(), threading.Event()

    class BlockingLedger(MemoryLedger):
        async def open_job(self, manifest: Manifest, need: Need) -> Account:
            busy.set()
            assert free.wait(20)
            return await super().open_job(manifest, need)

    async def main() -> None:
        async with vgen.aio.open_runner(**Parts(ledger=BlockingLedger()).arguments()) as runner:
            job = asyncio.create_task(runner.process(uuid4(), PROMPTS, budget=PLENTY))
            await until(busy.is_set)
            call = asyncio.create_task(runner.unsettled())
            await asyncio.sleep(0)
            assert not call.done()
            free.set()
            assert (await job).successful_clips == 3
            await call

    asyncio.run(main())


def test_no_task_is_left() -> None:
    """When the runner is closed, the loop has no more tasks than before."""

    async def main() -> None:
        async with vgen.aio.open_runner(**Parts().arguments()) as runner:
            await runner.process(uuid4(), PROMPTS, budget=PLENTY)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())
