"""Which job, clip and attempt is being worked on: what every log record of vgen says."""

from __future__ import annotations

import logging
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from uuid import UUID

    from vgen.records.attempt import Attempt


class Place(NamedTuple):
    """A job, a clip of it, an attempt at that: as far as known."""

    job_id: UUID | None = None
    clip_index: int | None = None
    attempt: UUID | None = None

    @classmethod
    def of(cls, attempt: Attempt) -> Place:
        """Give an attempt's place."""
        return cls(attempt.job_id, attempt.clip_index, attempt.attempt_id)


NOWHERE = Place()
_PLACE = ContextVar("vgen_place", default=NOWHERE)


@contextmanager
def at(place: Place) -> Generator[None]:
    """Work there within the block, and in the tasks and threads that are started in it."""
    before = _PLACE.set(place)
    try:
        yield
    finally:
        _PLACE.reset(before)


class PlaceFilter(logging.Filter):
    """Writes `job_id`, `clip_index` and `attempt` on records, `None` where there is none.

    The ids of job and attempt are text, as formatters and exporters want it. The filter stands at
    the logger "vgen", to which plug-ins log too, so that a formatter of the host's may name the
    three always. What a caller has put on a record itself stays.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record through."""
        job_id, clip_index, attempt = _PLACE.get()
        record.__dict__.setdefault("job_id", _text(job_id))
        record.__dict__.setdefault("clip_index", clip_index)
        record.__dict__.setdefault("attempt", _text(attempt))
        return True


def _text(number: UUID | None) -> str | None:
    return None if number is None else str(number)
