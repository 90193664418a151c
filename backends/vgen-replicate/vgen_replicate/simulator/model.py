"""A model of the simulated service: its inputs, its price, its run time, what it makes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Literal

from attrs import frozen

Inputs = Mapping[str, Any]
"""A prediction's inputs, the defaults filled in."""

Size = tuple[int, int]
"""Width and height in pixels."""


@frozen
class Hardware:
    """What a model runs on; `price` is in US dollars for each second of run time."""

    sku: str
    name: str
    price: Decimal


@frozen
class Field:
    """One input of a model; `uri`: a string that names a file, `choices` an enumeration."""

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
    """What one run makes: `clips` files of `frames` pictures each, in `seconds` of run time."""

    frames: int
    fps: int
    size: Size
    seconds: float
    clips: int = 1


@frozen
class Model:
    """A published model with one version.

    `shot` says what comes of the inputs and of the size of their picture, if they have one; it
    raises `ValueError` where the real model's run would fail. A run takes the shot's seconds, give
    or take `spread` as a share. Before it, a prediction waits `queue_seconds` on average, with
    probability `cold_chance` another `cold_seconds` for a machine to start, and for one of
    `workers` to be free. A model with `many` outputs gives a list of URIs, others give one.
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
        """The inputs as the model sees them: defaults filled in, unknown ones left out."""
        filled: dict[str, Any] = {}
        for name, field in self.fields.items():
            value = given.get(name, field.default)
            filled[name] = value if value is None or field.kind != "integer" else int(value)
        return filled
