"""Log records have the job, clip and attempt that they are about."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from uuid import UUID

import pytest
import trio
from trio.testing import MockClock

from tests.drive.jobs import JOB, PLENTY, Fakes, prompts
from vgen import ClipProgress, Event, aio
from vgen.abc import Capabilities, RenderBackend
from vgen.errors import InsufficientClipsError
from vgen.records.request import ClipRequest, Image, Prepared
from vgen.records.status import Ticket
from vgen.testing import (
    Break,
    Fail,
    FakeBackend,
    LoseAnswer,
    MemoryLedger,
    MemoryStorage,
    Succeed,
    tiny_clip,
)

OTHER = UUID(int=7)
JOB_STRING = str(JOB)
FIELDS = ("job_id", "clip_index", "attempt")
PROGRAM = """
import logging, vgen
logging.getLogger("vgen").error("not shown")
logging.basicConfig(format="%(job_id)s %(clip_index)s %(attempt)s %(message)s")
logging.getLogger("vgen").error("shown")
"""

logger = logging.getLogger("vgen")


@pytest.fixture(autouse=True)
def _listening(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "vgen")


def contexts(caplog: pytest.LogCaptureFixture, part: str = "") -> list[tuple[object, ...]]:
    """Return job, clip and attempt of the records whose message contains `part`."""
    found = [record for record in caplog.records if part in record.getMessage()]
    assert all(record.name == "vgen" for record in found)
    return [tuple(getattr(record, name) for name in FIELDS) for record in found]


async def attempts(fakes: Fakes, clip_index: int) -> list[str]:
    """Return the ids of a clip's attempts."""
    return [str(each.attempt_id) for each in await fakes.ledger.attempts(JOB, clip_index)]


def test_nothing_is_logged_until_logging_is_configured() -> None:
    """A formatter with the three fields works once vgen is imported."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == ("", "None None None shown\n")


class LogsSubmits(FakeBackend):
    """A plug-in that logs its submits, once with an `attempt` field of its own."""

    async def submit(self, prepared: Prepared, attempt_id: UUID) -> Ticket:
        logger.info("sending %s", prepared.request.prompt, extra={"attempt": "mine"})
        logger.info("sent %s", prepared.request.prompt)
        return await super().submit(prepared, attempt_id)


async def test_a_plug_ins_records_have_the_attempt(
    caplog: pytest.LogCaptureFixture, autojump_clock: MockClock
) -> None:
    """Records of a plug-in in the logger "vgen" have the attempt; its own fields stay."""
    fakes = Fakes([LogsSubmits()])
    async with fakes.runner() as runner:
        await runner.process(JOB, prompts(*"abc"), budget=PLENTY)
    for index, text in enumerate("abc"):
        (attempt,) = await attempts(fakes, index)
        assert contexts(caplog, f"sent {text}") == [(JOB_STRING, index, attempt)]
        assert contexts(caplog, f"sending {text}") == [(JOB_STRING, index, "mine")]


async def test_jobs_that_run_at_once_are_kept_apart(
    caplog: pytest.LogCaptureFixture, autojump_clock: MockClock
) -> None:
    """A record has its own job, with several jobs on one runner."""
    fakes = Fakes([LogsSubmits()])
    async with fakes.runner() as runner, trio.open_nursery() as nursery:
        for job_id, texts in ((JOB, "abc"), (OTHER, "xyz")):
            process = partial(runner.process, budget=PLENTY)
            nursery.start_soon(process, job_id, prompts(*texts))
    for job_id, texts in ((JOB, "abc"), (OTHER, "xyz")):
        found = [context for text in texts for context in contexts(caplog, f"sent {text}")]
        assert {job for job, *_ in found} == {str(job_id)}


async def test_a_clips_records_have_no_attempt(
    caplog: pytest.LogCaptureFixture, autojump_clock: MockClock
) -> None:
    """Records from between a clip's attempts have none."""
    fakes = Fakes([FakeBackend(script={"b": [Fail()] * 3})])
    async with fakes.runner() as runner:
        await runner.process(JOB, prompts(*"abcd"), budget=PLENTY)
    assert contexts(caplog, "given up") == [(JOB_STRING, 1, None)]


async def test_an_observers_records_have_the_events_attempt(
    caplog: pytest.LogCaptureFixture, autojump_clock: MockClock
) -> None:
    """Also for progress, which one `status` call reports for all attempts."""

    def observe(event: Event) -> None:
        logger.info("event %s %s", type(event).__name__, getattr(event, "clip_index", ""))

    fakes = Fakes(observer=observe)
    async with fakes.runner() as runner:
        await runner.process(JOB, prompts(*"abc"), budget=PLENTY)
    assert contexts(caplog, "event JobOpened") == contexts(caplog, "event JobFinished")
    assert contexts(caplog, "event JobOpened") == [(JOB_STRING, None, None)]
    for index in range(3):
        (attempt,) = await attempts(fakes, index)
        *told, last = contexts(caplog, f"event {ClipProgress.__name__} {index}")
        assert last == (JOB_STRING, index, None)
        assert set(told) == {(JOB_STRING, index, attempt)}


async def test_a_batched_status_call_has_no_attempt(
    caplog: pytest.LogCaptureFixture, autojump_clock: MockClock
) -> None:
    """A `status` call for many tickets belongs to no single job."""
    fakes = Fakes([FakeBackend(faults=[Break("status")])])
    async with fakes.runner() as runner:
        await runner.process(JOB, prompts(*"abc"), budget=PLENTY)
    assert contexts(caplog, "did not answer") == [(None, None, None)]


async def test_reconciling_logs_the_attempt(
    caplog: pytest.LogCaptureFixture, autojump_clock: MockClock
) -> None:
    """Records of `reconcile` have the attempt."""
    fakes = Fakes(
        [
            FakeBackend(
                script={"a": [LoseAnswer(Succeed(truncated_downloads=1), findable_after=500)]}
            )
        ]
    )
    async with fakes.runner() as runner:
        with pytest.raises(InsufficientClipsError):
            await runner.process(JOB, prompts(*"abc"), budget=PLENTY)
        await trio.sleep(500)
        await runner.reconcile()
    (attempt,) = await attempts(fakes, 0)
    assert contexts(caplog, "download 1 failed") == [(JOB_STRING, 0, attempt)]


async def test_a_claim_that_cannot_be_released_logs_the_attempt(
    caplog: pytest.LogCaptureFixture, autojump_clock: MockClock
) -> None:
    """Also records from before and after `reconcile` works on an attempt."""
    fake = FakeBackend(script={"a": [LoseAnswer(Succeed(), findable_after=500)]})
    fakes = Fakes([fake], ledger=MemoryLedger([Break("release", nth=4)]))
    async with fakes.runner() as runner:
        with pytest.raises(InsufficientClipsError):
            await runner.process(JOB, prompts(*"abc"), budget=PLENTY)
        await trio.sleep(500)
        await runner.reconcile()
    (attempt,) = await attempts(fakes, 0)
    assert contexts(caplog, "stays claimed") == [(JOB_STRING, 0, attempt)]


async def test_a_job_in_steps_logs_the_job(
    caplog: pytest.LogCaptureFixture, autojump_clock: MockClock
) -> None:
    """A job that is opened, run clip by clip and concluded logs like a whole one."""

    def observe(event: Event) -> None:
        logger.info("event %s", type(event).__name__)

    async with Fakes(observer=observe).runner() as runner:
        await runner.open_job(JOB, prompts(*"abc"), budget=PLENTY)
        for index in range(3):
            await runner.run_clip(JOB, index)
        await runner.conclude(JOB)
    assert contexts(caplog, "event JobOpened") == [(JOB_STRING, None, None)]
    assert contexts(caplog, "event JobFinished") == [(JOB_STRING, None, None)]
    assert contexts(caplog, "event ClipStored") == [(JOB_STRING, index, None) for index in range(3)]


def render(
    request: ClipRequest, image: Image | None, path: Path, progress: Callable[[float], None]
) -> None:
    """Render, and log from the worker thread."""
    logger.info("drawing")
    path.write_bytes(tiny_clip(request.duration))


def test_worker_threads_and_asyncio_have_the_context(caplog: pytest.LogCaptureFixture) -> None:
    """Records from a worker thread and from an observer in asyncio's loop have the fields."""
    ledger = MemoryLedger()
    draws = Capabilities(text=True, image=False, durations=(0.25, 60.0), any_duration=True)

    def observe(event: Event) -> None:
        logger.info("event %s", type(event).__name__)

    async def main() -> None:
        await aio.process(
            JOB,
            prompts("a"),
            backends=[RenderBackend("drawn", render, capabilities=draws)],
            storage=MemoryStorage(),
            ledger=ledger,
            observer=observe,
            min_clips=1,
        )

    asyncio.run(main())
    ((*job_and_clip, attempt),) = contexts(caplog, "drawing")
    assert job_and_clip == [JOB_STRING, 0]
    (attempt_id,) = (each.attempt_id for each in trio.run(ledger.attempts, JOB, 0))
    assert attempt == str(attempt_id)
    assert contexts(caplog, "event AttemptSubmitted") == [(JOB_STRING, 0, attempt)]
