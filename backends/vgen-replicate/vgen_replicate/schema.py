"""A model's published schema, read into small records: whatever may be missing is optional here."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from math import ceil, floor, isfinite
from typing import Any

from attrs import field, frozen

from vgen.errors import ConfigurationError
from vgen_replicate.reading import mapping

SCHEMAS = "#/components/schemas/"
NUMBERS = frozenset({"integer", "number"})
AMOUNT = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(?:s|sec|seconds|fps)?\s*", re.IGNORECASE)
"""A choice that is a number, spelled as text: "5", "10s"."""


@frozen
class Field:
    """One input of a model; `choices` is an enumeration, `is_uri` says that it takes a file."""

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
        """Whether any text may be its value."""
        return self.kind == "string" and not self.choices and not self.is_uri

    @property
    def is_number(self) -> bool:
        """Whether its value is, or spells, a number."""
        return bool(self.amounts) if self.choices else self.kind in NUMBERS

    @property
    def amounts(self) -> Mapping[float, Any]:
        """The choices by the numbers that they come to; others are left out."""
        told = {amount(choice): choice for choice in self.choices}
        return {number: choice for number, choice in told.items() if number is not None}

    def nearest(self, number: float) -> Any:
        """Give the value nearest to `number` that the model accepts."""
        if self.choices:
            amounts = self.amounts
            return amounts[min(amounts, key=lambda one: (abs(one - number), one))]
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
    """What a model takes, by name, and whether what it gives holds a file."""

    fields: Mapping[str, Field] = field(factory=dict[str, Field])
    gives_files: bool = True

    @classmethod
    def read(cls, openapi: object) -> Schema:
        """Read what the service publishes as a version's `openapi_schema`.

        Raises:
            ConfigurationError: a part of it, named, cannot be understood.
        """
        schemas = mapping(mapping(mapping(openapi).get("components")).get("schemas"))
        told = mapping(schemas.get("Input"))
        fields: dict[str, Field] = {}
        for name, declared in mapping(told.get("properties")).items():
            with _understanding(name):
                required = name in (told.get("required") or ())
                fields[name] = _field(name, _resolved(schemas, declared), required=required)
        with _understanding("Output"):
            return cls(fields, _gives_files(schemas, schemas.get("Output")))

    def number(self, names: Iterable[str]) -> Field | None:
        """Give the first field of one of these names that takes a number."""
        found = (self.fields.get(name) for name in names)
        return next((one for one in found if one is not None and one.is_number), None)

    def text(self, names: Iterable[str]) -> Field | None:
        """Give the first field of one of these names that takes any text."""
        found = (self.fields.get(name) for name in names)
        return next((one for one in found if one is not None and one.is_text), None)

    def choice(self, names: Iterable[str]) -> Field | None:
        """Give the first field of one of these names that is an enumeration."""
        found = (self.fields.get(name) for name in names)
        return next((one for one in found if one is not None and one.choices), None)


def amount(value: object) -> float | None:
    """Give the number that a value is or spells; `None` where it is none."""
    if isinstance(value, str) and (spelled := AMOUNT.fullmatch(value)):
        value = float(spelled[1])
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        return None
    return float(value)


@contextmanager
def _understanding(name: str) -> Generator[None]:
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
        minimum=amount(declared.get("minimum")),
        maximum=amount(declared.get("maximum")),
        step=amount(declared.get("multipleOf")) or None,
        is_uri=declared.get("type") == "string" and declared.get("format") == "uri",
    )


def _resolved(schemas: Mapping[str, Any], declared: object) -> dict[str, Any]:
    """Put what stands behind references and alternatives beneath what is said in place."""
    told = mapping(declared)
    behind: dict[str, Any] = {}
    for part in (*(told.get("allOf") or ()), *(told.get("anyOf") or ())):
        if mapping(part).get("type") != "null":
            behind |= _resolved(schemas, part)
    reference = str(told.get("$ref", ""))
    if reference.startswith(SCHEMAS):
        behind |= mapping(schemas.get(reference.removeprefix(SCHEMAS)))
    return behind | told


def _gives_files(schemas: Mapping[str, Any], declared: object) -> bool:
    """Whether an output is or holds a URI; where nothing is said of it, it may."""
    told = _resolved(schemas, declared)
    if told.get("type") == "array":
        return _gives_files(schemas, told.get("items"))
    parts = mapping(told.get("properties")).values()
    if parts:
        return any(_gives_files(schemas, part) for part in parts)
    return told.get("format") == "uri" or "type" not in told or told["type"] == "object"
