"""The headers that a create may carry: how long to wait for it, and when to give it up."""

from __future__ import annotations

import re

from vgen_replicate.simulator.refusal import InvalidField, invalid

PREFER = re.compile(r"wait(?:=(?P<seconds>[1-9]|[1-9][0-9]))?")
LONGEST_WAIT = 60

DURATION = re.compile(r"(?:(?P<h>\d+)h)?(?:(?P<m>\d+)m)?(?:(?P<s>\d+)s)?|(?P<seconds>\d+)")
SHORTEST_CANCEL_AFTER = 5


def wait_seconds(prefer: str | None) -> float:
    """How long a create may keep its answer back, in seconds, at most 60; 0 without a header.

    Raises a refusal for anything but `wait` and `wait=n`.
    """
    if prefer is None:
        return 0.0
    found = PREFER.fullmatch(prefer.strip())
    if found is None:
        words = "Does not match pattern '^wait(=([1-9]|[1-9][0-9]|60))?$'"
        raise invalid([InvalidField("pattern", "Prefer", words)])
    return min(LONGEST_WAIT, int(found["seconds"] or LONGEST_WAIT))


def cancel_after_seconds(value: str | None) -> float | None:
    """The time that a prediction has, from `30`, `30s`, `5m` or `1h30m45s`; at least 5 s.

    Raises a refusal for a shorter time, or another way to write it.
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
