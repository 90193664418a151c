"""Default price lists, and the prices of the models' hardware."""

from __future__ import annotations

import os
from decimal import Decimal

from vgen.abc import Price
from vgen.errors import ConfigurationError

PRICING_VARIABLE = "REPLICATE_PRICING"
FORMULA, METERED = "formula", "metered"

PRODUCTION_ENVIRONMENTS = frozenset({"production", "staging"})
PRODUCTION = Price(base=Decimal("0.10"), per_second=Decimal("0.033"))
DEVELOPMENT = Price(base=Decimal("0.005"), per_second=Decimal("0.002"))

COGVIDEOX_MULTIPLIER = 5
"""CogVideoX runs about five times as long as SVD on the same hardware."""

A100_80GB = Decimal("0.0014")
"""US dollars per second on an Nvidia A100 with 80 GB, from Replicate's pricing page."""

H100 = Decimal("0.001525")
"""US dollars per second on an Nvidia H100, the most expensive single GPU."""


def by_environment(*, times: int = 1) -> Price:
    """Return the price list of the `ENVIRONMENT`, multiplied by `times`."""
    environment = os.environ.get("ENVIRONMENT", "development").strip().lower()
    price = PRODUCTION if environment in PRODUCTION_ENVIRONMENTS else DEVELOPMENT
    return Price(base=price.base * times, per_second=price.per_second * times)


def is_metered(*, unless_said: bool) -> bool:
    """Whether clips cost what the service bills, or the formula's price, by `REPLICATE_PRICING`.

    Raises:
        ConfigurationError: the variable has another value.
    """
    default = METERED if unless_said else FORMULA
    pricing = os.environ.get(PRICING_VARIABLE, "").strip().lower() or default
    if pricing not in {FORMULA, METERED}:
        raise ConfigurationError(
            f"{PRICING_VARIABLE}: {pricing!r} is neither {FORMULA} nor {METERED}"
        )
    return pricing == METERED
