"""The default price lists, and what the hardware behind the models costs."""

from __future__ import annotations

import os
from decimal import Decimal

from vgen.abc import Price
from vgen.errors import ConfigurationError

PRICING = "REPLICATE_PRICING"
FORMULA, METERED = "formula", "metered"

PRODUCTION_LIKE = frozenset({"production", "staging"})
PRODUCTION = Price(base=Decimal("0.10"), per_second=Decimal("0.033"))
DEVELOPMENT = Price(base=Decimal("0.005"), per_second=Decimal("0.002"))

FALLBACK = 5
"""How many times dearer CogVideoX is: it runs about five times as long on the same hardware."""

A100_80GB = Decimal("0.0014")
"""US dollars a second on an Nvidia A100 with 80 GB, as Replicate's pricing page had it."""

H100 = Decimal("0.001525")
"""US dollars a second on an Nvidia H100: the dearest single one."""


def by_environment(*, times: int = 1) -> Price:
    """Give the price of the `ENVIRONMENT`, so many times over."""
    environment = os.environ.get("ENVIRONMENT", "development").strip().lower()
    price = PRODUCTION if environment in PRODUCTION_LIKE else DEVELOPMENT
    return Price(base=price.base * times, per_second=price.per_second * times)


def is_metered() -> bool:
    """Whether `REPLICATE_PRICING` asks for what the service bills, not the price list's formula.

    Raises:
        ConfigurationError: it asks for something else.
    """
    pricing = os.environ.get(PRICING, FORMULA).strip().lower() or FORMULA
    if pricing not in {FORMULA, METERED}:
        raise ConfigurationError(f"{PRICING}: {pricing!r} is neither {FORMULA} nor {METERED}")
    return pricing == METERED
