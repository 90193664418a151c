"""Whether the user's request has changed since a clip was made."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from attrs import evolve

from vgen.records.attempt import Attempt, Custody
from vgen.records.job import PlannedClip
from vgen.records.jsonio import as_mapping
from vgen.records.prompt import ClipPrompt
from vgen.records.request import ClipRequest
from vgen.records.settings import GenerationSettings

NO_IMAGE: Mapping[str, Any] = {"image": None, "image_sha256": None}


def fingerprint(prompt: ClipPrompt, generation: GenerationSettings, take: int = 0) -> str:
    """Digest what the user asked for: prompt, negative prompt, duration, image, seed, settings.

    Another `take` of it is another request.

    The image counts by its name without the query, since signed URLs change from day to day.
    """
    asked = {
        "prompt": prompt.prompt,
        "negative_prompt": prompt.negative_prompt,
        "duration": float(prompt.duration),
        "image": _without_query(prompt.scene_reference_url),
        "seed": prompt.seed,
        "generation": as_mapping(generation),
        **({"take": take} if take else {}),
    }
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


def current_take(
    prompt: ClipPrompt,
    generation: GenerationSettings,
    before: PlannedClip | None,
    attempts: Sequence[Attempt],
    *,
    image_sha256: str | None = None,
) -> int:
    """Return the take that is asked for without a redo: the one of before.

    An edited prompt, or one whose image has other bytes now, begins at take 0; one that is edited
    back continues with its newest take that is stored, by the clip's `attempts`.
    """

    def is_of_this_image(request: ClipRequest) -> bool:
        return not _are_others(request.image_sha256, image_sha256)

    is_the_same = before and fingerprint(prompt, generation, before.take) == before.fingerprint
    if before and is_the_same and is_of_this_image(before.request):
        return before.take
    made = [a for a in attempts if a.custody is Custody.STORED and is_of_this_image(a.request)]
    stored = {attempt.fingerprint for attempt in made}
    takes = reversed(range(len(attempts)))
    return next((t for t in takes if fingerprint(prompt, generation, t) in stored), 0)


def _without_query(url: str | None) -> str | None:
    if url is None or "://" not in url:
        return url
    return url.partition("#")[0].partition("?")[0]


def same_request(attempt: Attempt, planned: PlannedClip) -> bool:
    """Whether the attempt was made for what is asked for now.

    An image that could not be read, then or now, is no change; an image with other bytes is. What
    the backend of a stored clip has ignored is no change of the request for it.
    """
    others = _are_others(attempt.request.image_sha256, planned.request.image_sha256)
    if others and not _ignores_image(attempt):
        return False
    return attempt.fingerprint == planned.fingerprint or _differs_in_ignored(attempt, planned)


def _differs_in_ignored(attempt: Attempt, planned: PlannedClip) -> bool:
    clip, before = attempt.clip, attempt.request
    if clip is None or attempt.take != planned.take:
        return False
    if clip.target_duration != planned.prompt.duration:
        return False
    ignored = {name: getattr(before, name) for name in clip.ignored}
    image = _without_query(before.image) == _without_query(planned.prompt.scene_reference_url)
    unchanged = evolve(planned.request, **{**ignored, **NO_IMAGE})
    return (image or _ignores_image(attempt)) and unchanged == evolve(before, **NO_IMAGE)


def _are_others(before: str | None, now: str | None) -> bool:
    """Whether two images, by their digests, certainly differ."""
    return before is not None and now is not None and before != now


def _ignores_image(attempt: Attempt) -> bool:
    return attempt.clip is not None and "image" in attempt.clip.ignored
