"""Lenient readers of JSON values, any of which may be missing or of another type."""

from __future__ import annotations

from datetime import UTC, datetime
from math import isfinite
from typing import Any, cast


def as_object(value: object) -> dict[str, Any]:
    """Return a JSON object; an empty one for anything else."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def as_text(value: object) -> str:
    """Return a string; an empty one for anything else."""
    return value if isinstance(value, str) else ""


def as_datetime(value: object) -> datetime | None:
    """Parse an ISO 8601 date, in UTC where it names no zone; `None` for anything else."""
    try:
        parsed = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return parsed.replace(tzinfo=UTC) if parsed is not None and parsed.tzinfo is None else parsed


def as_seconds(value: object) -> float | None:
    """Parse a number of seconds, 0 or more, which may be a string; `None` for anything else."""
    try:
        parsed = float(cast("Any", value))
    except (TypeError, ValueError, OverflowError):
        return None
    return parsed if isfinite(parsed) and parsed >= 0 else None
