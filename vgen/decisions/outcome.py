"""Whether a job can still have enough clips, and how far it is."""

from __future__ import annotations


def out_of_reach(*, total: int, given_up: int, min_clips: int) -> bool:
    """Whether fewer than `min_clips` will be made, whatever happens to the other clips."""
    return total - given_up < min_clips


def percent(done: float, *, total: int, within: tuple[float, float]) -> float:
    """Return a job's progress as a point `within` the caller's range, with so many clips done."""
    start, end = within
    return start + (end - start) * (min(1.0, done / total) if total else 1.0)
