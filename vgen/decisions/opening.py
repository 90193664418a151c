"""Which opening of a job counts, where it is opened twice."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

from vgen.records.job import PlannedClip


def opening_of(clips: Iterable[PlannedClip]) -> str:
    """Digest what a job's clips are to be.

    A job that is opened with another digest is opened anew: the later opening counts. Budget,
    options, routes and the order of the prompts are not part of it.
    """
    asked = sorted((c.clip_index, c.fingerprint, c.request.image_sha256) for c in clips)
    return hashlib.sha256(json.dumps(asked).encode()).hexdigest()
