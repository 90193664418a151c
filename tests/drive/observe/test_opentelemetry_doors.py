"""Traces go through every door and into every thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import pytest
import trio
from attrs import define, field
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan

import vgen
from tests.drive.captured_telemetry import Capture
from tests.drive.jobs import JOB, prompts
from vgen import aio, blocking
from vgen.abc import Capabilities, RenderBackend
from vgen.drive.media.inspector import Inspector
from vgen.drive.observe import tracing
from vgen.records.request import ClipRequest, Image, Prepared
from vgen.records.status import Ticket
from vgen.testing import MemoryLedger, MemoryStorage, tiny_clip

T = TypeVar("T")
DRAWS = Capabilities(text=True, image=False, durations=(0.25, 60.0), any_duration=True)
Around = dict[str, str]


@pytest.fixture
def captured(monkeypatch: pytest.MonkeyPatch) -> Capture:
    """Have vgen speak to providers of the test's own."""
    capture = Capture()
    telemetry = capture.telemetry()
    monkeypatch.setattr(tracing, "telemetry", lambda: telemetry)
    return capture


@define
class Scene:
    """A job of one clip, drawn in a worker thread; `around` has the span current at each place."""

    around: Around = field(factory=Around)

    def arguments(self) -> dict[str, Any]:
        """Give what a runner is opened with."""
        return {
            "backends": [Drawing(self)],
            "storage": MemoryStorage(),
            "ledger": MemoryLedger(),
            "inspector": Inspector(in_thread=self.in_thread),
        }

    def note(self, place: str) -> None:
        """Take down which span is current."""
        span = trace.get_current_span()
        self.around[place] = span.name if isinstance(span, ReadableSpan) else ""

    def render(
        self, request: ClipRequest, image: Image | None, path: Path, progress: Callable[..., None]
    ) -> None:
        """Draw."""
        self.note("render")
        path.write_bytes(tiny_clip(request.duration))

    async def in_thread(self, function: Callable[[], T], /) -> T:
        """Look at the clip in a worker thread."""

        def noted() -> T:
            self.note("inspect")
            return function()

        return await trio.to_thread.run_sync(noted)


class Drawing(RenderBackend):
    """A backend that says which span its calls are made in."""

    def __init__(self, scene: Scene) -> None:
        super().__init__("drawn", scene.render, capabilities=DRAWS)
        self.scene = scene

    async def submit(self, prepared: Prepared, attempt_id: UUID) -> Ticket:
        self.scene.note("submit")
        return await super().submit(prepared, attempt_id)


def check(captured: Capture, scene: Scene) -> None:
    """The job is the request's child, and its spans were current wherever it was worked on."""
    assert scene.around == {
        "submit": "vgen.provider submit",
        "render": "vgen.provider wait_finished",
        "inspect": "vgen.attempt",
    }
    assert {captured.parent(span) for span in captured.spans("vgen.job")} == {"request"}
    (request,) = captured.spans("request")
    assert len({span.context.trace_id for span in captured.spans() if span.context}) == 1
    assert request.parent is None


async def test_through_the_door_to_trio(captured: Capture) -> None:
    """A span that is current where `process` is awaited is the job's parent."""
    scene = Scene()
    async with vgen.open_runner(**scene.arguments()) as runner:
        with captured.request():
            await runner.process(JOB, prompts("a"), min_clips=1)
    check(captured, scene)


@pytest.mark.parametrize("started", [False, True])
def test_through_the_door_to_asyncio(captured: Capture, *, started: bool) -> None:
    """A span that is current in the asyncio task that calls is the job's parent."""
    scene = Scene()

    async def main() -> None:
        async with aio.open_runner(**scene.arguments()) as runner:
            with captured.request():
                if not started:
                    await runner.process(JOB, prompts("a"), min_clips=1)
                    return
                async with runner.start(JOB, prompts("a"), min_clips=1) as job:
                    await job.result()

    asyncio.run(main())
    check(captured, scene)


@pytest.mark.parametrize("started", [False, True])
def test_through_the_door_to_threads(captured: Capture, *, started: bool) -> None:
    """A span that is current in the thread that calls is the job's parent."""
    scene = Scene()
    with blocking.open_runner(**scene.arguments()) as runner, captured.request():
        if not started:
            runner.process(JOB, prompts("a"), min_clips=1)
        else:
            with runner.start(JOB, prompts("a"), min_clips=1) as job:
                job.result()
    check(captured, scene)


def test_two_callers_have_a_trace_each(captured: Capture) -> None:
    """Jobs that run at once on one runner are each in the trace of their own caller."""

    async def call(runner: aio.Runner, job_id: UUID) -> None:
        with captured.request():
            await runner.process(job_id, prompts("a"), min_clips=1)

    async def main() -> None:
        async with aio.open_runner(**Scene().arguments()) as runner:
            await asyncio.gather(call(runner, JOB), call(runner, UUID(int=7)))

    asyncio.run(main())
    traces = [span.context.trace_id for span in captured.spans("vgen.job") if span.context]
    assert len(set(traces)) == 2
    for span in captured.spans("vgen.clip"):
        assert captured.parent(span) == "vgen.job"
