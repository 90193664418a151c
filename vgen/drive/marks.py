"""Where a job, a clip, an attempt and a provider's answer begin and end: for the log and for spans.

Without opentelemetry-api there are no spans, and nothing of it is looked for but once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Iterable
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import Context
from functools import cache
from typing import TYPE_CHECKING
from uuid import UUID

from vgen.drive.place import Place, at
from vgen.drive.telling import both
from vgen.ports.events import Event
from vgen.records.job import PlannedClip

if TYPE_CHECKING:
    from vgen.drive.attempt import Try
    from vgen.drive.telemetry import Telemetry

logger = logging.getLogger("vgen")


@cache
def telemetry() -> Telemetry | None:
    """Give what speaks to OpenTelemetry, where that is installed; loaded when first asked for."""
    try:
        from vgen.drive.telemetry import Telemetry  # noqa: PLC0415 (the core does without it)

        return Telemetry()
    except ImportError:
        return None
    except Exception:
        logger.exception("OpenTelemetry cannot be used")
        return None


@contextmanager
def job(job_id: UUID) -> Generator[None]:
    """Mark the work on a job."""
    otel = telemetry()
    with at(Place(job_id)), otel.job(job_id) if otel else nullcontext():
        yield


@contextmanager
def clip(job_id: UUID, planned: PlannedClip) -> Generator[None]:
    """Mark the work on a clip."""
    otel = telemetry()
    span = otel.clip(job_id, planned) if otel else nullcontext()
    with at(Place(job_id, planned.clip_index)), span:
        yield


@contextmanager
def attempt(one: Try) -> Generator[None]:
    """Mark the work on an attempt."""
    otel = telemetry()
    span = otel.attempt(one) if otel else nullcontext()
    with at(Place.of(one.attempt)), span:
        yield


def call(backend: str, name: str, *, of: Iterable[Context] = ()) -> AbstractContextManager[object]:
    """Mark one call of a backend, made for the tasks that work in the contexts `of`."""
    otel = telemetry()
    return otel.call(backend, name, of) if otel else nullcontext()


def metered(tell: Callable[[Event], None]) -> Callable[[Event], None]:
    """Have what is told counted too."""
    otel = telemetry()
    return both(otel.hear, tell) if otel else tell
