"""Traces continue through each of vgen's APIs and into worker threads."""

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
SpanNames = dict[str, str]


@pytest.fixture
def captured(monkeypatch: pytest.MonkeyPatch) -> Capture:
    """Make vgen use the test's own OpenTelemetry providers."""
    capture = Capture()
    telemetry = capture.telemetry()
    monkeypatch.setattr(tracing, "telemetry", lambda: telemetry)
    return capture


@define
class TracedJob:
    """A job of one clip, rendered in a worker thread; `current_spans` has the span in each call."""

    current_spans: SpanNames = field(factory=SpanNames)

    def arguments(self) -> dict[str, Any]:
        """Return the arguments of `open_runner`."""
        return {
            "backends": [TracedBackend(self)],
            "storage": MemoryStorage(),
            "ledger": MemoryLedger(),
            "inspector": Inspector(in_thread=self.in_thread),
        }

    def record_span(self, place: str) -> None:
        """Record the name of the current span."""
        span = trace.get_current_span()
        self.current_spans[place] = span.name if isinstance(span, ReadableSpan) else ""

    def render(
        self, request: ClipRequest, image: Image | None, path: Path, progress: Callable[..., None]
    ) -> None:
        """Render a tiny clip."""
        self.record_span("render")
        path.write_bytes(tiny_clip(request.duration))

    async def in_thread(self, function: Callable[[], T], /) -> T:
        """Inspect the clip in a worker thread."""

        def recorded() -> T:
            self.record_span("inspect")
            return function()

        return await trio.to_thread.run_sync(recorded)


class TracedBackend(RenderBackend):
    """A backend that records the current span of its submits."""

    def __init__(self, traced: TracedJob) -> None:
        super().__init__("drawn", traced.render, capabilities=DRAWS)
        self.traced = traced

    async def submit(self, prepared: Prepared, attempt_id: UUID) -> Ticket:
        self.traced.record_span("submit")
        return await super().submit(prepared, attempt_id)


def check(captured: Capture, traced: TracedJob) -> None:
    """The job is the request's child, and its spans are current in all its calls."""
    assert traced.current_spans == {
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
    traced = TracedJob()
    async with vgen.open_runner(**traced.arguments()) as runner:
        with captured.request():
            await runner.process(JOB, prompts("a"), min_clips=1)
    check(captured, traced)


@pytest.mark.parametrize("started", [False, True])
def test_through_the_door_to_asyncio(captured: Capture, *, started: bool) -> None:
    """A span that is current in the asyncio task that calls is the job's parent."""
    traced = TracedJob()

    async def main() -> None:
        async with aio.open_runner(**traced.arguments()) as runner:
            with captured.request():
                if not started:
                    await runner.process(JOB, prompts("a"), min_clips=1)
                    return
                async with runner.start(JOB, prompts("a"), min_clips=1) as job:
                    await job.result()

    asyncio.run(main())
    check(captured, traced)


@pytest.mark.parametrize("started", [False, True])
def test_through_the_door_to_threads(captured: Capture, *, started: bool) -> None:
    """A span that is current in the thread that calls is the job's parent."""
    traced = TracedJob()
    with blocking.open_runner(**traced.arguments()) as runner, captured.request():
        if not started:
            runner.process(JOB, prompts("a"), min_clips=1)
        else:
            with runner.start(JOB, prompts("a"), min_clips=1) as job:
                job.result()
    check(captured, traced)


def test_two_callers_have_a_trace_each(captured: Capture) -> None:
    """Jobs that run at once on one runner are each in the trace of their own caller."""

    async def call(runner: aio.Runner, job_id: UUID) -> None:
        with captured.request():
            await runner.process(job_id, prompts("a"), min_clips=1)

    async def main() -> None:
        async with aio.open_runner(**TracedJob().arguments()) as runner:
            await asyncio.gather(call(runner, JOB), call(runner, UUID(int=7)))

    asyncio.run(main())
    traces = [span.context.trace_id for span in captured.spans("vgen.job") if span.context]
    assert len(set(traces)) == 2
    for span in captured.spans("vgen.clip"):
        assert captured.parent(span) == "vgen.job"
