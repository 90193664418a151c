"""Questions about the attempts of one clip."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from vgen.decisions.fingerprint import same_request
from vgen.records.attempt import Attempt, Custody
from vgen.records.job import PlannedClip


def next_number(attempts: Iterable[Attempt]) -> int:
    """Return the number of the attempt that follows those that were sent, counted from 1."""
    return 1 + sum(attempt.sent for attempt in attempts)


def open_attempt(attempts: Iterable[Attempt]) -> Attempt | None:
    """Return the one attempt of a clip that is not closed yet."""
    return next((attempt for attempt in attempts if attempt.is_open), None)


def stored_attempt(attempts: Sequence[Attempt], planned: PlannedClip) -> Attempt | None:
    """Return a clip's newest stored attempt, if it was made for the request as it is now.

    An attempt after it that was fetched, and never noted as stored, may have replaced its file.
    """
    for attempt in reversed(attempts):
        if attempt.custody is Custody.STORED:
            return attempt if same_request(attempt, planned) else None
        if attempt.path is not None:
            return None
    return None


def is_missing(attempts: Sequence[Attempt], planned: PlannedClip) -> bool:
    """Whether a clip needs another attempt: it is not stored, and none that was sent is open."""
    unfinished = open_attempt(attempts)
    if unfinished is not None and unfinished.sent:
        return False
    return stored_attempt(attempts, planned) is None
