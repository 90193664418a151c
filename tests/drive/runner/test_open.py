"""Opening a runner, and the errors that leave its block."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from tests.drive.jobs import JOB, PLENTY, Fakes, prompts
from vgen import DirectoryStorage, GenerationSettings, Settings, StartedJob, process
from vgen.errors import ConfigurationError
from vgen.ports.events import Event
from vgen.testing import FakeBackend, MemoryLedger, Succeed


async def test_errors_of_the_block_keep_their_shape() -> None:
    """An exception from the block propagates unchanged, also an exception group."""
    fakes = Fakes()
    with pytest.raises(ZeroDivisionError):
        async with fakes.runner():
            raise ZeroDivisionError
    with pytest.raises(ExceptionGroup) as caught:
        async with fakes.runner():
            raise ExceptionGroup("the caller's own", [ValueError("one"), ValueError("two")])
    assert caught.value.message == "the caller's own"
    assert fakes.backend.closed


@pytest.mark.parametrize("names", [(), ("one", "one")])
async def test_a_route_needs_backends_of_different_names(names: Sequence[str]) -> None:
    """No backend, or one twice, is a configuration error."""
    with pytest.raises(ConfigurationError, match="backends"):
        async with Fakes([FakeBackend(name) for name in names]).runner():
            pass


async def test_one_job_on_a_runner_of_its_own(tmp_path: Path) -> None:
    """`process` opens a runner, makes the clips and closes its backend."""
    fake, events = FakeBackend(default=Succeed(after=0)), list[Event]()
    settings = Settings(poll_interval=0.01, generation=GenerationSettings(max_duration=0.5))
    clips = await process(
        JOB,
        prompts(*"abc"),
        backends=[fake],
        storage=DirectoryStorage(tmp_path),
        ledger=MemoryLedger(),
        settings=settings,
        observer=events.append,
        budget=PLENTY,
    )
    assert clips.successful_clips == 3
    assert fake.closed


async def test_a_cancelled_job_has_no_result(autojump_clock: MockClock) -> None:
    """Whoever asks for it afterwards is told so."""
    jobs: list[StartedJob] = []
    async with Fakes().runner() as runner:
        with trio.move_on_after(5):
            async with runner.start(JOB, prompts(*"abc"), budget=PLENTY) as job:
                jobs.append(job)
                await trio.sleep_forever()
        with pytest.raises(RuntimeError, match="the job was cancelled"):
            await jobs[0].result()
