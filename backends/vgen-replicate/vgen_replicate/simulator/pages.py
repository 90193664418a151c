"""Pages of a list of predictions, newest first, linked by opaque cursors."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Literal

from attrs import frozen

from vgen_replicate.simulator.prediction import Prediction
from vgen_replicate.simulator.refusal import malformed

PAGE = 100


@frozen
class Cursor:
    """From where a page goes on: what is `older` or `newer` than the prediction of that number."""

    way: Literal["older", "newer"]
    number: int

    def __str__(self) -> str:
        return base64.urlsafe_b64encode(f"{self.way} {self.number}".encode()).decode()


def cursor(text: str) -> Cursor:
    """Read a cursor; refuses one that is not the service's own."""
    try:
        way, number = base64.urlsafe_b64decode(text).decode().split()
        return Cursor("newer" if way == "newer" else "older", int(number))
    except (binascii.Error, ValueError) as error:
        raise malformed("Invalid cursor") from error


@frozen
class Page:
    """Up to 100 predictions, newest first, and the way on from there."""

    results: Sequence[Prediction]
    older: Cursor | None
    newer: Cursor | None


def page(newest_first: Sequence[Prediction], at: Cursor | None) -> Page:
    """The first page, or the one that the cursor leads to."""
    if at is None:
        start = 0
    elif at.way == "older":
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
