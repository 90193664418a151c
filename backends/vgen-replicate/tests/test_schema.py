"""How a published schema is read."""

from __future__ import annotations

from typing import Any

import pytest

from vgen.errors import ConfigurationError
from vgen_replicate.mapping import complete
from vgen_replicate.schema import Field, Schema
from vgen_replicate.simulator.schema import openapi

from .published import VEO, incomplete

FILE: dict[str, Any] = {"type": "string", "format": "uri"}


def with_output(output: object) -> Schema:
    """A video model's schema, but for its output."""
    told = openapi(VEO)
    told["components"]["schemas"] |= {"Output": output, "File": FILE}
    return Schema.parse(told)


@pytest.mark.parametrize(
    "output",
    [
        FILE,
        {"type": "array", "items": FILE},
        {"$ref": "#/components/schemas/File"},
        {"type": "object", "properties": {"seed": {"type": "integer"}, "video": FILE}},
        {"title": "Output"},
    ],
)
def test_outputs_that_may_be_clips(output: object) -> None:
    """A file, a list of them, an object that holds one, or something of which nothing is said."""
    assert complete(with_output(output), incomplete(), VEO.path).text


@pytest.mark.parametrize(
    "output",
    [
        {"type": "string"},
        {"type": "array", "items": {"type": "string"}},
        {"type": "object", "properties": {"text": {"type": "string"}}},
    ],
)
def test_outputs_that_are_no_clips(output: object) -> None:
    """A model that writes text is of no use, however well it takes prompts."""
    with pytest.raises(ConfigurationError, match=f"^{VEO.path}: it makes no files$"):
        complete(with_output(output), incomplete(), VEO.path)


@pytest.mark.parametrize(
    ("name", "property_"),
    [
        ("x", {"enum": 5}),
        ("x", {"allOf": 5}),
        ("x", {"maximum": 10**400}),
        ("Output", {"type": "array", "items": {"$ref": "#/components/schemas/Output"}}),
    ],
)
def test_a_part_that_is_not_understood_is_named(name: str, property_: object) -> None:
    """However odd a schema is, it ends in one clear line."""
    told = openapi(VEO)
    told["components"]["schemas"]["Output"] = property_
    told["components"]["schemas"]["Input"]["properties"] |= {"x": property_}
    with pytest.raises(ConfigurationError, match=f"^schema not understood: {name}: "):
        Schema.parse(told)


@pytest.mark.parametrize("limit", [float("nan"), float("inf"), "9" * 400])
def test_a_limit_that_is_no_number_is_none(limit: object) -> None:
    """Nonsense limits nothing."""
    told = openapi(VEO)
    told["components"]["schemas"]["Input"]["properties"] |= {"x": {"maximum": limit}}
    assert Schema.parse(told).fields["x"].maximum is None


@pytest.mark.parametrize(
    ("property_", "field"),
    [
        ({"type": "integer", "minimum": 1}, Field("x", "integer", minimum=1.0)),
        ({"$ref": "#/components/schemas/Five"}, Field("x", "integer", choices=(5, 10))),
        (
            {"allOf": [{"$ref": "#/components/schemas/Five"}], "default": 5},
            Field("x", "integer", default=5, choices=(5, 10)),
        ),
        (
            {"anyOf": [{"type": "string", "format": "uri"}, {"type": "null"}]},
            Field("x", "string", is_uri=True),
        ),
        ({"type": "array", "items": {"type": "string", "format": "uri"}}, Field("x", "array")),
        ({"type": "number", "multipleOf": 0.5}, Field("x", "number", step=0.5)),
        (None, Field("x")),
    ],
)
def test_how_a_field_may_be_told(property_: object, field: Field) -> None:
    """In place, behind a reference, or as one of several forms."""
    schemas = {
        "Input": {"properties": {"x": property_}},
        "Five": {"type": "integer", "enum": [5, 10]},
    }
    assert Schema.parse({"components": {"schemas": schemas}}).fields == {"x": field}


@pytest.mark.parametrize("told", [None, [], {}, {"components": {"schemas": {"Input": 3}}}])
def test_what_is_no_schema(told: object) -> None:
    """It has no fields, and breaks nothing."""
    assert Schema.parse(told).fields == {}


@pytest.mark.parametrize(
    ("field", "wanted", "value"),
    [
        (Field("x", "integer", minimum=5, maximum=30), 3.2, 5),
        (Field("x", "integer", minimum=250, maximum=700, step=32), 900, 672),
        (Field("x", "integer", minimum=260, maximum=700, step=32), 1, 288),
        (Field("x", "number", minimum=0.5), 0.1, 0.5),
        (Field("x", "number", maximum=9.5), 10, 9.5),
        (Field("x", "string", choices=("5s", "10s", "auto")), 7.5, "5s"),
        (Field("x", "integer", choices=(5, 10)), 8, 10),
    ],
)
def test_the_nearest_value(field: Field, wanted: float, value: object) -> None:
    """It keeps the limits and the steps, or is one of the choices as they are spelled."""
    assert field.is_number
    assert field.nearest(wanted) == value
