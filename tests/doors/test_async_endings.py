"""How calls and runners end on Trio and on asyncio: each is one program, played on both."""

from __future__ import annotations

from functools import partial
from math import inf
from types import ModuleType
from typing import Any
from uuid import uuid4

import anyio
import pytest
from anyio.abc import TaskGroup

from vgen import ClipStored
from vgen.errors import LedgerError
from vgen.testing import FakeBackend, Outage
from vgen.testing.faults import Faults

from .async_door import Door, until
from .parts import HANGING, PLENTY, PROMPTS, SOON, Parts


def test_leaving_a_followed_job_by_an_error_cancels_it(door: Door) -> None:
    """The block's own error comes out, when the job has been cancelled at the provider."""
    parts = Parts(fake=FakeBackend(script=HANGING, default=SOON))

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

    door.play(program)


def test_a_cancelled_call_comes_back_when_all_is_cleaned_up(door: Door) -> None:
    """Then nothing runs at the provider any more, and no money is held."""
    parts = Parts(fake=FakeBackend(script=HANGING, default=SOON))

    async def program(vgen: ModuleType) -> None:
        job_id = uuid4()
        async with vgen.open_runner(**parts.arguments()) as runner:
            async with anyio.create_task_group() as group:
                group.start_soon(partial(runner.process, job_id, PROMPTS, budget=PLENTY))
                await until(lambda: len(parts.storage.files) == 2)
                assert len(parts.fake.running) == 1
                group.cancel_scope.cancel()
            assert parts.fake.running == []
            assert parts.held(job_id) == 0
            job = parts.ledger.peek(job_id)
            assert job is not None
            assert job.outcome == "interrupted"
            again = await runner.process(job_id, PROMPTS, budget=PLENTY)
            assert again.successful_clips == 3

    door.play(program)


def test_what_goes_wrong_while_cancelling_is_not_swallowed(door: Door) -> None:
    """A ledger that breaks just then is an error of the call's."""
    parts = Parts(fake=FakeBackend(script=HANGING, default=SOON))

    async def program(vgen: ModuleType) -> None:
        async def follow(runner: Any) -> None:
            with anyio.CancelScope() as scope:
                async with runner.start(uuid4(), PROMPTS, budget=PLENTY):
                    await until(lambda: len(parts.storage.files) == 2)
                    parts.ledger.faults = Faults([Outage(ends=inf)], LedgerError)
                    scope.cancel()
                    await anyio.sleep_forever()

        async with vgen.open_runner(**parts.arguments()) as runner:
            with pytest.raises(LedgerError):
                await follow(runner)

    door.play(program)


def test_what_goes_wrong_while_stopping_is_noted(door: Door) -> None:
    """A ledger that breaks while a job is stopped is named in the notes of what stopped it."""
    parts = Parts(fake=FakeBackend(script=HANGING, default=SOON))

    async def program(vgen: ModuleType) -> None:
        async def follow(runner: Any) -> None:
            async with runner.start(uuid4(), PROMPTS, budget=PLENTY):
                await until(lambda: len(parts.storage.files) == 2)
                parts.ledger.faults = Faults([Outage(ends=inf)], LedgerError)
                raise ZeroDivisionError

        async with vgen.open_runner(**parts.arguments()) as runner:
            with pytest.raises(ZeroDivisionError) as error:
                await follow(runner)
        assert error.value.__notes__ == ["and at the same time: LedgerError: advance: it is down"]

    door.play(program)


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
                await until(lambda: parts.fake.submitted)
            assert parts.fake.closed
        assert made == [3, 3]

    door.play(program)


def test_a_followed_jobs_block_may_outlive_the_runner(door: Door) -> None:
    """The runner's block waits for the job, and not for what is done with it in another task."""
    told: list[str] = []

    async def program(vgen: ModuleType) -> None:
        closed, made = anyio.Event(), anyio.Event()

        async def follow(runner: Any) -> None:
            async with runner.start(uuid4(), PROMPTS, budget=PLENTY) as job:
                await job.result()
                made.set()
                await closed.wait()
                assert (await job.result()).successful_clips == 3
            told.append("left")

        async with anyio.create_task_group() as group:
            async with vgen.open_runner(**Parts().arguments()) as runner:
                group.start_soon(follow, runner)
                await made.wait()
            told.append("closed")
            closed.set()

    door.play(program)
    assert told == ["closed", "left"]


def test_leaving_by_an_error_cancels_the_jobs(door: Door) -> None:
    """Their callers hear that the runner was closed, when their jobs have been cancelled."""
    parts = Parts(fake=FakeBackend(script=HANGING, default=SOON))
    told: list[str] = []

    async def program(vgen: ModuleType) -> None:
        async def job(runner: Any) -> None:
            with pytest.raises(RuntimeError) as error:
                await runner.process(uuid4(), PROMPTS, budget=PLENTY)
            told.append(str(error.value))

        async def leave(group: TaskGroup) -> None:
            async with vgen.open_runner(**parts.arguments()) as runner:
                group.start_soon(job, runner)
                await until(lambda: len(parts.storage.files) == 2)
                raise ZeroDivisionError

        async with anyio.create_task_group() as group:
            with pytest.raises(ZeroDivisionError):
                await leave(group)
            assert parts.fake.running == []
        assert told == ["the runner is closed: this call was cancelled with it"]

    door.play(program)


def test_a_closed_runner_says_so(door: Door) -> None:
    """Every call of a runner that was closed is refused in one line."""

    async def program(vgen: ModuleType) -> None:
        async with vgen.open_runner(**Parts().arguments()) as runner:
            pass
        with pytest.raises(RuntimeError, match=r"^the runner is closed$"):
            await runner.process(uuid4(), PROMPTS)
        with pytest.raises(RuntimeError, match=r"^the runner is closed$"):
            async with runner.start(uuid4(), PROMPTS):
                pass
        assert runner.statistics().in_flight == 0

    door.play(program)
