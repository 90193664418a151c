"""The parser of published schemas."""

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
    """A video model's schema with another output."""
    openapi_schema = openapi(VEO)
    openapi_schema["components"]["schemas"] |= {"Output": output, "File": FILE}
    return Schema.parse(openapi_schema)


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
    """A file, a list of them, an object that contains one, or an output without a type."""
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
    """A model whose output is text is refused."""
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
def test_an_invalid_part_is_named(name: str, property_: object) -> None:
    """An invalid schema raises an error of one line."""
    openapi_schema = openapi(VEO)
    openapi_schema["components"]["schemas"]["Output"] = property_
    openapi_schema["components"]["schemas"]["Input"]["properties"] |= {"x": property_}
    with pytest.raises(ConfigurationError, match=f"^schema not understood: {name}: "):
        Schema.parse(openapi_schema)


@pytest.mark.parametrize("limit", [float("nan"), float("inf"), "9" * 400])
def test_an_invalid_limit(limit: object) -> None:
    """An invalid limit is ignored."""
    openapi_schema = openapi(VEO)
    openapi_schema["components"]["schemas"]["Input"]["properties"] |= {"x": {"maximum": limit}}
    assert Schema.parse(openapi_schema).fields["x"].maximum is None


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
def test_forms_of_a_field(property_: object, field: Field) -> None:
    """In place, by a reference, or as one of several types."""
    schemas = {
        "Input": {"properties": {"x": property_}},
        "Five": {"type": "integer", "enum": [5, 10]},
    }
    assert Schema.parse({"components": {"schemas": schemas}}).fields == {"x": field}


@pytest.mark.parametrize(
    "openapi_schema", [None, [], {}, {"components": {"schemas": {"Input": 3}}}]
)
def test_an_invalid_schema(openapi_schema: object) -> None:
    """It has no fields, and raises no error."""
    assert Schema.parse(openapi_schema).fields == {}


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
    """It is within the limits and a multiple of the step, or one of the choices as written."""
    assert field.is_number
    assert field.nearest(wanted) == value
