"""Requests are mapped to inputs by a published schema."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from attrs import evolve, fields_dict
from hypothesis import given
from hypothesis import strategies as st

from vgen.abc import ClipRequest
from vgen.errors import ConfigurationError
from vgen_replicate.declaration import Declaration
from vgen_replicate.mapping import complete
from vgen_replicate.schema import Schema
from vgen_replicate.simulator import Field as SimulatedField
from vgen_replicate.simulator import Model
from vgen_replicate.simulator.schema import problems

from .published import (
    COGVIDEOX_5B,
    CURRENT_MODELS,
    HAILUO,
    KLING,
    LTX,
    SEEDANCE,
    VEO,
    WAN,
    file,
    incomplete,
    model_page,
    number,
    published,
    text,
)

REQUEST = ClipRequest(
    prompt="a hill",
    negative_prompt="rain",
    duration=6.0,
    width=1024,
    height=576,
    fps=30,
    motion=127,
    steps=25,
    seed=7,
    image="picture.png",
)
FROM_TEXT = evolve(REQUEST, image=None)

REQUESTS = st.builds(
    ClipRequest,
    prompt=st.text(),
    negative_prompt=st.text(max_size=3),
    duration=st.floats(0.01, 300),
    width=st.integers(16, 8192),
    height=st.integers(16, 8192),
    fps=st.integers(1, 240),
    motion=st.integers(1, 255),
    steps=st.integers(1, 1000),
    seed=st.none() | st.integers(0, 2**32 - 1),
    image=st.none() | st.just("picture.png"),
)


def declaration(model: Model, *durations: float) -> Declaration:
    """Complete a declaration from the model's page."""
    latest = model_page(model)["latest_version"]
    return complete(Schema.parse(latest["openapi_schema"]), incomplete(*durations), model.path)


DECLARED = [(model, declaration(model)) for model in CURRENT_MODELS]


def nearest(declared: Declaration, seconds: float) -> float:
    """The length in seconds that the backend would choose."""
    return min(declared.durations, key=lambda made: (abs(made - seconds), made))


def sent(declared: Declaration, request: ClipRequest, attempt_id: UUID) -> dict[str, Any]:
    """The inputs that would be sent to the service."""
    variant = declared.variant(image=request.image is not None)
    inputs = dict(variant.inputs(request, nearest(declared, request.duration)))
    if variant.image and request.image:
        inputs[variant.image] = "https://example.org/picture.png"
    return inputs | variant.seeded(request, attempt_id)


@pytest.mark.parametrize(
    ("model", "request_", "inputs", "ignored"),
    [
        (
            WAN,
            REQUEST,
            {"seed": 7, "num_frames": 97, "frames_per_second": 16, "resolution": "480p"},
            "negative_prompt steps motion fps width height",
        ),
        (
            WAN,
            evolve(REQUEST, duration=3.0, fps=27),
            {"seed": 7, "num_frames": 81, "frames_per_second": 27, "resolution": "480p"},
            "negative_prompt steps motion width height",
        ),
        (
            SEEDANCE,
            REQUEST,
            {"seed": 7, "duration": 6, "fps": 24, "resolution": "480p", "aspect_ratio": "16:9"},
            "negative_prompt steps motion fps width height",
        ),
        (
            SEEDANCE,
            evolve(FROM_TEXT, width=720, height=1280, fps=24, duration=30.0, negative_prompt=""),
            {"seed": 7, "duration": 12, "fps": 24, "resolution": "720p", "aspect_ratio": "9:16"},
            "steps motion",
        ),
        (
            SEEDANCE,
            evolve(REQUEST, width=1280, height=720, fps=24, negative_prompt=""),
            {"seed": 7, "duration": 6, "fps": 24, "resolution": "720p", "aspect_ratio": "16:9"},
            "steps motion width height",
        ),
        (
            KLING,
            REQUEST,
            {"negative_prompt": "rain", "duration": 5},
            "seed steps motion fps width height",
        ),
        (
            HAILUO,
            REQUEST,
            {"duration": 6},
            "negative_prompt seed steps motion fps width height",
        ),
        (
            VEO,
            evolve(REQUEST, seed=2**32 - 1),
            {
                "seed": 2**31 - 1,
                "negative_prompt": "rain",
                "duration": 6,
                "resolution": "720p",
                "aspect_ratio": "16:9",
            },
            "seed steps motion fps width height",
        ),
        (
            LTX,
            REQUEST,
            {
                "seed": 7,
                "negative_prompt": "rain",
                "num_inference_steps": 25,
                "num_frames": 161,
                "fps": 27,
                "width": 1024,
                "height": 576,
            },
            "motion fps",
        ),
        (
            LTX,
            evolve(FROM_TEXT, width=1080, height=1920, steps=99, negative_prompt=" "),
            {
                "seed": 7,
                "num_inference_steps": 50,
                "num_frames": 161,
                "fps": 27,
                "width": 704,
                "height": 1280,
            },
            "steps motion fps width height",
        ),
    ],
)
def test_requests_of_todays_models(
    model: Model, request_: ClipRequest, inputs: dict[str, Any], ignored: str
) -> None:
    """Each model gets the inputs that it has, and the quote lists what it ignores or changes."""
    declared = declaration(model)
    found = sent(declared, request_, UUID(int=1))
    found.pop(declared.variant(image=request_.image is not None).image or "", None)
    assert found == {"prompt": "a hill", **inputs}
    assert set(declared.ignored(request_)) == set(ignored.split())


@pytest.mark.parametrize(
    ("model", "works_from", "largest"),
    [
        (WAN, ["image"], (1280, 720)),
        (SEEDANCE, ["text", "image"], (1920, 1080)),
        (KLING, ["start_image"], (1280, 720)),
        (HAILUO, ["first_frame_image"], (1280, 720)),
        (VEO, ["text", "image"], (1920, 1080)),
        (LTX, ["text", "image"], (1280, 1280)),
    ],
)
def test_what_a_model_works_from(
    model: Model, works_from: list[str], largest: tuple[int, int]
) -> None:
    """The image is the start image; a model that requires one has no text variant."""
    declared = declaration(model)
    assert declared.variant(image=True).image == works_from[-1]
    assert (declared.text is not None) is ("text" in works_from)
    assert declared.max_size == largest


@pytest.mark.parametrize(
    ("names", "image"),
    [
        (["mask_image", "first_image_url", "image"], "image"),
        (["last_frame", "source_img"], "source_img"),
        (["last_frame", "end_image", "reference_image", "audio"], None),
    ],
)
def test_an_image_by_another_name(names: list[str], image: str | None) -> None:
    """A known name comes first, then one like an image's, unless it is for another use."""
    files = {name: file() for name in names}
    declared = declaration(published("a/b", prompt=text(), duration=number(5), **files))
    assert (declared.image and declared.image.image) == image


@given(st.sampled_from(DECLARED), REQUESTS, st.uuids())
def test_no_request_leaves_the_schema(
    one: tuple[Model, Declaration], request: ClipRequest, attempt_id: UUID
) -> None:
    """For any request, the inputs are valid, and fields that are not ignored are sent."""
    model, declared = one
    if declared.text is None:
        request = evolve(request, image="picture.png")
    inputs = sent(declared, request, attempt_id)
    assert problems(model, inputs) == []
    assert inputs.keys() <= model.fields.keys()
    if model is LTX:
        assert inputs["width"] % 32 == inputs["height"] % 32 == 0
    ignored = declared.ignored(request)
    assert len(set(ignored)) == len(ignored)
    assert set(ignored) <= fields_dict(ClipRequest).keys()
    for name in {"steps", "motion", "fps"} - set(ignored):
        assert getattr(request, name) in inputs.values()


@pytest.mark.parametrize("model", CURRENT_MODELS, ids=lambda model: model.name)
def test_every_length_is_sent_as_it_is_offered(model: Model) -> None:
    """A length equals its inputs: a duration, or frames divided by the frame rate."""
    declared = declaration(model)
    for seconds in declared.durations:
        inputs = sent(declared, evolve(REQUEST, duration=seconds), UUID(int=1))
        made = inputs.get("duration") or inputs["num_frames"] / (
            inputs.get("fps") or inputs["frames_per_second"]
        )
        assert made == seconds


def test_counts_of_frames_go_in_steps_of_eight() -> None:
    """Models that compress time make only these exactly: 81, 89 and so on up to 121."""
    counts = {
        sent(declaration(WAN), evolve(REQUEST, duration=seconds), UUID(int=1))["num_frames"]
        for seconds in declaration(WAN).durations
    }
    assert counts == {81, 89, 97, 105, 113, 121}


@pytest.mark.parametrize(
    ("duration", "lengths"),
    [
        (number(5, choices=(-1, 5, 10)), (5, 10)),
        (number(5, (-1, 7)), (1, 2, 3, 4, 5, 6, 7)),
        (text("5", "10s", "auto"), (5, 10)),
        (number(5), (5,)),
    ],
)
def test_forms_of_a_duration(duration: SimulatedField, lengths: tuple[float, ...]) -> None:
    """By choices, numeric or text, by limits, or by the default; -1 (automatic) is no length."""
    assert declaration(published("a/b", prompt=text(), duration=duration)).durations == lengths


def test_a_schema_without_a_length() -> None:
    """The caller must give it, and inputs that could change it are not sent."""
    model = published("a/b", prompt=text(), frames_per_second=number(8, (5, 30)))
    with pytest.raises(ConfigurationError, match=r"^a/b: .*how long.*durations="):
        declaration(model)
    declared = declaration(model, 6.0)
    assert sent(declared, REQUEST, UUID(int=1)) == {"prompt": "a hill"}
    assert "fps" in declared.ignored(REQUEST)


def test_durations_of_the_callers_own() -> None:
    """They replace the schema's; the schema's nearest one is sent."""
    declared = declaration(SEEDANCE, 5.0, 9.9)
    assert declared.durations == (5.0, 9.9)
    assert sent(declared, evolve(REQUEST, duration=30.0), UUID(int=1))["duration"] == 10


@pytest.mark.parametrize(
    ("model", "problem"),
    [
        (published("a/b"), "publishes no schema"),
        (published("a/b", seed=number(), duration=number(5)), "neither a prompt nor an image"),
        (published("a/b", prompt=text(), audio=file(required=True), duration=number(5)), "audio"),
        (
            published("a/b", prompt=text(), style=text("x", required=True), duration=number(5)),
            "style",
        ),
    ],
)
def test_an_unusable_schema(model: Model, problem: str) -> None:
    """The error says what is missing, in one line that names the model."""
    with pytest.raises(ConfigurationError, match=f"^a/b: .*{problem}"):
        declaration(model)


def test_a_model_of_few_seeds() -> None:
    """Too few seeds cannot identify an attempt, so none is drawn; the user's own is sent."""
    model = published("a/b", prompt=text(), duration=number(5), seed=number(limits=(0, 9999)))
    declared = declaration(model)
    assert declared.variant(image=False).seed is None
    assert sent(declared, FROM_TEXT, UUID(int=1))["seed"] == 7
    assert "seed" not in sent(declared, evolve(FROM_TEXT, seed=None), UUID(int=1))
    assert declaration(COGVIDEOX_5B, 6.125).variant(image=False).seed == "seed"
