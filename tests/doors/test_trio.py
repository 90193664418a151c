"""Promises for Trio only: other Trio runs, and cancel scopes around a runner."""

from __future__ import annotations

from functools import partial
from uuid import uuid4

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

import vgen
from vgen.testing import FakeBackend

from .parts import HANGING, PLENTY, PROMPTS, Parts

ELSEWHERE = "the runner was opened in another Trio run"


async def test_another_run_is_refused() -> None:
    """Using a runner from another Trio run raises `RuntimeError`, which names `vgen.aio`."""
    async with vgen.open_runner(**Parts().arguments()) as runner:
        process = partial(runner.process, uuid4(), PROMPTS, budget=PLENTY)
        with pytest.raises(RuntimeError, match=f"{ELSEWHERE}: from asyncio use vgen.aio"):
            await trio.to_thread.run_sync(trio.run, process)


async def test_a_thread_without_trio_is_refused() -> None:
    """So is a call from a thread without an event loop."""
    async with vgen.open_runner(**Parts().arguments()) as runner:
        call = runner.unsettled()
        with pytest.raises(RuntimeError, match=ELSEWHERE):
            await trio.to_thread.run_sync(call.send, None)
        call.close()


async def test_leaving_can_be_cancelled(autojump_clock: MockClock) -> None:
    """Cancelling the wait at the end of the runner's block cancels its jobs."""
    parts = Parts(fake=FakeBackend(script=HANGING))

    async def job(runner: vgen.Runner) -> None:
        with pytest.raises(RuntimeError, match="was cancelled with it"):
            await runner.process(uuid4(), PROMPTS, budget=PLENTY)

    async with trio.open_nursery() as nursery:
        with trio.move_on_after(30) as scope:
            async with vgen.open_runner(**parts.arguments()) as runner:
                nursery.start_soon(job, runner)
                await wait_all_tasks_blocked()
        assert scope.cancelled_caught
        assert parts.fake.running == []
        assert parts.fake.closed


async def test_a_job_may_be_followed_from_any_task(autojump_clock: MockClock) -> None:
    """Its events and its result can be awaited in other tasks than the block's own."""
    kinds: list[str] = []

    async def read(job: vgen.StartedJob) -> None:
        kinds.extend([type(event).__name__ async for event in job.events])

    async with (
        vgen.open_runner(**Parts().arguments()) as runner,
        runner.start(uuid4(), PROMPTS, budget=PLENTY) as job,
        trio.open_nursery() as nursery,
    ):
        nursery.start_soon(read, job)
        assert repr(job) == f"<StartedJob {job.job_id}: at work>"
        assert (await job.result()).successful_clips == 3
    assert kinds[0] == "JobOpened"
    assert kinds[-1] == "JobFinished"
