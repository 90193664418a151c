"""A job's spans and metrics, captured in memory."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager

from attrs import define, field
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import (
    HistogramDataPoint,
    InMemoryMetricReader,
    Metric,
    NumberDataPoint,
)
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from vgen.drive.observe.opentelemetry import Telemetry


@define
class Capture:
    """OpenTelemetry providers for one test; `before` are span processors to call first."""

    before: tuple[SpanProcessor, ...] = ()
    exporter: InMemorySpanExporter = field(factory=InMemorySpanExporter)
    reader: InMemoryMetricReader = field(factory=InMemoryMetricReader)
    tracers: TracerProvider = field(factory=lambda: TracerProvider(shutdown_on_exit=False))

    def telemetry(self) -> Telemetry:
        """Return the telemetry for vgen to use."""
        for processor in (*self.before, SimpleSpanProcessor(self.exporter)):
            self.tracers.add_span_processor(processor)
        meters = MeterProvider([self.reader], shutdown_on_exit=False)
        return Telemetry(self.tracers, meters)

    def spans(self, name: str = "") -> list[ReadableSpan]:
        """Return the spans of one name, or all, in the order of their ends."""
        ended = self.exporter.get_finished_spans()
        return [span for span in ended if name in {"", span.name}]

    def request(self) -> AbstractContextManager[object]:
        """Make a span current, as a host's framework does while it answers a request."""
        return self.tracers.get_tracer("host").start_as_current_span("request")

    def parent(self, span: ReadableSpan) -> str:
        """Return the name of a span's parent, or ""."""
        if span.parent is None:
            return ""
        (found,) = [each for each in self.spans() if each.context == span.parent]
        return found.name

    def metrics(self) -> dict[str, Metric]:
        """Return the current metrics by name."""
        data = self.reader.get_metrics_data()
        assert data is not None
        (resource,) = data.resource_metrics
        (scope,) = resource.scope_metrics
        return {metric.name: metric for metric in scope.metrics}

    def points(self, name: str) -> dict[tuple[object, ...], float]:
        """Return a metric's sums by their attributes' values."""
        found: dict[tuple[object, ...], float] = {}
        for point in self.metrics()[name].data.data_points:
            assert isinstance(point, NumberDataPoint | HistogramDataPoint)
            total = point.value if isinstance(point, NumberDataPoint) else point.sum
            found[values(point.attributes)] = round(total, 9)
        return found


def values(attributes: Mapping[str, object] | None) -> tuple[object, ...]:
    """Return attributes' values in the order of their names."""
    return tuple(value for _, value in sorted((attributes or {}).items()))
