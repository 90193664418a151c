"""A model of the simulated service: its inputs, price, run time and output."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Literal

from attrs import frozen

Inputs = Mapping[str, Any]
"""A prediction's inputs, with defaults filled in."""

Size = tuple[int, int]
"""Width and height in pixels."""


@frozen
class Hardware:
    """A model's hardware; `price` is in US dollars per second of run time."""

    sku: str
    name: str
    price: Decimal


@frozen
class Field:
    """One input of a model; `uri`: its value is a file's URI; `choices`: an enumeration."""

    kind: Literal["string", "integer", "number", "boolean"]
    description: str
    default: str | float | bool | None = None
    required: bool = False
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str | int, ...] = ()
    uri: bool = False


@frozen
class Shot:
    """The output of one run: `clips` files of `frames` frames each, in `seconds` of run time."""

    frames: int
    fps: int
    size: Size
    seconds: float
    clips: int = 1


@frozen
class Model:
    """A published model with one version.

    `shot` returns the output for the inputs and the size of their picture, if they have one; it
    raises `ValueError` where the real model's run would fail. A run takes the shot's seconds, plus
    or minus the fraction `spread`. Before it, a prediction waits `queue_seconds` on average, with
    probability `cold_chance` another `cold_seconds` for a machine to start, and until one of
    `workers` is free. A model with `many` outputs returns a list of URIs, others a single one.
    """

    owner: str
    name: str
    version: str
    description: str
    fields: Mapping[str, Field]
    hardware: Hardware
    shot: Callable[[Inputs, Size | None], Shot]
    official: bool = False
    many: bool = False
    workers: int = 10
    spread: float = 0.15
    queue_seconds: float = 3.0
    cold_chance: float = 0.05
    cold_seconds: float = 60.0

    @property
    def path(self) -> str:
        """The name that clients use: `owner/name`."""
        return f"{self.owner}/{self.name}"

    def filled(self, given: Inputs) -> dict[str, Any]:
        """Return the inputs that the model gets: with defaults, without unknown ones."""
        filled: dict[str, Any] = {}
        for name, field in self.fields.items():
            value = given.get(name, field.default)
            filled[name] = value if value is None or field.kind != "integer" else int(value)
        return filled
