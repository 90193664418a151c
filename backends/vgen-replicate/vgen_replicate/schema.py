"""The parser of a model's published OpenAPI schema."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from math import ceil, floor, isfinite
from typing import Any

from attrs import field, frozen

from vgen.errors import ConfigurationError
from vgen_replicate.parsing import as_object

SCHEMAS = "#/components/schemas/"
NUMBERS = frozenset({"integer", "number"})
NUMBER_TEXT = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(?:s|sec|seconds|fps)?\s*", re.IGNORECASE)
"""A choice that is text but means a number: "5", "10s"."""


@frozen
class Field:
    """One input of a model; `choices` is an enumeration; with `is_uri` it takes a file."""

    name: str
    kind: str = ""
    default: Any = None
    required: bool = False
    choices: tuple[Any, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    step: float | None = None
    is_uri: bool = False

    @property
    def is_text(self) -> bool:
        """Whether it accepts any text."""
        return self.kind == "string" and not self.choices and not self.is_uri

    @property
    def is_number(self) -> bool:
        """Whether its value is a number, or text that means one."""
        return bool(self.numeric_choices) if self.choices else self.kind in NUMBERS

    @property
    def numeric_choices(self) -> Mapping[float, Any]:
        """The choices that are or mean numbers, by those numbers."""
        numbers = {as_number(choice): choice for choice in self.choices}
        return {number: choice for number, choice in numbers.items() if number is not None}

    def nearest(self, number: float) -> Any:
        """Return the accepted value nearest to `number`."""
        if self.choices:
            numeric_choices = self.numeric_choices
            return numeric_choices[min(numeric_choices, key=lambda one: (abs(one - number), one))]
        step = self.step or (1 if self.kind == "integer" else None)
        if step is None:
            return self._clamped(number)
        value = round(self._clamped(number) / step) * step
        if self.maximum is not None and value > self.maximum:
            value = floor(self.maximum / step) * step
        if self.minimum is not None and value < self.minimum:
            value = ceil(self.minimum / step) * step
        return int(value) if self.kind == "integer" else value

    def _clamped(self, number: float) -> float:
        if self.minimum is not None:
            number = max(number, self.minimum)
        return number if self.maximum is None else min(number, self.maximum)


@frozen
class Schema:
    """A model's inputs by name, and whether its output contains a file."""

    fields: Mapping[str, Field] = field(factory=dict[str, Field])
    outputs_files: bool = True

    @classmethod
    def parse(cls, openapi: object) -> Schema:
        """Parse a version's `openapi_schema`.

        Raises:
            ConfigurationError: a part of it is invalid; the message names that part.
        """
        schemas = as_object(as_object(as_object(openapi).get("components")).get("schemas"))
        declared_input = as_object(schemas.get("Input"))
        fields: dict[str, Field] = {}
        for name, declared in as_object(declared_input.get("properties")).items():
            with _named_errors(name):
                required = name in (declared_input.get("required") or ())
                fields[name] = _field(name, _dereferenced(schemas, declared), required=required)
        with _named_errors("Output"):
            return cls(fields, _outputs_files(schemas, schemas.get("Output")))

    def find_number(self, names: Iterable[str]) -> Field | None:
        """Return the first field of one of these names that takes a number."""
        found = (self.fields.get(name) for name in names)
        return next((one for one in found if one is not None and one.is_number), None)

    def find_text(self, names: Iterable[str]) -> Field | None:
        """Return the first field of one of these names that takes any text."""
        found = (self.fields.get(name) for name in names)
        return next((one for one in found if one is not None and one.is_text), None)

    def find_choice(self, names: Iterable[str]) -> Field | None:
        """Return the first field of one of these names that is an enumeration."""
        found = (self.fields.get(name) for name in names)
        return next((one for one in found if one is not None and one.choices), None)


def as_number(value: object) -> float | None:
    """Return a value that is a number, or text that means one, as a float; `None` for others."""
    if isinstance(value, str) and (match := NUMBER_TEXT.fullmatch(value)):
        value = float(match[1])
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        return None
    return float(value)


@contextmanager
def _named_errors(name: str) -> Generator[None]:
    try:
        yield
    except (TypeError, ValueError, ArithmeticError, RecursionError) as error:
        raise ConfigurationError(f"schema not understood: {name}: {error}") from error


def _field(name: str, declared: Mapping[str, Any], *, required: bool) -> Field:
    return Field(
        name=name,
        kind=str(declared.get("type", "")),
        default=declared.get("default"),
        required=required,
        choices=tuple(declared.get("enum") or ()),
        minimum=as_number(declared.get("minimum")),
        maximum=as_number(declared.get("maximum")),
        step=as_number(declared.get("multipleOf")) or None,
        is_uri=declared.get("type") == "string" and declared.get("format") == "uri",
    )


def _dereferenced(schemas: Mapping[str, Any], declared: object) -> dict[str, Any]:
    """Merge `$ref`, `allOf` and `anyOf` into a declaration; its own keys take precedence."""
    own = as_object(declared)
    referenced: dict[str, Any] = {}
    for part in (*(own.get("allOf") or ()), *(own.get("anyOf") or ())):
        if as_object(part).get("type") != "null":
            referenced |= _dereferenced(schemas, part)
    reference = str(own.get("$ref", ""))
    if reference.startswith(SCHEMAS):
        referenced |= as_object(schemas.get(reference.removeprefix(SCHEMAS)))
    return referenced | own


def _outputs_files(schemas: Mapping[str, Any], declared: object) -> bool:
    """Whether an output is or contains a URI, or may: its schema does not say."""
    output = _dereferenced(schemas, declared)
    if output.get("type") == "array":
        return _outputs_files(schemas, output.get("items"))
    parts = as_object(output.get("properties")).values()
    if parts:
        return any(_outputs_files(schemas, part) for part in parts)
    return output.get("format") == "uri" or "type" not in output or output["type"] == "object"
