"""Calling observers, which can neither stop nor change a job."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from vgen.ports.events import Event, Observer

logger = logging.getLogger("vgen")

SLOW_OBSERVER = 0.1
"""How long an observer may hold up the event loop before a warning is logged, in seconds."""


def both(first: Observer, second: Observer) -> Observer:
    """Return an observer that calls the two in turn; the second also where the first raises."""

    def observe(event: Event) -> None:
        try:
            first(event)
        finally:
            second(event)

    return observe


def guarded(
    observer: Observer | None, *, clock: Callable[[], float] = time.perf_counter
) -> Observer:
    """Return an observer that calls the one given, if any, and logs its exceptions and delays."""
    if observer is None:
        return lambda _event: None

    def observe(event: Event) -> None:
        began = clock()
        try:
            observer(event)
        except Exception:
            logger.exception("the observer raised on %s", type(event).__name__)
        took = clock() - began
        if took > SLOW_OBSERVER:
            logger.warning("the observer took %.1f s over %s", took, type(event).__name__)

    return observe
