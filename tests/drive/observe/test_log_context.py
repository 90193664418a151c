"""What vgen logs says of which job, clip and attempt it speaks."""

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
THIS = str(JOB)
NAMES = ("job_id", "clip_index", "attempt")
SILENT = """
import logging, vgen
logging.getLogger("vgen").error("unheard")
logging.basicConfig(format="%(job_id)s %(clip_index)s %(attempt)s %(message)s")
logging.getLogger("vgen").error("heard")
"""

logger = logging.getLogger("vgen")


@pytest.fixture(autouse=True)
def _listening(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "vgen")


def contexts(caplog: pytest.LogCaptureFixture, part: str = "") -> list[tuple[object, ...]]:
    """Give job, clip and attempt of the records with a part in their message."""
    found = [record for record in caplog.records if part in record.getMessage()]
    assert all(record.name == "vgen" for record in found)
    return [tuple(getattr(record, name) for name in NAMES) for record in found]


async def attempts(fakes: Fakes, clip_index: int) -> list[str]:
    """Give the ids of a clip's attempts."""
    return [str(each.attempt_id) for each in await fakes.ledger.attempts(JOB, clip_index)]


def test_it_is_silent_until_a_host_listens() -> None:
    """A formatter that names the three needs nothing but vgen to be imported."""
    done = subprocess.run(
        [sys.executable, "-c", SILENT], capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == ("", "None None None heard\n")


class Chatty(FakeBackend):
    """A plug-in that logs what it submits, with a detail of its own."""

    async def submit(self, prepared: Prepared, attempt_id: UUID) -> Ticket:
        logger.info("sending %s", prepared.request.prompt, extra={"attempt": "mine"})
        logger.info("sent %s", prepared.request.prompt)
        return await super().submit(prepared, attempt_id)


async def test_a_plugin_logs_of_the_attempt(
    caplog: pytest.LogCaptureFixture, autojump_clock: MockClock
) -> None:
    """What a plug-in logs to the logger "vgen" has the attempt's place; its own fields stay."""
    fakes = Fakes([Chatty()])
    async with fakes.runner() as runner:
        await runner.process(JOB, prompts(*"abc"), budget=PLENTY)
    for index, text in enumerate("abc"):
        (attempt,) = await attempts(fakes, index)
        assert contexts(caplog, f"sent {text}") == [(THIS, index, attempt)]
        assert contexts(caplog, f"sending {text}") == [(THIS, index, "mine")]


async def test_jobs_that_run_at_once_are_kept_apart(
    caplog: pytest.LogCaptureFixture, autojump_clock: MockClock
) -> None:
    """A record has the job that it is about, whatever else the runner is at."""
    fakes = Fakes([Chatty()])
    async with fakes.runner() as runner, trio.open_nursery() as nursery:
        for job_id, texts in ((JOB, "abc"), (OTHER, "xyz")):
            process = partial(runner.process, budget=PLENTY)
            nursery.start_soon(process, job_id, prompts(*texts))
    assert {place[0] for text in "abc" for place in contexts(caplog, f"sent {text}")} == {THIS}
    assert {place[0] for text in "xyz" for place in contexts(caplog, f"sent {text}")} == {
        str(OTHER)
    }


async def test_what_a_clip_logs_has_no_attempt(
    caplog: pytest.LogCaptureFixture, autojump_clock: MockClock
) -> None:
    """Between its attempts a clip logs without one."""
    fakes = Fakes([FakeBackend(script={"b": [Fail()] * 3})])
    async with fakes.runner() as runner:
        await runner.process(JOB, prompts(*"abcd"), budget=PLENTY)
    assert contexts(caplog, "given up") == [(THIS, 1, None)]


async def test_an_observer_logs_of_what_it_is_told(
    caplog: pytest.LogCaptureFixture, autojump_clock: MockClock
) -> None:
    """Also of progress, which all attempts learn of in one answer."""

    def observe(event: Event) -> None:
        logger.info("told %s %s", type(event).__name__, getattr(event, "clip_index", ""))

    fakes = Fakes(observer=observe)
    async with fakes.runner() as runner:
        await runner.process(JOB, prompts(*"abc"), budget=PLENTY)
    assert contexts(caplog, "told JobOpened") == contexts(caplog, "told JobFinished")
    assert contexts(caplog, "told JobOpened") == [(THIS, None, None)]
    for index in range(3):
        (attempt,) = await attempts(fakes, index)
        assert set(contexts(caplog, f"told {ClipProgress.__name__} {index}")) == {
            (THIS, index, attempt)
        }


async def test_what_is_asked_for_all_attempts_is_of_none(
    caplog: pytest.LogCaptureFixture, autojump_clock: MockClock
) -> None:
    """The question for many tickets belongs to no single job."""
    fakes = Fakes([FakeBackend(faults=[Break("status")])])
    async with fakes.runner() as runner:
        await runner.process(JOB, prompts(*"abc"), budget=PLENTY)
    assert contexts(caplog, "did not answer") == [(None, None, None)]


async def test_what_was_left_open_is_logged_of_its_attempt(
    caplog: pytest.LogCaptureFixture, autojump_clock: MockClock
) -> None:
    """`reconcile` says of whom it speaks."""
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
    assert contexts(caplog, "download 1 failed") == [(THIS, 0, attempt)]


async def test_a_claim_that_stays_is_logged_of_its_attempt(
    caplog: pytest.LogCaptureFixture, autojump_clock: MockClock
) -> None:
    """Also what `reconcile` says before and after it has worked on one."""
    fake = FakeBackend(script={"a": [LoseAnswer(Succeed(), findable_after=500)]})
    fakes = Fakes([fake], ledger=MemoryLedger([Break("release", nth=4)]))
    async with fakes.runner() as runner:
        with pytest.raises(InsufficientClipsError):
            await runner.process(JOB, prompts(*"abc"), budget=PLENTY)
        await trio.sleep(500)
        await runner.reconcile()
    (attempt,) = await attempts(fakes, 0)
    assert contexts(caplog, "stays claimed") == [(THIS, 0, attempt)]


async def test_a_jobs_steps_log_of_it(
    caplog: pytest.LogCaptureFixture, autojump_clock: MockClock
) -> None:
    """Opened, its clips made and concluded one by one, a job is the same to the log."""

    def observe(event: Event) -> None:
        logger.info("told %s", type(event).__name__)

    async with Fakes(observer=observe).runner() as runner:
        await runner.open_job(JOB, prompts(*"abc"), budget=PLENTY)
        for index in range(3):
            await runner.run_clip(JOB, index)
        await runner.conclude(JOB)
    assert contexts(caplog, "told JobOpened") == [(THIS, None, None)]
    assert contexts(caplog, "told JobFinished") == [(THIS, None, None)]
    assert contexts(caplog, "told ClipStored") == [(THIS, index, None) for index in range(3)]


def render(
    request: ClipRequest, image: Image | None, path: Path, progress: Callable[[float], None]
) -> None:
    """Draw, and say so from the worker thread."""
    logger.info("drawing")
    path.write_bytes(tiny_clip(request.duration))


def test_worker_threads_and_other_loops_know_it_too(caplog: pytest.LogCaptureFixture) -> None:
    """A record from a worker thread has its place, and one from an observer in asyncio's loop."""
    ledger = MemoryLedger()
    draws = Capabilities(text=True, image=False, durations=(0.25, 60.0), any_duration=True)

    def observe(event: Event) -> None:
        logger.info("told %s", type(event).__name__)

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
    ((*there, attempt),) = contexts(caplog, "drawing")
    assert there == [THIS, 0]
    (taken,) = (each.attempt_id for each in trio.run(ledger.attempts, JOB, 0))
    assert attempt == str(taken)
    assert contexts(caplog, "told AttemptSubmitted") == [(THIS, 0, attempt)]
