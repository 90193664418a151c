"""Telling an observer, who can neither stop nor change a job."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from vgen.ports.events import Event, Observer

logger = logging.getLogger("vgen")

DAWDLING = 0.1
"""How long an observer may hold up the event loop without being told off, in seconds."""


def both(first: Observer, second: Observer) -> Observer:
    """Give an observer that tells the two in turn; the second also where the first raises."""

    def tell(event: Event) -> None:
        try:
            first(event)
        finally:
            second(event)

    return tell


def teller(
    observer: Observer | None, *, clock: Callable[[], float] = time.perf_counter
) -> Callable[[Event], None]:
    """Give a function that tells the observer, if there is one, and logs its mishaps."""
    if observer is None:
        return lambda _event: None

    def tell(event: Event) -> None:
        began = clock()
        try:
            observer(event)
        except Exception:
            logger.exception("the observer raised on %s", type(event).__name__)
        took = clock() - began
        if took > DAWDLING:
            logger.warning("the observer took %.1f s over %s", took, type(event).__name__)

    return tell
