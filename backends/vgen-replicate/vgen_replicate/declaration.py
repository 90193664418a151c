"""What vgen has to know of a model on Replicate."""

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
"""How many seeds an attempt's own is drawn from: enough that no two meet at random."""


def check_number(name: str, value: object, *, zero: bool = False) -> None:
    """See that a value is a number above 0, or 0 where that is allowed.

    Raises:
        ConfigurationError: it is not.
    """
    number = value if isinstance(value, int | float) and not isinstance(value, bool) else -1
    if not isfinite(number) or number < 0 or (number == 0 and not zero):
        least = "of at least" if zero else "above"
        raise ConfigurationError(f"{name}: must be a number {least} 0, got {value!r}")


def check_kind(name: str, value: object, kind: type) -> None:
    """See that a value is of a kind.

    Raises:
        ConfigurationError: it is not.
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


def _is(kind: type) -> Callable[[object, Attribute[Any], object], None]:
    def check(_record: object, attribute: Attribute[Any], value: object) -> None:
        check_kind(attribute.name, value, kind)

    return check


@frozen
class Variant:
    """One model as it is run: `reference` is `owner/name`, or `owner/name:version` to pin it.

    `inputs` gives the model's input for a request and the seconds to make; `image` names the input
    that takes the reference image (`None`: it takes none), `seed` the one that takes the seed, from
    0 to `max_seed`, which is at least `SEEDS` - 1. Without a seed input a submit whose answer is
    lost cannot be found again.
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
        """The pinned version; `None`: whatever is the newest."""
        version = self.reference.partition(":")[2]
        return None if version in {"", "latest"} else version

    def seeded(self, request: ClipRequest, attempt_id: UUID) -> dict[str, int]:
        """Give the input for the seed: the user's, or one drawn from the attempt's id."""
        if self.seed is None:
            return {}
        drawn = attempt_id.int % SEEDS
        return {self.seed: drawn if request.seed is None else min(request.seed, self.max_seed)}


@frozen
class Declaration:
    """A backend on Replicate: its models and their limits.

    Attributes:
        name: the backend's name.
        text: makes clips from text alone; `None`: it cannot.
        image: makes clips from a reference image; `None`: it cannot.
        durations: the lengths it can make, in seconds.
        max_size: the largest width and height in pixels.
        ignored: names the fields of a request that the model cannot honour.
        price: what a clip costs by its price list: a base, and a rate for each second.
        per_run_second: what the hardware costs for each second of running, in US dollars.
        run_limit, queue_limit: how long an attempt may run and wait, in seconds.

    Raises:
        ConfigurationError: a price or a time is none.
    """

    name: str
    text: Variant | None
    image: Variant | None
    durations: tuple[float, ...] = field(converter=_lengths)
    max_size: tuple[int, int]
    ignored: Callable[[ClipRequest], tuple[str, ...]]
    price: Price = field(validator=_is(Price))
    per_run_second: Decimal = field(validator=_is(Decimal))
    run_limit: float = field(validator=_above_zero)
    queue_limit: float = field(default=300.0, validator=_above_zero)

    def variant(self, *, image: bool) -> Variant:
        """Give the model for a clip with or without a reference image."""
        chosen = self.image if image and self.image else self.text
        if chosen is None:
            raise ConfigurationError(f"{self.name} cannot work without an image")
        return chosen


def reference(default: str, variable: str, *, mine: Callable[[str], bool] = bool) -> str:
    """Give a model's `owner/name:version`, which an environment variable may override.

    Its value is a version of the default's model, or `owner/name`, with or without a version; it
    counts where `mine` says yes to the model's name.

    Raises:
        ConfigurationError: what it names is no version.
    """
    value = os.environ.get(variable, "").strip()
    name, _, version = value.rpartition(":") if ":" in value else ("", "", value)
    if "/" in version:
        name, version = version, "latest"
    name = name or default.partition(":")[0]
    if not value or not mine(name):
        return default
    if version != "latest" and not VERSION.fullmatch(version):
        raise ConfigurationError(f"{variable}: {version!r} is no version: it has 64 hex digits")
    return f"{name}:{version}"
