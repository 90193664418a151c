"""OpenTelemetry: spans and metrics; imported only where opentelemetry-api is installed.

Spans are opened around a job, a clip, an attempt and a backend call. The metrics, and the
attributes of a job's and a clip's span, come from the events, which are emitted within those spans.
Whatever a tracer, a meter or an exporter raises is logged and changes nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from contextvars import Context, ContextVar, Token
from decimal import Decimal
from types import TracebackType
from typing import Protocol, Self
from uuid import UUID

import trio
from opentelemetry import context, metrics, trace
from opentelemetry.trace import Link, SpanKind, Status, StatusCode
from opentelemetry.util.types import AttributeValue

from vgen.ports.events import (
    AttemptSubmitted,
    ClipGivenUp,
    ClipQueued,
    ClipStored,
    Event,
    FellBack,
    JobFinished,
    JobOpened,
    MoneyCorrected,
    MoneyHeld,
    MoneySettled,
    RetryScheduled,
)
from vgen.records.attempt import Attempt
from vgen.records.clip import Clip
from vgen.records.job import PlannedClip
from vgen.records.money import ZERO
from vgen.records.status import State

logger = logging.getLogger("vgen")

SECONDS = (0.1, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 90, 120, 180, 300, 600, 1200, 1800, 3600)
"""The bounds of the histograms: from a backend that draws to an hour at a provider."""

Attributes = Mapping[str, AttributeValue]


class TracedAttempt(Protocol):
    """An attempt at work: its newest state in the ledger, and the provider's verdict if settled."""

    @property
    def attempt(self) -> Attempt: ...  # noqa: D102 (the class says it)

    @property
    def verdict(self) -> State | None: ...  # noqa: D102 (the class says it)


@contextmanager
def harmless() -> Generator[None]:
    """Log whatever OpenTelemetry raises."""
    try:
        yield
    except Exception:
        logger.exception("OpenTelemetry raised")


class Instruments:
    """The metrics."""

    def __init__(self, provider: metrics.MeterProvider | None) -> None:
        meter = metrics.get_meter("vgen", meter_provider=provider)
        self.clips = meter.create_counter(
            "vgen.clips", "{clip}", "Clips made, kept from an earlier run, or given up"
        )
        self.retries = meter.create_counter(
            "vgen.retries", "{retry}", "Attempts that follow one that failed"
        )
        self.held = meter.create_up_down_counter(
            "vgen.money.held", "{USD}", "Money held for attempts that are being worked on"
        )
        self.spent = meter.create_up_down_counter(
            "vgen.money.spent", "{USD}", "Money spent; falls where a bill is corrected downwards"
        )
        self.queued = meter.create_histogram(
            "vgen.attempt.queue.duration",
            "s",
            "From the wait for a slot to the backend's acceptance",
            explicit_bucket_boundaries_advisory=SECONDS,
        )
        self.in_flight = meter.create_histogram(
            "vgen.attempt.flight.duration",
            "s",
            "From the backend's acceptance to the attempt's end",
            explicit_bucket_boundaries_advisory=SECONDS,
        )


class Span:
    """A span that is current within its block; an error that leaves the block is recorded."""

    def __init__(self, start: Callable[[], trace.Span]) -> None:
        self._start = start
        self._span: trace.Span = trace.INVALID_SPAN
        self._token: Token[context.Context] | None = None

    def __enter__(self) -> Self:
        """Start it."""
        with harmless():
            self._span = self._start()
            self._token = context.attach(trace.set_span_in_context(self._span))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """End it."""
        if error is not None:
            self._failed(error)
        with harmless():
            if self._token is not None:
                context.detach(self._token)
        with harmless():
            self._span.end()

    @harmless()
    def set_attributes(self, attributes: Attributes) -> None:
        """Set attributes."""
        self._span.set_attributes(attributes)

    @harmless()
    def fail(self, reason: str) -> None:
        """Set the status to an error."""
        self._span.set_status(Status(StatusCode.ERROR, reason))

    @harmless()
    def _failed(self, error: BaseException) -> None:
        name = type(error).__qualname__
        self._span.set_attribute("error.type", name)
        self.fail(str(error) if isinstance(error, Exception) else name)
        if isinstance(error, Exception):
            self._span.record_exception(error)


class JobSpan(Span):
    """The work on one job."""

    def observe(self, event: Event) -> None:
        """Set the attributes that an event gives."""
        match event:
            case JobOpened(clip_indexes=indexes):
                self.set_attributes({"vgen.job.clips.asked": len(indexes)})
            case JobFinished(clips=clips, outcome=outcome):
                self.set_attributes({"vgen.job.outcome": outcome})
                if clips is not None:
                    made, cost = clips.successful_clips, float(clips.total_cost)
                    self.set_attributes({"vgen.job.clips.made": made, "vgen.job.cost": cost})
            case _:
                pass


class ClipSpan(Span):
    """The work on one clip, followed by its events."""

    def __init__(self, start: Callable[[], trace.Span], instruments: Instruments) -> None:
        super().__init__(start)
        self._instruments = instruments
        self._backend = ""
        self._queued = 0.0
        self._accepted: float | None = None
        self._held = self._spent = ZERO
        self._sent = 0

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """End it; money that its attempt still holds no longer counts as worked on."""
        self._hold(ZERO)
        super().__exit__(kind, error, at)

    @property
    def _where(self) -> dict[str, AttributeValue]:
        return {"vgen.backend": self._backend} if self._backend else {}

    @harmless()
    def observe(self, event: Event) -> None:
        """Update metrics and attributes from an event."""
        now = trio.current_time()
        match event:
            case ClipQueued(backend=backend):
                self._backend, self._queued, self._accepted = backend, now, None
            case MoneyHeld(backend=backend, held=held):
                self._backend, self._sent = backend, self._sent + 1
                self._hold(held)
            case AttemptSubmitted():
                self._accepted = now
                self._instruments.queued.record(now - self._queued, self._where)
            case MoneySettled():
                self._settled(event, now)
            case MoneyCorrected(change=change):
                self._spent += change
            case RetryScheduled():
                self._instruments.retries.add(1, self._where)
            case FellBack(backend=backend):
                self._backend = backend
                self._instruments.retries.add(1, self._where)
            case ClipStored(clip=clip, made=made):
                self._stored(clip, "made" if made else "kept")
            case ClipGivenUp(failure=failure):
                self._given_up(failure.reason)
            case _:
                pass

    @harmless()
    def _hold(self, held: Decimal) -> None:
        change, self._held = held - self._held, held
        if change:
            self._instruments.held.add(float(change), self._where)

    def _settled(self, event: MoneySettled, now: float) -> None:
        self._backend, accepted, self._accepted = event.backend, self._accepted, None
        self._spent += event.spent
        self._hold(ZERO)
        if accepted is not None:
            self._instruments.in_flight.record(now - accepted, self._where)

    def _stored(self, clip: Clip, outcome: str) -> None:
        self._backend = clip.backend
        self.set_attributes(
            {
                "vgen.clip.cost": float(clip.cost),
                "vgen.clip.duration.actual": clip.actual_duration,
                "vgen.clip.retries": clip.retry_count,
            }
        )
        self._ended(outcome)

    def _given_up(self, reason: str) -> None:
        self.set_attributes(
            {"vgen.clip.cost": float(self._spent), "vgen.clip.retries": max(0, self._sent - 1)}
        )
        self.fail(reason)
        self._ended("given_up")

    def _ended(self, outcome: str) -> None:
        self.set_attributes({"vgen.clip.outcome": outcome})
        self._instruments.clips.add(1, {"vgen.clip.outcome": outcome, **self._where})


class AttemptSpan(Span):
    """The work on one attempt."""

    def __init__(self, start: Callable[[], trace.Span], run: TracedAttempt) -> None:
        super().__init__(start)
        self._run = run

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """End it with what the ledger has of the attempt."""
        attempt, verdict = self._run.attempt, self._run.verdict
        self.set_attributes(
            {"vgen.attempt.held": float(attempt.hold), "vgen.attempt.number": attempt.number}
        )
        if attempt.billed is not None:
            self.set_attributes({"vgen.attempt.billed": float(attempt.billed)})
        if verdict is not None:
            self.set_attributes({"vgen.attempt.verdict": str(verdict)})
        super().__exit__(kind, error, at)


_JOB: ContextVar[JobSpan | None] = ContextVar("vgen_job_span", default=None)
_CLIP: ContextVar[ClipSpan | None] = ContextVar("vgen_clip_span", default=None)


class Telemetry:
    """Spans and metrics on the providers given, by default the host's global ones."""

    def __init__(
        self,
        tracers: trace.TracerProvider | None = None,
        meters: metrics.MeterProvider | None = None,
    ) -> None:
        self._tracer = trace.get_tracer("vgen", tracer_provider=tracers)
        self.instruments = Instruments(meters)

    @contextmanager
    def job(self, job_id: UUID) -> Generator[None]:
        """Open the span of a job."""
        with JobSpan(self._starting("vgen.job", {"vgen.job.id": str(job_id)})) as span:
            before = _JOB.set(span)
            try:
                yield
            finally:
                _JOB.reset(before)

    @contextmanager
    def clip(self, job_id: UUID, planned: PlannedClip) -> Generator[None]:
        """Open the span of a clip."""
        attributes: Attributes = {
            "vgen.job.id": str(job_id),
            "vgen.clip.index": planned.clip_index,
            "vgen.clip.duration.target": float(planned.prompt.duration),
        }
        with ClipSpan(self._starting("vgen.clip", attributes), self.instruments) as span:
            before = _CLIP.set(span)
            try:
                yield
            finally:
                _CLIP.reset(before)

    def attempt(self, run: TracedAttempt) -> AttemptSpan:
        """Return the span of an attempt."""
        attributes = {
            "vgen.attempt.id": str(run.attempt.attempt_id),
            "vgen.backend": run.attempt.backend,
        }
        return AttemptSpan(self._starting("vgen.attempt", attributes), run)

    def call(self, backend: str, name: str, contexts: Iterable[Context]) -> Span:
        """Return a backend call's span, linked with the current ones of the `contexts`."""

        def start() -> trace.Span:
            spans = [each.run(trace.get_current_span).get_span_context() for each in contexts]
            return self._tracer.start_span(
                f"vgen.provider {name}",
                kind=SpanKind.CLIENT,
                attributes={"vgen.backend": backend},
                links=[Link(span) for span in spans if span.is_valid],
            )

        return Span(start)

    def _starting(self, name: str, attributes: Attributes) -> Callable[[], trace.Span]:
        return lambda: self._tracer.start_span(name, attributes=attributes)

    @harmless()
    def observe(self, event: Event) -> None:
        """Update the metrics, and the spans that the event is emitted in."""
        job, clip = _JOB.get(), _CLIP.get()
        if job is not None:
            job.observe(event)
        if clip is not None:
            clip.observe(event)
        if isinstance(event, MoneySettled | MoneyCorrected):
            change = event.spent if isinstance(event, MoneySettled) else event.change
            self.instruments.spent.add(float(change), {"vgen.backend": event.backend})
