"""How calls and runners end on Trio and on asyncio: each test is one program for both."""

from __future__ import annotations

from functools import partial
from math import inf
from types import ModuleType, TracebackType
from typing import Any, Self
from uuid import uuid4

import anyio
import pytest
import trio
from anyio.abc import TaskGroup

from vgen import ClipStored
from vgen.errors import LedgerError
from vgen.testing import FakeBackend, Outage
from vgen.testing.faults import Faults

from .async_door import Door, until
from .parts import HANGING, PLENTY, PROMPTS, QUICK, Parts


def test_leaving_a_started_job_by_an_error_cancels_it(door: Door) -> None:
    """The block's own error propagates once the job is cancelled at the provider."""
    parts = Parts(fake=FakeBackend(script=HANGING, default=QUICK))

    async def program(vgen: ModuleType) -> None:
        job_id = uuid4()

        async def follow(runner: Any) -> None:
            async with runner.start(job_id, PROMPTS, budget=PLENTY) as job:
                async for event in job.events:
                    if isinstance(event, ClipStored):
                        raise ZeroDivisionError

        async with vgen.open_runner(**parts.arguments()) as runner:
            with pytest.raises(ZeroDivisionError):
                await follow(runner)
            assert parts.fake.running == []
            assert parts.held(job_id) == 0

    door.run(program)


def test_a_cancelled_call_returns_after_the_cleanup(door: Door) -> None:
    """Then nothing runs at the provider, and no money is held."""
    parts = Parts(fake=FakeBackend(script=HANGING, default=QUICK))

    async def program(vgen: ModuleType) -> None:
        job_id = uuid4()
        async with vgen.open_runner(**parts.arguments()) as runner:
            async with anyio.create_task_group() as group:
                group.start_soon(partial(runner.process, job_id, PROMPTS, budget=PLENTY))
                await until(lambda: len(parts.storage.files) == 4)
                assert len(parts.fake.running) == 1
                group.cancel_scope.cancel()
            assert parts.fake.running == []
            assert parts.held(job_id) == 0
            job = parts.ledger.peek(job_id)
            assert job is not None
            assert job.outcome == "interrupted"
            again = await runner.process(job_id, PROMPTS, budget=PLENTY)
            assert again.successful_clips == 3

    door.run(program)


def test_an_error_during_cancellation_is_raised(door: Door) -> None:
    """A ledger that fails while a job is cancelled raises from the job's block."""
    parts = Parts(fake=FakeBackend(script=HANGING, default=QUICK))

    async def program(vgen: ModuleType) -> None:
        async def follow(runner: Any) -> None:
            with anyio.CancelScope() as scope:
                async with runner.start(uuid4(), PROMPTS, budget=PLENTY):
                    await until(lambda: len(parts.storage.files) == 4)
                    parts.ledger.faults = Faults([Outage(ends=inf)], LedgerError)
                    scope.cancel()
                    await anyio.sleep_forever()

        async with vgen.open_runner(**parts.arguments()) as runner:
            with pytest.raises(LedgerError):
                await follow(runner)

    door.run(program)


def test_an_error_during_cleanup_becomes_a_note(door: Door) -> None:
    """A ledger that fails while a job is cancelled by an error is named in that error's notes."""
    parts = Parts(fake=FakeBackend(script=HANGING, default=QUICK))

    async def program(vgen: ModuleType) -> None:
        async def follow(runner: Any) -> None:
            async with runner.start(uuid4(), PROMPTS, budget=PLENTY):
                await until(lambda: len(parts.storage.files) == 4)
                parts.ledger.faults = Faults([Outage(ends=inf)], LedgerError)
                raise ZeroDivisionError

        async with vgen.open_runner(**parts.arguments()) as runner:
            with pytest.raises(ZeroDivisionError) as error:
                await follow(runner)
        assert error.value.__notes__ == ["and at the same time: LedgerError: advance: it is down"]

    door.run(program)


def test_leaving_waits_for_the_jobs(door: Door) -> None:
    """A runner's block ends when its jobs have ended."""
    parts = Parts()
    made: list[int] = []

    async def program(vgen: ModuleType) -> None:
        async def job(runner: Any) -> None:
            clips = await runner.process(uuid4(), PROMPTS, budget=PLENTY)
            made.append(clips.successful_clips)

        async with anyio.create_task_group() as group:
            async with vgen.open_runner(**parts.arguments()) as runner:
                group.start_soon(job, runner)
                group.start_soon(job, runner)
                await until(lambda: len(parts.fake.submitted) > len(PROMPTS))
            assert parts.fake.closed
        assert made == [3, 3]

    door.run(program)


def test_a_started_jobs_block_may_outlive_the_runner(door: Door) -> None:
    """The runner's block waits for the job, not for the job's block in another task."""
    order: list[str] = []

    async def program(vgen: ModuleType) -> None:
        closed, made = anyio.Event(), anyio.Event()

        async def follow(runner: Any) -> None:
            async with runner.start(uuid4(), PROMPTS, budget=PLENTY) as job:
                await job.result()
                made.set()
                await closed.wait()
                assert (await job.result()).successful_clips == 3
            order.append("left")

        async with anyio.create_task_group() as group:
            async with vgen.open_runner(**Parts().arguments()) as runner:
                group.start_soon(follow, runner)
                await made.wait()
            order.append("closed")
            closed.set()

    door.run(program)
    assert order == ["closed", "left"]


def test_leaving_by_an_error_cancels_the_jobs(door: Door) -> None:
    """Once the jobs are cancelled, their calls raise that the runner is closed."""
    parts = Parts(fake=FakeBackend(script=HANGING, default=QUICK))
    messages: list[str] = []

    async def program(vgen: ModuleType) -> None:
        async def job(runner: Any) -> None:
            with pytest.raises(RuntimeError) as error:
                await runner.process(uuid4(), PROMPTS, budget=PLENTY)
            messages.append(str(error.value))

        async def leave(group: TaskGroup) -> None:
            async with vgen.open_runner(**parts.arguments()) as runner:
                group.start_soon(job, runner)
                await until(lambda: len(parts.storage.files) == 4)
                raise ZeroDivisionError

        async with anyio.create_task_group() as group:
            with pytest.raises(ZeroDivisionError):
                await leave(group)
            assert parts.fake.running == []
        (message,) = messages
        assert message.startswith("the runner is closed: this call was cancelled with it")

    door.run(program)


class Pumped(FakeBackend):
    """A backend whose background task dies when it is told to."""

    dies = False

    async def __aenter__(self) -> Self:
        self._tasks = trio.open_nursery()
        (await self._tasks.__aenter__()).start_soon(self._pump)
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._tasks.__aexit__(exc_type, exc, traceback)

    async def _pump(self) -> None:
        while not self.dies:  # noqa: ASYNC110 (it is told from another thread)
            await trio.sleep(0.01)
        raise ConnectionResetError("the pump broke")


def test_callers_hear_what_has_ended_the_runner(door: Door) -> None:
    """When a plug-in's background task dies, calls under way and later ones name its error."""
    fake = Pumped(script=HANGING, default=QUICK)
    parts = Parts(fake=fake)
    errors: list[RuntimeError] = []

    async def program(vgen: ModuleType) -> None:
        async def job(runner: Any) -> None:
            for _ in range(2):
                with pytest.raises(RuntimeError) as error:
                    await runner.process(uuid4(), PROMPTS, budget=PLENTY)
                errors.append(error.value)

        async def leave(group: TaskGroup) -> None:
            async with vgen.open_runner(**parts.arguments()) as runner:
                group.start_soon(job, runner)
                await until(lambda: len(parts.storage.files) == 4)
                fake.dies = True
                await until(lambda: len(errors) == 2)

        async with anyio.create_task_group() as group:
            with pytest.raises(ConnectionResetError):
                await leave(group)
        assert "(ConnectionResetError: the pump broke)" in str(errors[0])
        assert isinstance(errors[0].__cause__, ConnectionResetError)

    door.run(program)


def test_a_closed_runner_refuses_calls(door: Door) -> None:
    """Every call of a closed runner raises `RuntimeError`."""

    async def program(vgen: ModuleType) -> None:
        async with vgen.open_runner(**Parts().arguments()) as runner:
            pass
        with pytest.raises(RuntimeError, match=r"^the runner is closed$"):
            await runner.process(uuid4(), PROMPTS)
        with pytest.raises(RuntimeError, match=r"^the runner is closed$"):
            async with runner.start(uuid4(), PROMPTS):
                pass
        assert runner.statistics().in_flight == 0

    door.run(program)
