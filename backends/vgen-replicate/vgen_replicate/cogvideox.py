"""CogVideoX: six seconds from text, or from an image and text."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from vgen.abc import ClipRequest
from vgen_replicate import prices
from vgen_replicate.backend import ReplicateBackend
from vgen_replicate.declaration import Declaration, Variant, reference

FROM_TEXT = "thudm/cogvideox-t2v"
FROM_IMAGE = "thudm/cogvideox-i2v:82caaa79520e03b3963c975e38dd68ac8a6b18a8a39c19fd8dc03b4ed4b91c58"
VARIABLE = "COGVIDEOX_MODEL_VERSION"

SECONDS_PER_STEP = 3.0
"""How long a step usually takes on an A100: 150 s for 50 of them."""

FRAMES, RATE = 49, 8
"""The model makes 49 frames at 8 frames per second: 6.125 s."""


class CogVideoX(ReplicateBackend):
    """Clips of 6.1 seconds: from an image where the clip has one, else from its text.

    `COGVIDEOX_MODEL_VERSION` selects another version: `owner/name:version` of either variant, or a
    version alone, of the image variant. See `ReplicateBackend` for the arguments.
    """

    def __init__(self, **access: Any) -> None:
        super().__init__(declaration(), **access)


def declaration() -> Declaration:
    """Return the declaration of both variants, with the environment's version and price."""
    return Declaration(
        name="cogvideox",
        text=Variant(_reference(FROM_TEXT, image=False), inputs=inputs),
        image=Variant(_reference(FROM_IMAGE, image=True), inputs=inputs, image="image"),
        durations=(FRAMES / RATE,),
        max_size=(720, 480),
        ignored=ignored,
        price=prices.by_environment(times=prices.COGVIDEOX_MULTIPLIER),
        per_run_second=prices.A100_80GB,
        run_limit=400.0,
        run_seconds=lambda request: SECONDS_PER_STEP * request.steps,
    )


def _reference(default: str, *, image: bool) -> str:
    """Return a variant's reference: an override by name is of one variant, by its `i2v` or not."""
    if not image and "/" not in os.environ.get(VARIABLE, ""):
        return default
    return reference(default, VARIABLE, applies_to=lambda name: ("i2v" in name) is image)


def inputs(request: ClipRequest, _seconds: float) -> Mapping[str, Any]:
    """Return the model's inputs for a request; the length and the size are fixed."""
    return {
        "prompt": request.prompt,
        "num_inference_steps": request.steps,
        "num_frames": FRAMES,
    }


def ignored(request: ClipRequest) -> tuple[str, ...]:
    """Return the fields of the request that the model cannot honour."""
    always = ("width", "height", "fps", "motion")
    return (*always, "negative_prompt") if request.negative_prompt.strip() else always
