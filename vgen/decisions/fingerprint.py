"""Whether the user's request has changed since a clip was made."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from attrs import evolve

from vgen.records.attempt import Attempt, Custody
from vgen.records.job import PlannedClip
from vgen.records.jsonio import as_mapping
from vgen.records.prompt import ClipPrompt
from vgen.records.settings import GenerationSettings


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
) -> int:
    """Return the take that is asked for without a redo: the one of before.

    An edited prompt begins at take 0; one that is edited back continues with its newest take that
    is stored, by the clip's `attempts`.
    """
    if before and fingerprint(prompt, generation, before.take) == before.fingerprint:
        return before.take
    stored = {a.fingerprint for a in attempts if a.custody is Custody.STORED}
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
    before, now = attempt.request.image_sha256, planned.request.image_sha256
    if before is not None and now is not None and before != now:
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
    unchanged = evolve(planned.request, **ignored, image=None, image_sha256=None)
    return image and unchanged == evolve(before, image=None, image_sha256=None)
