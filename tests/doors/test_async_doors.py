"""The promises of a runner on Trio and on asyncio: each test is one program for both."""

from __future__ import annotations

import threading
import traceback
from contextvars import ContextVar
from functools import partial
from types import ModuleType
from uuid import uuid4

import anyio
import pytest

from vgen import (
    ClipProgress,
    ClipPrompt,
    ClipStored,
    Event,
    JobFinished,
    JobOpened,
    JobQuery,
    JobState,
    SpendingKey,
)
from vgen.abc import Account, Manifest
from vgen.errors import ConfigurationError, InsufficientClipsError, InvalidPromptsError, LedgerError
from vgen.records.money import Need
from vgen.testing import FakeBackend, MemoryLedger, Refuse

from .async_door import Door, until
from .parts import PLENTY, PROMPTS, Parts, UnreachableLedger


def test_clips_are_made(door: Door) -> None:
    """A job returns its clips, and the runner's end closes its backend."""
    parts = Parts()

    async def program(vgen: ModuleType) -> None:
        async with vgen.open_runner(**parts.arguments()) as runner:
            clips = await runner.process(uuid4(), PROMPTS, budget=PLENTY)
            assert clips.successful_clips == 3
            assert repr(runner) == "<Runner: 0 in flight, 0 waiting>"
            assert runner.statistics().in_flight == 0
        assert parts.fake.closed

    door.run(program)


def test_a_job_in_three_steps(door: Door) -> None:
    """A job can be opened, run clip by clip, and concluded."""

    async def program(vgen: ModuleType) -> None:
        job = uuid4()
        async with vgen.open_runner(**Parts().arguments()) as runner:
            manifest = await runner.open_job(job, PROMPTS, budget=PLENTY)
            for planned in manifest.clips:
                await runner.run_clip(job, planned.clip_index)
            assert (await runner.conclude(job)).successful_clips == 3
            assert (await runner.job(job)).account.held == 0
            assert await runner.unsettled() == ()
            assert await runner.reconcile() == ()

    door.run(program)


def test_a_plan_and_the_books(door: Door) -> None:
    """What a job will come to, and what it came to, by a runner and without one."""

    async def program(vgen: ModuleType) -> None:
        parts = Parts()
        async with vgen.open_runner(**parts.arguments()) as runner:
            plan = await runner.plan(PROMPTS, purses={"us": PLENTY})
            assert await runner.jobs() == ()
            await runner.process(plan.job_id, PROMPTS, budget=plan.least, purses={"us": PLENTY})
            (job,) = await runner.jobs(JobQuery(states=[JobState.FINISHED]))
            assert (job.job_id, job.made, job.account.spent) == (plan.job_id, 3, plan.expected)
            (sum_,) = await runner.spending(by=[SpendingKey.PURSE])
            assert (sum_.purse, sum_.spent, sum_.attempts) == ("us", plan.expected, 3)
        keywords = {key: value for key, value in parts.arguments().items() if key != "inspector"}
        assert (await vgen.plan(PROMPTS, **keywords)).expected == plan.expected

    door.run(program)


def test_a_job_can_be_followed(door: Door) -> None:
    """Its events come in order, from its opening to its end, and then its result."""

    async def program(vgen: ModuleType) -> None:
        async with (
            vgen.open_runner(**Parts().arguments()) as runner,
            runner.start(uuid4(), PROMPTS, budget=PLENTY) as job,
        ):
            events = [event async for event in job.events]
            clips = await job.result()
            assert [event async for event in job.events] == []
            assert "ended" in repr(job)
        assert isinstance(events[0], JobOpened)
        assert isinstance(events[-1], JobFinished)
        assert events[-1].clips == clips
        assert sum(isinstance(event, ClipStored) for event in events) == 3

    door.run(program)


def test_a_slow_reader_loses_progress_only(door: Door) -> None:
    """A reader after the job's end gets all events but the oldest progress."""

    async def program(vgen: ModuleType) -> None:
        reported: list[Event] = []
        prompts = [ClipPrompt(number, "x", 1.0) for number in range(100)]
        async with (
            vgen.open_runner(**Parts().arguments(), observer=reported.append) as runner,
            runner.start(uuid4(), prompts, budget=PLENTY) as job,
        ):
            await job.result()
            read = [event async for event in job.events]
        await until(lambda: reported and reported[-1] == read[-1])
        assert len(read) < len(reported)
        state = [event for event in reported if "Progress" not in type(event).__name__]
        assert [event for event in read if "Progress" not in type(event).__name__] == state
        assert [e for e in read if isinstance(e, ClipProgress)][-1].percent == 85

    door.run(program)


def test_errors_propagate_unchanged(door: Door) -> None:
    """An error has the documented class, its cause, and the traceback of its origin."""

    async def program(vgen: ModuleType) -> None:
        parts = Parts(fake=FakeBackend(default=Refuse()))
        async with vgen.open_runner(**parts.arguments()) as runner:
            with pytest.raises(InsufficientClipsError) as failed:
                await runner.process(uuid4(), PROMPTS, budget=PLENTY)
            assert len(failed.value.clips.failures) == 3
            with pytest.raises(InvalidPromptsError, match="clip_prompts: 2 cannot") as wrong:
                await runner.process(uuid4(), PROMPTS[:2], budget=PLENTY)
            text = "".join(traceback.format_exception(wrong.value))
            assert "vgen/drive/job/pipeline.py" in text
            assert __file__ in text
        async with vgen.open_runner(**Parts(ledger=UnreachableLedger()).arguments()) as runner:
            with pytest.raises(LedgerError, match="nobody answers") as broken:
                await runner.process(uuid4(), PROMPTS, budget=PLENTY)
            assert isinstance(broken.value.__cause__, ConnectionRefusedError)

    door.run(program)


def test_an_error_that_was_not_retrieved_is_raised(door: Door) -> None:
    """A started job that fails raises at the block's end, unless `result` has raised it."""

    async def program(vgen: ModuleType) -> None:
        parts = Parts(fake=FakeBackend(default=Refuse()))
        async with vgen.open_runner(**parts.arguments()) as runner:
            with pytest.raises(InsufficientClipsError):
                async with runner.start(uuid4(), PROMPTS, budget=PLENTY):
                    pass
            async with runner.start(uuid4(), PROMPTS, budget=PLENTY) as job:
                with pytest.raises(InsufficientClipsError):
                    await job.result()

    door.run(program)


def test_two_runners_at_once(door: Door) -> None:
    """Two runners are independent, and close in any order."""

    async def program(vgen: ModuleType) -> None:
        async with vgen.open_runner(**Parts().arguments()) as first:
            async with (
                vgen.open_runner(**Parts().arguments()) as second,
                anyio.create_task_group() as group,
            ):
                group.start_soon(partial(first.process, uuid4(), PROMPTS, budget=PLENTY))
                group.start_soon(partial(second.process, uuid4(), PROMPTS, budget=PLENTY))
            assert (await first.process(uuid4(), PROMPTS, budget=PLENTY)).successful_clips == 3

    door.run(program)


def test_observers_are_called_in_the_hosts_thread(door: Door) -> None:
    """The runner's and the job's observer get the same events; exceptions there change nothing."""
    threads = set[threading.Thread]()
    runner_events: list[Event] = []
    job_events: list[Event] = []

    def observe(event: Event) -> None:
        job_events.append(event)
        threads.add(threading.current_thread())
        raise ZeroDivisionError

    async def program(vgen: ModuleType) -> None:
        parts = Parts().arguments()
        async with vgen.open_runner(**parts, observer=runner_events.append) as runner:
            clips = await runner.process(uuid4(), PROMPTS, budget=PLENTY, observer=observe)
            assert clips.successful_clips == 3
            await until(lambda: job_events and job_events[-1] == runner_events[-1])
        assert job_events == runner_events
        assert isinstance(runner_events[-1], JobFinished)
        assert threads == {threading.current_thread()}

    door.run(program)


def test_context_variables_are_passed_on(door: Door) -> None:
    """The caller's context variables are visible in the ledger's calls."""
    customer = ContextVar("customer", default="nobody")
    seen: list[str] = []

    class ReadsContext(MemoryLedger):
        async def open_job(self, manifest: Manifest, need: Need) -> Account:
            seen.append(customer.get())
            return await super().open_job(manifest, need)

    async def program(vgen: ModuleType) -> None:
        async with vgen.open_runner(**Parts(ledger=ReadsContext()).arguments()) as runner:
            customer.set("somebody")
            await runner.process(uuid4(), PROMPTS, budget=PLENTY)

    door.run(program)
    assert seen == ["somebody"]


def test_a_runner_that_cannot_be_opened_raises(door: Door) -> None:
    """`open_runner` raises the error."""

    async def program(vgen: ModuleType) -> None:
        arguments = Parts().arguments()
        arguments["backends"] = []
        with pytest.raises(ConfigurationError, match="give at least one"):
            async with vgen.open_runner(**arguments):
                pass

    door.run(program)


def test_one_job_on_a_runner_of_its_own(door: Door) -> None:
    """`process` opens a runner, makes the clips and closes its backend."""
    parts = Parts()

    async def program(vgen: ModuleType) -> None:
        arguments = parts.arguments()
        clips = await vgen.process(
            uuid4(),
            PROMPTS,
            backends=arguments["backends"],
            storage=arguments["storage"],
            ledger=arguments["ledger"],
            settings=arguments["settings"],
            budget=PLENTY,
        )
        assert clips.successful_clips == 3
        assert parts.fake.closed

    door.run(program)
