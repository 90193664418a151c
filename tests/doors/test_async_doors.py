"""The promises of a runner on Trio and on asyncio: each is one program, played on both."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Sequence
from contextvars import ContextVar
from functools import partial
from types import ModuleType
from uuid import uuid4

import anyio
import pytest

from vgen import ClipPrompt, ClipStored, Event, JobFinished, JobOpened, JobProgress
from vgen.abc import Account, Attempt, Manifest
from vgen.errors import ConfigurationError, InsufficientClipsError, InvalidPromptsError, LedgerError
from vgen.testing import FakeBackend, MemoryLedger, Refuse

from .async_door import Door, until
from .parts import PLENTY, PROMPTS, Parts, Unreachable


def test_clips_are_made(door: Door) -> None:
    """A job's clips come back, and the runner's parts are closed with it."""
    parts = Parts()

    async def program(vgen: ModuleType) -> None:
        async with vgen.open_runner(**parts.arguments()) as runner:
            clips = await runner.process(uuid4(), PROMPTS, budget=PLENTY)
            assert clips.successful_clips == 3
            assert repr(runner) == "<Runner: 0 in flight, 0 waiting>"
            assert runner.statistics().in_flight == 0
        assert parts.fake.closed

    door.play(program)


def test_a_job_is_its_three_steps(door: Door) -> None:
    """A job can be opened, its clips made one by one, and concluded."""

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

    door.play(program)


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

    door.play(program)


def test_a_slow_reader_loses_ticks_only(door: Door) -> None:
    """Whoever reads when all is over gets every event but the oldest of mere progress."""

    async def program(vgen: ModuleType) -> None:
        told: list[Event] = []
        prompts = [ClipPrompt(number, "x", 1.0) for number in range(100)]
        async with (
            vgen.open_runner(**Parts().arguments(), observer=told.append) as runner,
            runner.start(uuid4(), prompts, budget=PLENTY) as job,
        ):
            await job.result()
            read = [event async for event in job.events]
        await until(lambda: told and told[-1] == read[-1])
        assert len(read) < len(told)
        state = [event for event in told if "Progress" not in type(event).__name__]
        assert [event for event in read if "Progress" not in type(event).__name__] == state
        assert [e for e in read if isinstance(e, JobProgress)][-1].percent == 85

    door.play(program)


def test_errors_come_bare_and_whole(door: Door) -> None:
    """An error is the class that the docs name, with its cause and the place where it arose."""

    async def program(vgen: ModuleType) -> None:
        parts = Parts(fake=FakeBackend(default=Refuse()))
        async with vgen.open_runner(**parts.arguments()) as runner:
            with pytest.raises(InsufficientClipsError) as failed:
                await runner.process(uuid4(), PROMPTS, budget=PLENTY)
            assert len(failed.value.clips.failures) == 3
            with pytest.raises(InvalidPromptsError, match="clip_prompts: 2 cannot") as wrong:
                await runner.process(uuid4(), PROMPTS[:2], budget=PLENTY)
            told = "".join(traceback.format_exception(wrong.value))
            assert "vgen/drive/job/pipeline.py" in told
            assert __file__ in told
        async with vgen.open_runner(**Parts(ledger=Unreachable()).arguments()) as runner:
            with pytest.raises(LedgerError, match="nobody answers") as broken:
                await runner.process(uuid4(), PROMPTS, budget=PLENTY)
            assert isinstance(broken.value.__cause__, ConnectionRefusedError)

    door.play(program)


def test_an_error_that_nobody_asked_for_is_raised(door: Door) -> None:
    """A followed job that fails raises at the block's end, unless its result was asked for."""

    async def program(vgen: ModuleType) -> None:
        parts = Parts(fake=FakeBackend(default=Refuse()))
        async with vgen.open_runner(**parts.arguments()) as runner:
            with pytest.raises(InsufficientClipsError):
                async with runner.start(uuid4(), PROMPTS, budget=PLENTY):
                    pass
            async with runner.start(uuid4(), PROMPTS, budget=PLENTY) as job:
                with pytest.raises(InsufficientClipsError):
                    await job.result()

    door.play(program)


def test_two_runners_at_once(door: Door) -> None:
    """Two runners do not know of each other, and close in any order."""

    async def program(vgen: ModuleType) -> None:
        async with vgen.open_runner(**Parts().arguments()) as first:
            async with (
                vgen.open_runner(**Parts().arguments()) as second,
                anyio.create_task_group() as group,
            ):
                group.start_soon(partial(first.process, uuid4(), PROMPTS, budget=PLENTY))
                group.start_soon(partial(second.process, uuid4(), PROMPTS, budget=PLENTY))
            assert (await first.process(uuid4(), PROMPTS, budget=PLENTY)).successful_clips == 3

    door.play(program)


def test_observers_are_called_in_the_hosts_thread(door: Door) -> None:
    """The runner's observer and the job's hear the same; what they raise changes nothing."""
    threads = set[threading.Thread]()
    told: list[Event] = []
    heard: list[Event] = []

    def hear(event: Event) -> None:
        heard.append(event)
        threads.add(threading.current_thread())
        raise ZeroDivisionError

    async def program(vgen: ModuleType) -> None:
        parts = Parts().arguments()
        async with vgen.open_runner(**parts, observer=told.append) as runner:
            clips = await runner.process(uuid4(), PROMPTS, budget=PLENTY, observer=hear)
            assert clips.successful_clips == 3
            await until(lambda: heard and heard[-1] == told[-1])
        assert heard == told
        assert isinstance(told[-1], JobFinished)
        assert threads == {threading.current_thread()}

    door.play(program)


def test_context_variables_cross(door: Door) -> None:
    """What the caller has set is seen by what works for it."""
    customer = ContextVar("customer", default="nobody")
    seen: list[str] = []

    class Watching(MemoryLedger):
        async def open_job(self, manifest: Manifest, holds: Sequence[Attempt]) -> Account:
            seen.append(customer.get())
            return await super().open_job(manifest, holds)

    async def program(vgen: ModuleType) -> None:
        async with vgen.open_runner(**Parts(ledger=Watching()).arguments()) as runner:
            customer.set("somebody")
            await runner.process(uuid4(), PROMPTS, budget=PLENTY)

    door.play(program)
    assert seen == ["somebody"]


def test_a_runner_that_cannot_be_opened_leaves_nothing(door: Door) -> None:
    """The error comes out of the opening."""

    async def program(vgen: ModuleType) -> None:
        arguments = Parts().arguments()
        arguments["backends"] = []
        with pytest.raises(ConfigurationError, match="give at least one"):
            async with vgen.open_runner(**arguments):
                pass

    door.play(program)


def test_one_job_on_a_runner_of_its_own(door: Door) -> None:
    """`process` opens a runner, makes the clips and closes what it was given."""
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

    door.play(program)
