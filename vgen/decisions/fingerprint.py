"""Whether the user's request has changed since a clip was made."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

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


def next_take(
    prompt: ClipPrompt,
    generation: GenerationSettings,
    before: PlannedClip | None,
    attempts: Sequence[Attempt],
    *,
    redo: bool,
) -> int:
    """Return the take that is asked for now: the one of before, or with `redo` the one after it.

    An edited prompt begins at take 0; one that is edited back continues with the clip that is
    stored, by the clip's `attempts`. A take that is not stored yet is made first.
    """
    stored = [a.fingerprint for a in attempts if a.custody is Custody.STORED][-1:]
    take = before.take if before else 0
    if before is None or fingerprint(prompt, generation, take) != before.fingerprint:
        takes = range(len(attempts))
        take = next((t for t in takes if fingerprint(prompt, generation, t) in stored), 0)
    return take + (redo and fingerprint(prompt, generation, take) in stored)


def _without_query(url: str | None) -> str | None:
    if url is None or "://" not in url:
        return url
    return url.partition("#")[0].partition("?")[0]


def same_request(attempt: Attempt, planned: PlannedClip) -> bool:
    """Whether the attempt was made for what is asked for now.

    An image that could not be had, then or now, is no change; an image with other bytes is.
    """
    before, now = attempt.request.image_sha256, planned.request.image_sha256
    same_image = before is None or now is None or before == now
    return attempt.fingerprint == planned.fingerprint and same_image
