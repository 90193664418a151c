"""Pagination of predictions, newest first, by opaque cursors."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Literal

from attrs import frozen

from vgen_replicate.simulator.errors import malformed
from vgen_replicate.simulator.prediction import Prediction

PAGE = 100


@frozen
class Cursor:
    """A page's position: the predictions `older` or `newer` than the one with that number."""

    direction: Literal["older", "newer"]
    number: int

    def __str__(self) -> str:
        return base64.urlsafe_b64encode(f"{self.direction} {self.number}".encode()).decode()


def cursor(text: str) -> Cursor:
    """Parse a cursor.

    Raises:
        ApiError: it is not one of the service's.
    """
    try:
        direction, number = base64.urlsafe_b64decode(text).decode().split()
        return Cursor("newer" if direction == "newer" else "older", int(number))
    except (binascii.Error, ValueError) as error:
        raise malformed("Invalid cursor") from error


@frozen
class Page:
    """Up to 100 predictions, newest first, and the cursors of the adjacent pages."""

    results: Sequence[Prediction]
    older: Cursor | None
    newer: Cursor | None


def page(newest_first: Sequence[Prediction], at: Cursor | None) -> Page:
    """Return the first page, or the cursor's."""
    if at is None:
        start = 0
    elif at.direction == "older":
        start = sum(prediction.number >= at.number for prediction in newest_first)
    else:
        start = max(0, sum(prediction.number > at.number for prediction in newest_first) - PAGE)
    results = newest_first[start : start + PAGE]
    more = start + PAGE < len(newest_first)
    return Page(
        results,
        Cursor("older", results[-1].number) if results and more else None,
        Cursor("newer", results[0].number) if results and start else None,
    )
