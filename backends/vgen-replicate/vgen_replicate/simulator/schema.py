"""A model's OpenAPI schema, and the validation of inputs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from vgen_replicate.simulator.errors import InvalidField
from vgen_replicate.simulator.model import Field, Inputs, Model

JSON_TYPES = {
    type(None): "null",
    bool: "boolean",
    int: "integer",
    str: "string",
    list: "array",
    dict: "object",
}


def openapi(model: Model) -> dict[str, Any]:
    """Return the model's `openapi_schema`, reduced to the schemas of its input and output."""
    enums = {
        name: {"title": name, "enum": list(field.choices), "type": field.kind}
        for name, field in model.fields.items()
        if field.choices
    }
    return {
        "openapi": "3.0.2",
        "info": {"title": "Cog", "version": "0.1.0"},
        "components": {"schemas": {"Input": _input(model), "Output": _output(model), **enums}},
    }


def _input(model: Model) -> dict[str, Any]:
    required = [name for name, field in model.fields.items() if field.required]
    return {
        "title": "Input",
        "type": "object",
        **({"required": required} if required else {}),
        "properties": {
            name: {**_property(name, field), "x-order": order}
            for order, (name, field) in enumerate(model.fields.items())
        },
    }


def _property(name: str, field: Field) -> dict[str, Any]:
    if field.choices:
        kind: dict[str, Any] = {"allOf": [{"$ref": f"#/components/schemas/{name}"}]}
    else:
        kind = {"type": field.kind, "title": name.replace("_", " ").title()}
    optional = {
        "format": "uri" if field.uri else None,
        "minimum": field.minimum,
        "maximum": field.maximum,
        "default": field.default,
        "description": field.description,
    }
    return kind | {key: value for key, value in optional.items() if value is not None}


def _output(model: Model) -> dict[str, Any]:
    uri = {"type": "string", "format": "uri"}
    return {"title": "Output", **({"type": "array", "items": uri} if model.many else uri)}


def problems(model: Model, inputs: Inputs) -> list[InvalidField]:
    """Return what is wrong with the inputs; unknown ones are allowed, as the service does."""
    missing = [
        InvalidField("required", "input", f"{name} is required")
        for name, field in model.fields.items()
        if field.required and name not in inputs
    ]
    wrong = [
        problem
        for name, field in model.fields.items()
        if name in inputs
        for problem in _field_problems(name, field, inputs[name])
    ]
    return missing + wrong


def _field_problems(name: str, field: Field, value: Any) -> Iterator[InvalidField]:
    where = f"input.{name}"
    if not _has_kind(field.kind, value):
        given = json_type(value)
        yield InvalidField(
            "invalid_type", where, f"Invalid type. Expected: {field.kind}, given: {given}"
        )
        return
    if field.choices and value not in field.choices:
        listed = ", ".join(json.dumps(choice) for choice in field.choices)
        yield InvalidField("enum", where, f"{name} must be one of the following: {listed}")
    if field.minimum is not None and value < field.minimum:
        words = f"Must be greater than or equal to {field.minimum:g}"
        yield InvalidField("number_gte", where, words)
    if field.maximum is not None and value > field.maximum:
        words = f"Must be less than or equal to {field.maximum:g}"
        yield InvalidField("number_lte", where, words)
    if field.uri and not _is_uri(value):
        yield InvalidField("format", where, "Does not match format 'uri'")


def _has_kind(kind: str, value: Any) -> bool:
    found = json_type(value)
    return found == kind or (kind == "number" and found == "integer")


def json_type(value: Any) -> str:
    """Return JSON Schema's name for a value's type; 2.0 is an integer."""
    if isinstance(value, float):
        return "integer" if value.is_integer() else "number"
    return JSON_TYPES[type(value)]


def _is_uri(value: str) -> bool:
    try:
        return bool(urlsplit(value).scheme)
    except ValueError:
        return False
