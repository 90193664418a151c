"""Whether a stored clip is only a preview of what is asked for now."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from vgen.decisions.fingerprint import same_request
from vgen.records.attempt import Attempt
from vgen.records.job import PlannedClip
from vgen.records.request import Generator


def is_drawn(stored: Attempt) -> bool:
    """Whether a procedure, and no model, has made the clip."""
    return stored.clip is not None and stored.clip.generator is Generator.PROCEDURAL


def has_other_length(stored: Attempt, planned: PlannedClip) -> bool:
    """Whether a drawn clip, which is drawn again, is to have another length than it was given."""
    drawn_again = is_drawn(stored) and stored.backend == planned.route[0]
    return drawn_again and stored.request.duration != planned.request.duration


def is_preview(
    stored: Attempt, planned: PlannedClip, attempts: Sequence[Attempt], *, models: Collection[str]
) -> bool:
    """Whether a drawn clip is to be made by one of the `models`, the first choice of its route.

    A drawing that the route itself fell back on, when its first choice had been tried, is none.
    """
    first = planned.route[0]
    if not is_drawn(stored) or first not in models:
        return False
    tried = any(a.sent and a.backend == first and same_request(a, planned) for a in attempts)
    return not (tried and stored.backend in planned.route)
