"""Reading the parts of an answer, each of which may be missing or something else."""

from __future__ import annotations

from datetime import UTC, datetime
from math import isfinite
from typing import Any, cast


def mapping(value: object) -> dict[str, Any]:
    """Give an object; empty where it is none."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def text(value: object) -> str:
    """Give a text; empty where it is none."""
    return value if isinstance(value, str) else ""


def moment(value: object) -> datetime | None:
    """Give a date, in UTC where it names no zone; `None` where it is none."""
    try:
        told = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return told.replace(tzinfo=UTC) if told is not None and told.tzinfo is None else told


def seconds(value: object) -> float | None:
    """Give a number of seconds, which text may spell; `None` where it is no length of time."""
    try:
        told = float(cast("Any", value))
    except (TypeError, ValueError, OverflowError):
        return None
    return told if isfinite(told) and told >= 0 else None
