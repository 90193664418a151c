"""Stable Video Diffusion: a few seconds of motion from an image, without a prompt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vgen.abc import ClipRequest
from vgen_replicate import prices
from vgen_replicate.backend import ReplicateBackend
from vgen_replicate.declaration import Declaration, Variant, reference

MODEL = (
    "stability-ai/stable-video-diffusion:"
    "3f0457e4619daac51203dedb472816fd4af51f3149fa7a9e0b5ffcf1b8172438"
)
FRAMES = 25
RATES = range(5, 31)
"""The accepted values of `frames_per_second`; the files have one frame per second more."""

RUN_SECONDS = 35.0
"""How long 25 frames usually take on an A100."""

DURATIONS = tuple(sorted(FRAMES / (rate + 1) for rate in RATES))
WIDE = (16, 9)


class StableVideoDiffusion(ReplicateBackend):
    """25 frames from an image, at the frame rate that gives the wanted length: 0.8 to 4.2 seconds.

    `SVD_MODEL_VERSION` names another version. See `ReplicateBackend` for the arguments.
    """

    def __init__(self, **access: Any) -> None:
        super().__init__(declaration(), **access)


def declaration() -> Declaration:
    """Return the declaration, with the environment's version and price."""
    return Declaration(
        name="svd",
        text=None,
        image=Variant(reference(MODEL, "SVD_MODEL_VERSION"), inputs=inputs, image="input_image"),
        durations=DURATIONS,
        max_size=(1024, 576),
        ignored=ignored,
        price=prices.by_environment(),
        per_run_second=prices.A100_80GB,
        run_limit=120.0,
        run_seconds=lambda _request: RUN_SECONDS,
    )


def inputs(request: ClipRequest, seconds: float) -> Mapping[str, Any]:
    """Return the model's inputs for a request: the frame rate sets the length in seconds."""
    return {
        "video_length": "25_frames_with_svd_xt",
        "sizing_strategy": "crop_to_16_9" if _is_wide(request) else "maintain_aspect_ratio",
        "frames_per_second": round(FRAMES / seconds) - 1,
        "motion_bucket_id": request.motion,
    }


def ignored(request: ClipRequest) -> tuple[str, ...]:
    """Return the fields that the model cannot honour; its only exact size is 1024x576."""
    fields = {
        "prompt": bool(request.prompt.strip()),
        "negative_prompt": bool(request.negative_prompt.strip()),
        "fps": True,
        "steps": True,
        "width": (request.width, request.height) != (1024, 576),
        "height": (request.width, request.height) != (1024, 576),
    }
    return tuple(name for name, is_ignored in fields.items() if is_ignored)


def _is_wide(request: ClipRequest) -> bool:
    return request.width * WIDE[1] == request.height * WIDE[0]
