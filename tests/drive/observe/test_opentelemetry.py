"""A job's spans and metrics in OpenTelemetry, whose failures do no harm."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from decimal import Decimal

import pytest
import trio
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import SpanKind, StatusCode
from trio.testing import MockClock

from tests.drive.captured_telemetry import Capture
from tests.drive.jobs import JOB, PLENTY, Fakes, prompts
from vgen import Settings
from vgen.drive.observe import tracing
from vgen.errors import (
    GenerationError,
    InsufficientClipsError,
    InvalidPromptsError,
    ModelUnavailableError,
)
from vgen.testing import (
    Behaviour,
    Fail,
    FakeBackend,
    Hang,
    LoseAnswer,
    MemoryLedger,
    Refuse,
    Spoil,
    Succeed,
)

Script = Mapping[str, Sequence[Behaviour]]


@pytest.fixture
def captured(monkeypatch: pytest.MonkeyPatch) -> Capture:
    """Make vgen use the test's own OpenTelemetry providers."""
    capture = Capture()
    telemetry = capture.telemetry()
    monkeypatch.setattr(tracing, "telemetry", lambda: telemetry)
    return capture


async def test_spans_are_nested(captured: Capture, autojump_clock: MockClock) -> None:
    """The parent of a provider call is its attempt, then its clip, then its job."""
    fakes = Fakes([FakeBackend(script={"a": [Fail()]})])
    async with fakes.runner() as runner:
        await runner.process(JOB, prompts(*"abc"), budget=PLENTY)
    parents = {(span.name, captured.parent(span)) for span in captured.spans()}
    assert parents == {
        ("vgen.job", ""),
        ("vgen.clip", "vgen.job"),
        ("vgen.attempt", "vgen.clip"),
        ("vgen.provider prepare", "vgen.attempt"),
        ("vgen.provider submit", "vgen.attempt"),
        ("vgen.provider fetch", "vgen.attempt"),
        ("vgen.provider status", ""),  # asks for all attempts at once
    }
    calls = [span for span in captured.spans() if span.name.startswith("vgen.provider")]
    assert {span.kind for span in calls} == {SpanKind.CLIENT}
    assert all(span.attributes == {"vgen.backend": "fake"} for span in calls)
    assert not any(has_failed(span) for span in calls)


async def test_a_batched_status_span_is_linked_to_its_attempts(
    captured: Capture, autojump_clock: MockClock
) -> None:
    """The span of a batched `status` has a link to each attempt that it asks for."""
    async with Fakes().runner() as runner:
        await runner.process(JOB, prompts(*"abc"), budget=PLENTY)
    first = captured.spans("vgen.provider status")[0]
    attempts = {
        context.span_id for span in captured.spans("vgen.attempt") if (context := span.context)
    }
    assert len(attempts) == 3
    assert {link.context.span_id for link in first.links} == attempts


async def test_spans_have_attributes(captured: Capture, autojump_clock: MockClock) -> None:
    """Job, clip and attempt have their ids, money in US dollars, lengths and outcomes."""
    fakes = Fakes([FakeBackend(script={"a": [Fail(billed=Decimal("0.05"))]})])
    async with fakes.runner() as runner:
        clips = await runner.process(JOB, prompts(*"abc"), budget=PLENTY)
    (job,) = captured.spans("vgen.job")
    assert job.attributes == {
        "vgen.job.id": str(JOB),
        "vgen.job.clips.asked": 3,
        "vgen.job.clips.made": 3,
        "vgen.job.cost": float(clips.total_cost),
        "vgen.job.outcome": "3 of 3 clips",
    }
    clip = captured.spans("vgen.clip")[-1]
    assert clip.attributes == {
        "vgen.job.id": str(JOB),
        "vgen.clip.index": 0,
        "vgen.clip.duration.target": 2.0,
        "vgen.clip.duration.actual": 2.0,
        "vgen.clip.cost": 0.17,
        "vgen.clip.retries": 1,
        "vgen.clip.outcome": "made",
    }
    by_attempt = {
        values["vgen.attempt.id"]: values for values in attributes(captured, "vgen.attempt")
    }
    assert len(by_attempt) == 4
    for attempt in await fakes.ledger.attempts(JOB, 0):
        failed = {"error.type": "RetryableError", "vgen.attempt.verdict": "failed"}
        ended = {"vgen.attempt.verdict": "succeeded"} if attempt.number == 2 else failed
        assert by_attempt[str(attempt.attempt_id)] == {
            "vgen.attempt.id": str(attempt.attempt_id),
            "vgen.backend": "fake",
            "vgen.attempt.number": attempt.number,
            "vgen.attempt.held": 0.12,
            "vgen.attempt.billed": float(attempt.billed or 0),
            **ended,
        }


async def test_errors_are_recorded(captured: Capture, autojump_clock: MockClock) -> None:
    """Spans of failures have the error status, the reason, and the exception."""
    refused = Refuse(GenerationError("content policy"))
    fakes = Fakes([FakeBackend(script={"a": [refused]})])
    async with fakes.runner() as runner:
        with pytest.raises(InsufficientClipsError):
            await runner.process(JOB, prompts(*"abc"), budget=PLENTY)
    failed = [span for span in captured.spans() if has_failed(span)]
    assert [(span.name, (span.attributes or {}).get("error.type")) for span in failed] == [
        ("vgen.provider submit", "GenerationError"),
        ("vgen.attempt", "GenerationError"),
        ("vgen.clip", None),
        ("vgen.job", "InsufficientClipsError"),
    ]
    submit, attempt, clip, _ = failed
    assert {span.status.description for span in (submit, attempt, clip)} == {"content policy"}
    assert [event.name for event in submit.events] == ["exception"]
    assert (clip.attributes or {})["vgen.clip.outcome"] == "given_up"
    assert "vgen.attempt.verdict" not in (attempt.attributes or {})


async def test_a_given_up_clips_span_has_its_cost(
    captured: Capture, autojump_clock: MockClock
) -> None:
    """The sum of its attempts' final bills, and the number of retries."""
    script: Script = {"a": [Spoil("black")] * 3}
    fakes = Fakes([FakeBackend(script=script, cancel_fee=Decimal("0.50"))])
    async with fakes.runner() as runner:
        await runner.process(JOB, prompts(*"abcd"), budget=PLENTY)
    (clip,) = [v for v in attributes(captured, "vgen.clip") if v["vgen.clip.index"] == 0]
    billed = sum(attempt.spent for attempt in await fakes.ledger.attempts(JOB, 0))
    assert clip["vgen.clip.cost"] == float(billed)
    assert clip["vgen.clip.retries"] == 2


async def test_a_job_ends_where_its_span_ends(
    captured: Capture, caplog: pytest.LogCaptureFixture, autojump_clock: MockClock
) -> None:
    """Concluding a job after its `process` does not touch the ended span."""
    async with Fakes().runner() as runner:
        await runner.process(JOB, prompts(*"abc"), budget=PLENTY)
        await runner.conclude(JOB)
    assert "ended span" not in caplog.text


async def test_a_submit_without_an_answer_is_an_error(
    captured: Capture, autojump_clock: MockClock
) -> None:
    """The submit's span has the error; `find` has a span of its own."""
    fakes = Fakes([FakeBackend(script={"a": [LoseAnswer(Succeed())]})])
    async with fakes.runner() as runner:
        await runner.process(JOB, prompts(*"abc"), budget=PLENTY)
    (slow,) = [s for s in captured.spans("vgen.provider submit") if has_failed(s)]
    assert (slow.attributes or {})["error.type"] == "TooSlowError"
    (found,) = captured.spans("vgen.provider find")
    assert found.parent == slow.parent


async def test_cancelled_spans_say_so(captured: Capture, autojump_clock: MockClock) -> None:
    """A cancelled job's spans end as cancelled, and `cancel` has a span in its attempt."""
    fakes = Fakes([FakeBackend(default=Hang())])
    async with fakes.runner() as runner:
        with trio.move_on_after(5):
            await runner.process(JOB, prompts(*"abc"), budget=PLENTY)
    for name in ("vgen.job", "vgen.clip", "vgen.attempt"):
        assert {values["error.type"] for values in attributes(captured, name)} == {"Cancelled"}
    assert attributes(captured, "vgen.job")[0]["vgen.job.outcome"] == "interrupted"
    assert {v["vgen.attempt.verdict"] for v in attributes(captured, "vgen.attempt")} == {
        "cancelled"
    }
    cancels = captured.spans("vgen.provider cancel")
    assert [captured.parent(span) for span in cancels] == ["vgen.attempt"] * 3


async def test_a_job_that_is_never_opened_has_its_span(captured: Capture) -> None:
    """Invalid input is an error in the job's span."""
    async with Fakes().runner() as runner:
        with pytest.raises(InvalidPromptsError):
            await runner.process(JOB, prompts("a"), budget=PLENTY)
    (job,) = captured.spans()
    assert job.name == "vgen.job"
    assert (job.attributes or {})["error.type"] == "InvalidPromptsError"


async def test_a_reconciled_attempt_has_a_span(
    captured: Capture, autojump_clock: MockClock
) -> None:
    """The calls of a later `reconcile` are in a span of the attempt."""
    fakes = Fakes([FakeBackend(script={"a": [LoseAnswer(Succeed(), findable_after=500)]})])
    async with fakes.runner() as runner:
        with pytest.raises(InsufficientClipsError):
            await runner.process(JOB, prompts(*"abc"), budget=PLENTY)
        captured.exporter.clear()
        await trio.sleep(500)
        await runner.reconcile(JOB)
    (attempt,) = captured.spans("vgen.attempt")
    assert attempt.parent is None
    assert (attempt.attributes or {})["vgen.attempt.verdict"] == "succeeded"
    calls = [span.name for span in captured.spans() if captured.parent(span) == "vgen.attempt"]
    assert calls == ["vgen.provider find", "vgen.provider status", "vgen.provider fetch"]


async def test_the_callers_span_is_the_jobs_parent(
    captured: Capture, autojump_clock: MockClock
) -> None:
    """A job's span is a child of the caller's current span."""
    async with Fakes().runner() as runner:
        with captured.request():
            await runner.process(JOB, prompts(*"abc"), budget=PLENTY)
        async with runner.start(JOB, prompts(*"abc"), budget=PLENTY):
            assert trace.get_current_span() is trace.INVALID_SPAN
    first, second = captured.spans("vgen.job")
    assert captured.parent(first) == "request"
    assert second.parent is None


async def test_clips_and_retries_are_counted(captured: Capture, autojump_clock: MockClock) -> None:
    """Clips are counted by outcome and last backend; retries by the backend that they go to."""
    script: Script = {"a": [Fail()], "b": [Fail(), Refuse(ModelUnavailableError("down"))]}
    fakes = Fakes([FakeBackend("one", script), FakeBackend("two")])
    async with fakes.runner() as runner:
        await runner.process(JOB, prompts(*"abcd"), budget=PLENTY)
        await runner.process(JOB, prompts(*"abcd"), budget=PLENTY, redo=[3])
    assert captured.points("vgen.clips") == {
        ("one", "made"): 4,
        ("two", "made"): 1,
        ("one", "kept"): 2,
        ("two", "kept"): 1,
    }
    assert captured.points("vgen.retries") == {("one",): 2, ("two",): 1}
    assert captured.metrics()["vgen.clips"].unit == "{clip}"


async def test_money_is_counted_as_the_ledger_has_it(
    captured: Capture, autojump_clock: MockClock
) -> None:
    """Spent is the sum of all final bills; held is the sum of the holds in flight."""
    script: Script = {"a": [Fail(billed=Decimal("0.03"))], "b": [Succeed(seconds=1.5)]}
    fake = FakeBackend(script=script, default=Succeed(after=40))
    fakes = Fakes([fake], settings=Settings(backoff=60))
    async with fakes.runner() as runner, trio.open_nursery() as nursery:
        nursery.start_soon(lambda: runner.process(JOB, prompts(*"abc"), budget=PLENTY))
        await trio.sleep(30)
        assert captured.points("vgen.money.held") == {("fake",): 0.12}
    job = await fakes.ledger.job(JOB)
    assert job is not None
    assert captured.points("vgen.money.spent") == {("fake",): float(job.account.spent)}
    assert captured.points("vgen.money.held") == {("fake",): 0}


async def test_money_in_doubt_is_not_counted_as_held(
    captured: Capture, autojump_clock: MockClock
) -> None:
    """Once no task works on an attempt any more, its hold is not in the metric."""
    fakes = Fakes([FakeBackend(script={"a": [LoseAnswer(findable_after=1e6)]})])
    async with fakes.runner() as runner:
        with pytest.raises(InsufficientClipsError):
            await runner.process(JOB, prompts(*"abc"), budget=PLENTY)
    assert isinstance(fakes.ledger, MemoryLedger)
    assert len(await fakes.ledger.unsettled()) == 1
    assert captured.points("vgen.money.held") == {("fake",): 0}


async def test_queue_and_flight_times_are_measured(
    captured: Capture, autojump_clock: MockClock
) -> None:
    """In seconds of Trio's clock: from waiting for a slot to acceptance, and on to the end."""
    fake = FakeBackend(cancel_fee=Decimal("0.50"))  # each bill is corrected
    fakes = Fakes([fake], settings=Settings(concurrency=1, poll_interval=1))
    await trio.sleep(1000)
    async with fakes.runner() as runner:
        await runner.process(JOB, prompts(*"abc"), budget=PLENTY)
    assert captured.points("vgen.attempt.flight.duration") == {("fake",): pytest.approx(30, abs=3)}
    assert captured.points("vgen.attempt.queue.duration") == {("fake",): pytest.approx(20, abs=3)}
    assert captured.metrics()["vgen.attempt.queue.duration"].unit == "s"


class Broken(SpanProcessor):
    """A span processor that raises at each span."""

    def on_start(self, span: Span, parent_context: object = None) -> None:
        raise RuntimeError("the tracer is broken")

    def on_end(self, span: ReadableSpan) -> None:
        raise RuntimeError("the tracer is broken")


class BrokenAtTheEnd(Broken):
    """A span processor that raises when a span ends."""

    def on_start(self, span: Span, parent_context: object = None) -> None:
        pass


class BrokenExporter(SpanExporter):
    """An exporter that raises."""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        raise RuntimeError("the exporter is broken")


@pytest.mark.parametrize(
    "broken",
    [Broken(), BrokenAtTheEnd(), SimpleSpanProcessor(BrokenExporter())],
    ids=["at the start", "at the end", "exporter"],
)
async def test_a_broken_tracer_changes_nothing(
    broken: SpanProcessor,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    autojump_clock: MockClock,
) -> None:
    """The job succeeds without spans, and what was raised is logged."""
    telemetry = Capture((broken,)).telemetry()
    monkeypatch.setattr(tracing, "telemetry", lambda: telemetry)
    async with Fakes().runner() as runner:
        clips = await runner.process(JOB, prompts(*"abc"), budget=PLENTY)
    assert clips.successful_clips == 3
    assert any(record.levelno >= logging.ERROR for record in caplog.records)
    assert trace.get_current_span() is trace.INVALID_SPAN


@pytest.mark.parametrize("instrument", ["clips", "held", "spent", "queued", "in_flight"])
async def test_a_broken_meter_changes_nothing(
    instrument: str,
    captured: Capture,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    autojump_clock: MockClock,
) -> None:
    """The job succeeds and reports its events, and what was raised is logged."""
    telemetry = tracing.telemetry()
    assert telemetry is not None
    monkeypatch.setattr(telemetry.instruments, instrument, None)
    fakes = Fakes()
    async with fakes.runner() as runner:
        clips = await runner.process(JOB, prompts(*"abc"), budget=PLENTY)
    assert clips.successful_clips == 3
    assert fakes.events
    assert "OpenTelemetry raised" in caplog.text


def has_failed(span: ReadableSpan) -> bool:
    """Whether a span has the error status."""
    return span.status.status_code is StatusCode.ERROR


def attributes(captured: Capture, name: str) -> list[dict[str, object]]:
    """Return the attributes of the spans of one name."""
    return [dict(span.attributes or {}) for span in captured.spans(name)]
