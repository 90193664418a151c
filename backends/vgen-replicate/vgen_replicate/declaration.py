"""Declarations of models on Replicate: their inputs, limits and prices."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from math import isfinite
from typing import Any, cast
from uuid import UUID

from attrs import Attribute, field, frozen

from vgen.abc import ClipRequest, Price
from vgen.errors import ConfigurationError

VERSION = re.compile(r"[0-9a-f]{64}")

SEEDS = 2**31
"""The number of seeds that an attempt's is drawn from: large enough to make collisions unlikely."""


def check_number(name: str, value: object, *, zero: bool = False) -> None:
    """Check that an argument is a finite number above 0, or 0 if `zero` allows that.

    Raises:
        ConfigurationError: it is not.
    """
    number = value if isinstance(value, int | float) and not isinstance(value, bool) else -1
    if not isfinite(number) or number < 0 or (number == 0 and not zero):
        least = "of at least" if zero else "above"
        raise ConfigurationError(f"{name}: must be a number {least} 0, got {value!r}")


def check_type(name: str, value: object, kind: type) -> None:
    """Check the type of an argument.

    Raises:
        ConfigurationError: it has another type.
    """
    if not isinstance(value, kind):
        raise ConfigurationError(f"{name}: must be of type {kind.__name__}, got {value!r}")


def _above_zero(_record: object, attribute: Attribute[Any], value: object) -> None:
    check_number(attribute.name, value)


def _lengths(values: object) -> tuple[float, ...]:
    if isinstance(values, str) or not isinstance(values, Sequence):
        raise ConfigurationError(f"durations: must be a list of seconds, got {values!r}")
    for value in cast("Sequence[object]", values):
        check_number("durations", value)
    return tuple(sorted(cast("Sequence[float]", values)))


def _has_type(kind: type) -> Callable[[object, Attribute[Any], object], None]:
    def check(_record: object, attribute: Attribute[Any], value: object) -> None:
        check_type(attribute.name, value, kind)

    return check


@frozen
class Variant:
    """One model: `reference` is `owner/name`, or `owner/name:version` to pin a version.

    `inputs` returns the model's inputs for a request and a length in seconds. `image` is the name
    of the input for the reference image (`None`: there is none), `seed` that of the input for the
    seed, from 0 to `max_seed`, which is at least `SEEDS` - 1. Without a seed input, a submit whose
    response is lost cannot be found again.
    """

    reference: str
    inputs: Callable[[ClipRequest, float], Mapping[str, Any]]
    image: str | None = None
    seed: str | None = "seed"
    max_seed: int = 2**32 - 1

    @property
    def name(self) -> str:
        """The model's `owner/name`."""
        return self.reference.partition(":")[0]

    @property
    def version(self) -> str | None:
        """The pinned version; `None`: the newest."""
        version = self.reference.partition(":")[2]
        return None if version in {"", "latest"} else version

    def seeded(self, request: ClipRequest, attempt_id: UUID) -> dict[str, int]:
        """Return the seed input: the request's seed, or one drawn from the attempt's id."""
        if self.seed is None:
            return {}
        drawn = attempt_id.int % SEEDS
        return {self.seed: drawn if request.seed is None else min(request.seed, self.max_seed)}


@frozen
class Declaration:
    """A backend's models, limits and prices.

    Attributes:
        name: the backend's name.
        text: the model for clips from text alone; `None`: not supported.
        image: the model for clips from a reference image; `None`: not supported.
        durations: the lengths it can make, in seconds.
        max_size: the largest width and height in pixels.
        ignored: returns the fields of a request that the model cannot honour.
        price: the price of a clip: a base, and a rate per second of its length.
        per_run_second: the price of the hardware per second of running, in US dollars.
        run_limit, queue_limit: how long an attempt may run and queue, in seconds.
        run_seconds: returns how long an attempt at a request usually runs, in seconds; `None`: that
            is not known.

    Raises:
        ConfigurationError: a price or a time is invalid.
    """

    name: str
    text: Variant | None
    image: Variant | None
    durations: tuple[float, ...] = field(converter=_lengths)
    max_size: tuple[int, int]
    ignored: Callable[[ClipRequest], tuple[str, ...]]
    price: Price = field(validator=_has_type(Price))
    per_run_second: Decimal = field(validator=_has_type(Decimal))
    run_limit: float = field(validator=_above_zero)
    queue_limit: float = field(default=300.0, validator=_above_zero)
    run_seconds: Callable[[ClipRequest], float] | None = None

    def variant(self, *, image: bool) -> Variant:
        """Return the model for a clip with or without a reference image.

        Raises:
            ConfigurationError: the backend needs an image and there is none.
        """
        chosen = self.image if image and self.image else self.text
        if chosen is None:
            raise ConfigurationError(f"{self.name} cannot work without an image")
        return chosen


def reference(default: str, variable: str, *, applies_to: Callable[[str], bool] = bool) -> str:
    """Return a model's `owner/name:version`, which an environment variable may override.

    The variable holds a version of the default's model, or `owner/name` with or without a version.
    It is used if `applies_to` returns true for the model's name.

    Raises:
        ConfigurationError: the version is not 64 hexadecimal digits.
    """
    value = os.environ.get(variable, "").strip()
    name, _, version = value.rpartition(":") if ":" in value else ("", "", value)
    if "/" in version:
        name, version = version, "latest"
    name = name or default.partition(":")[0]
    if not value or not applies_to(name):
        return default
    if version != "latest" and not VERSION.fullmatch(version):
        raise ConfigurationError(f"{variable}: {version!r} is no version: it has 64 hex digits")
    return f"{name}:{version}"
