"""The log context: which job, clip and attempt a log record is about."""

from __future__ import annotations

import logging
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from uuid import UUID

    from vgen.records.attempt import Attempt


class LogContext(NamedTuple):
    """A job, a clip of it and an attempt at the clip, as far as they are known."""

    job_id: UUID | None = None
    clip_index: int | None = None
    attempt: UUID | None = None

    @classmethod
    def of(cls, attempt: Attempt) -> LogContext:
        """Return the context of an attempt."""
        return cls(attempt.job_id, attempt.clip_index, attempt.attempt_id)


NO_CONTEXT = LogContext()
_CURRENT = ContextVar("vgen_log_context", default=NO_CONTEXT)


@contextmanager
def log_context(context: LogContext) -> Generator[None]:
    """Set the log context for the block and for the tasks and threads started in it."""
    token = _CURRENT.set(context)
    try:
        yield
    finally:
        _CURRENT.reset(token)


class LogContextFilter(logging.Filter):
    """Adds `job_id`, `clip_index` and `attempt` to records; `None` where there is none.

    The ids of job and attempt are text, as formatters and exporters expect. The filter is added to
    the logger "vgen", which plug-ins log to as well, so that a host's formatter may always name
    the three. Attributes that the caller has set on a record are kept.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Add the attributes; no record is dropped."""
        job_id, clip_index, attempt = _CURRENT.get()
        record.__dict__.setdefault("job_id", _text(job_id))
        record.__dict__.setdefault("clip_index", clip_index)
        record.__dict__.setdefault("attempt", _text(attempt))
        return True


def _text(number: UUID | None) -> str | None:
    return None if number is None else str(number)
