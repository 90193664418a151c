"""Schemas of published models, in the simulator's form."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from vgen.abc import Price
from vgen_replicate.declaration import Declaration
from vgen_replicate.simulator import MODELS, Field, Hardware, Model, Shot
from vgen_replicate.simulator.schema import openapi

PRICE = Price(base=Decimal(0), per_second=Decimal("0.05"))

NO_HARDWARE = Hardware("none", "none", Decimal(0))


def number(
    default: int | None = None, limits: tuple[int, int] | None = None, choices: tuple[int, ...] = ()
) -> Field:
    """An integer, within limits or one of the choices."""
    low, high = limits or (None, None)
    return Field("integer", "", default, minimum=low, maximum=high, choices=choices)


def text(*choices: str, required: bool = False) -> Field:
    """Any text, or one of the choices, the first by default."""
    default = choices[0] if choices else None
    return Field("string", "", default, required=required, choices=choices)


def file(*, required: bool = False) -> Field:
    """The URI of a file."""
    return Field("string", "", required=required, uri=True)


def flag() -> Field:
    """A boolean."""
    return Field("boolean", "", default=False)


def published(path: str, **fields: Field) -> Model:
    """A model that is described but never run."""
    owner, _, name = path.partition("/")
    made = Shot(frames=1, fps=1, size=(32, 32), seconds=1.0)
    return Model(owner, name, "0" * 64, "", fields, NO_HARDWARE, lambda _inputs, _size: made)


SEEDANCE = published(
    "bytedance/seedance-1-lite",
    prompt=text(required=True),
    image=file(),
    last_frame_image=file(),
    duration=number(5, (2, 12)),
    resolution=text("720p", "480p", "1080p"),
    aspect_ratio=text("16:9", "4:3", "1:1", "3:4", "9:16", "21:9", "9:21"),
    fps=number(24, choices=(24,)),
    camera_fixed=flag(),
    seed=number(),
)
KLING = published(
    "kwaivgi/kling-v2.1",
    prompt=text(required=True),
    negative_prompt=text(),
    start_image=file(required=True),
    end_image=file(),
    mode=text("standard", "pro"),
    duration=number(5, choices=(5, 10)),
)
HAILUO = published(
    "minimax/hailuo-02-fast",
    prompt=text(required=True),
    first_frame_image=file(required=True),
    duration=number(6, choices=(6, 10)),
    prompt_optimizer=flag(),
    go_fast=flag(),
)
VEO = published(
    "google/veo-3.1",
    prompt=text(required=True),
    image=file(),
    last_frame=file(),
    duration=number(8, choices=(4, 6, 8)),
    resolution=text("1080p", "720p"),
    aspect_ratio=text("16:9", "9:16"),
    generate_audio=flag(),
    negative_prompt=text(),
    seed=number(limits=(0, 2**31 - 1)),
)
LTX = published(
    "lightricks/ltx-video-0.9.7",
    prompt=text(required=True),
    negative_prompt=text(),
    image=file(),
    num_frames=number(161),
    fps=number(24, (1, 60)),
    width=number(704, (256, 1280)),
    height=number(480, (256, 1280)),
    num_inference_steps=number(24, (1, 50)),
    seed=number(),
)
SIMULATED = {model.name: model for model in MODELS}
WAN, COGVIDEOX_5B = SIMULATED["wan-2.2-i2v-fast"], SIMULATED["cogvideox-5b"]

CURRENT_MODELS = (WAN, SEEDANCE, KLING, HAILUO, VEO, LTX)


def model_page(model: Model) -> dict[str, Any]:
    """The service's JSON for the model."""
    schema = openapi(model)
    if model is LTX:
        properties = schema["components"]["schemas"]["Input"]["properties"]
        properties["width"]["multipleOf"] = properties["height"]["multipleOf"] = 32
    version = {"id": model.version, "openapi_schema": schema}
    return {"is_official": model.official, "latest_version": version}


def incomplete(*durations: float) -> Declaration:
    """A declaration that a schema is to complete."""
    return Declaration(
        name="model",
        text=None,
        image=None,
        durations=durations,
        max_size=(0, 0),
        ignored=lambda _request: (),
        price=PRICE,
        per_run_second=Decimal("0.0015"),
        run_limit=300.0,
    )
