"""Where jobs, clips, attempts and backend calls begin and end: log context and spans.

Without opentelemetry-api there are no spans; its import is tried once.
"""

from __future__ import annotations

import logging
from collections.abc import Generator, Iterable
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import Context
from functools import cache
from typing import TYPE_CHECKING
from uuid import UUID

from vgen.drive.observe.log_context import LogContext, log_context
from vgen.drive.observe.observers import both
from vgen.ports.events import Observer
from vgen.records.job import PlannedClip

if TYPE_CHECKING:
    from vgen.drive.observe.opentelemetry import Telemetry, TracedAttempt

logger = logging.getLogger("vgen")


@cache
def telemetry() -> Telemetry | None:
    """Return the OpenTelemetry integration; `None` where it is not installed or is broken."""
    try:
        from vgen.drive.observe.opentelemetry import (  # noqa: PLC0415 (the core does without it)
            Telemetry,
        )

        return Telemetry()
    except ImportError:
        return None
    except Exception:
        logger.exception("OpenTelemetry cannot be used")
        return None


@contextmanager
def job_span(job_id: UUID) -> Generator[None]:
    """Set the log context of a job and open its span."""
    otel = telemetry()
    with log_context(LogContext(job_id)), otel.job(job_id) if otel else nullcontext():
        yield


@contextmanager
def clip_span(job_id: UUID, planned: PlannedClip) -> Generator[None]:
    """Set the log context of a clip and open its span."""
    otel = telemetry()
    span = otel.clip(job_id, planned) if otel else nullcontext()
    with log_context(LogContext(job_id, planned.clip_index)), span:
        yield


@contextmanager
def attempt_span(run: TracedAttempt) -> Generator[None]:
    """Set the log context of an attempt and open its span."""
    otel = telemetry()
    span = otel.attempt(run) if otel else nullcontext()
    with log_context(LogContext.of(run.attempt)), span:
        yield


def call_span(
    backend: str, name: str, *, contexts: Iterable[Context] = ()
) -> AbstractContextManager[object]:
    """Open the span of one backend call, linked with the spans that are current in `contexts`."""
    otel = telemetry()
    return otel.call(backend, name, contexts) if otel else nullcontext()


def with_metrics(observer: Observer) -> Observer:
    """Return an observer that feeds metrics and spans before the one given."""
    otel = telemetry()
    return both(otel.observe, observer) if otel else observer
