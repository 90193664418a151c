"""Questions about the attempts of one clip."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import itemgetter

from vgen.decisions.fingerprint import same_request
from vgen.records.attempt import Attempt, Custody
from vgen.records.clip import Choice
from vgen.records.job import PlannedClip
from vgen.records.prompt import ClipPrompt


def next_number(attempts: Iterable[Attempt]) -> int:
    """Return the number of the attempt that follows those that were sent, counted from 1."""
    return 1 + sum(attempt.sent for attempt in attempts)


def open_attempt(attempts: Iterable[Attempt]) -> Attempt | None:
    """Return the one attempt of a clip that is not closed yet."""
    return next((attempt for attempt in attempts if attempt.is_open), None)


def takes(attempts: Sequence[Attempt]) -> list[Attempt]:
    """Return the attempts at a clip whose file was stored and not replaced, oldest first.

    A file that was stored without a take of its own is the clip's, which any attempt after it may
    have replaced that was fetched, unless it was stored as a take alone.
    """
    kept: list[Attempt] = []
    replaced = False
    for attempt in reversed(attempts):
        clip, stored = attempt.clip, attempt.custody is Custody.STORED
        has_own_file = clip is not None and clip.take is not None
        if stored and (has_own_file or not replaced):
            kept.append(attempt)
        is_clip = not has_own_file or (clip is not None and clip.file is not None)
        replaced = replaced or (stored and is_clip) or attempt.path is not None
    return kept[::-1]


def stored_attempt(attempts: Sequence[Attempt], planned: PlannedClip) -> Attempt | None:
    """Return the take that is the clip: the user's choice for this request, or its newest take."""
    stored = takes(attempts)
    chosen = [
        (c.order, a) for a in stored if (c := _choice(a)) and c.fingerprint == planned.fingerprint
    ]
    if chosen:
        return max(chosen, key=itemgetter(0))[1]
    return next((a for a in reversed(stored) if same_request(a, planned)), None)


def next_choice(attempts: Sequence[Attempt], planned: PlannedClip) -> Choice:
    """Return the choice of another take for what is planned; it counts more than those before."""
    orders = [choice.order for attempt in attempts if (choice := _choice(attempt))]
    return Choice(planned.fingerprint, 1 + max(orders, default=0))


def _choice(attempt: Attempt) -> Choice | None:
    return attempt.clip.choice if attempt.clip else None


def is_missing(attempts: Sequence[Attempt], planned: PlannedClip) -> bool:
    """Whether a clip needs another attempt: it is not stored, and none that was sent is open."""
    unfinished = open_attempt(attempts)
    if unfinished is not None and unfinished.sent:
        return False
    return stored_attempt(attempts, planned) is None


def planned_as(attempt: Attempt) -> PlannedClip:
    """Return the plan that an attempt was made by, for a clip that its job has no more."""
    request = attempt.request
    prompt = ClipPrompt(
        attempt.clip_index,
        request.prompt,
        request.duration,
        negative_prompt=request.negative_prompt,
        scene_reference_url=request.image,
        metadata=request.metadata,
    )
    return PlannedClip(prompt, request, attempt.fingerprint, route=(attempt.backend,))
