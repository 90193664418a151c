"""The headers of a create: how long to wait for the result, and the prediction's deadline."""

from __future__ import annotations

import re

from vgen_replicate.simulator.errors import InvalidField, invalid

PREFER = re.compile(r"wait(?:=(?P<seconds>[1-9]|[1-9][0-9]))?")
LONGEST_WAIT = 60

DURATION = re.compile(r"(?:(?P<h>\d+)h)?(?:(?P<m>\d+)m)?(?:(?P<s>\d+)s)?|(?P<seconds>\d+)")
SHORTEST_CANCEL_AFTER = 5


def wait_seconds(prefer: str | None) -> float:
    """Parse `Prefer`: how long a create waits for the result, 0 to 60 s; 0 without a header.

    Raises:
        ApiError: it is neither `wait` nor `wait=n`.
    """
    if prefer is None:
        return 0.0
    found = PREFER.fullmatch(prefer.strip())
    if found is None:
        words = "Does not match pattern '^wait(=([1-9]|[1-9][0-9]|60))?$'"
        raise invalid([InvalidField("pattern", "Prefer", words)])
    return min(LONGEST_WAIT, int(found["seconds"] or LONGEST_WAIT))


def cancel_after_seconds(value: str | None) -> float | None:
    """Parse `Cancel-After`: a time limit in seconds, from `30`, `30s`, `5m` or `1h30m45s`.

    Raises:
        ApiError: it is shorter than 5 s, or has another format.
    """
    if value is None:
        return None
    text = value.strip()
    found = DURATION.fullmatch(text)
    if found is None or not text:
        words = "Must be a duration such as 30s, 5m or 1h30m45s"
        raise invalid([InvalidField("format", "Cancel-After", words)])
    hours, minutes, seconds = (int(found[unit] or 0) for unit in "hms")
    total = int(found["seconds"] or 0) + 3600 * hours + 60 * minutes + seconds
    if total < SHORTEST_CANCEL_AFTER:
        words = f"Must be greater than or equal to {SHORTEST_CANCEL_AFTER}s"
        raise invalid([InvalidField("number_gte", "Cancel-After", words)])
    return total
