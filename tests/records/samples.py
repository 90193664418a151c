"""Small valid records, each made in one line."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from vgen.records.attempt import Attempt
from vgen.records.clip import Clip
from vgen.records.job import Manifest, PlannedClip
from vgen.records.prompt import ClipPrompt
from vgen.records.request import ClipRequest
from vgen.records.settings import GenerationSettings

REQUEST = ClipRequest(
    prompt="a lighthouse", duration=4.0, width=768, height=432, fps=24, motion=100, steps=20
)
CLIP = Clip(
    clip_index=0,
    video_url="file:///clip.mp4",
    actual_duration=4.0,
    target_duration=4.0,
    duration_diff=0.0,
)


def a_prompt(clip_index: int = 0, **changes: Any) -> ClipPrompt:
    """A clip prompt."""
    given: dict[str, Any] = {"prompt": "a lighthouse", "duration": 4.0, **changes}
    return ClipPrompt(clip_index=clip_index, **given)


def an_attempt(job_id: UUID, clip_index: int = 0, *, hold: str = "0.30", **changes: Any) -> Attempt:
    """A planned attempt that holds `hold` US dollars."""
    return Attempt(
        attempt_id=uuid4(),
        job_id=job_id,
        clip_index=clip_index,
        number=1,
        backend="svd",
        account="me",
        request=REQUEST,
        fingerprint="f",
        hold=Decimal(hold),
        **changes,
    )


def a_manifest(job_id: UUID, *, clips: int = 3, budget: str = "1.00", spent: str = "0") -> Manifest:
    """A job of some clips, with a budget and what was spent of it before, in US dollars."""
    planned = tuple(
        PlannedClip(prompt=a_prompt(index), request=REQUEST, fingerprint="f", route=("svd",))
        for index in range(clips)
    )
    return Manifest(
        job_id=job_id,
        clips=planned,
        generation=GenerationSettings(),
        budget=Decimal(budget),
        already_spent=Decimal(spent),
    )
