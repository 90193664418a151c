"""What an attempt will probably cost and take."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Generic, TypeVar

from attrs import frozen

from vgen.records.money import ZERO

NumberT = TypeVar("NumberT", Decimal, float)


@frozen
class Range(Generic[NumberT]):
    """What something will probably come to: its 5th percentile, median and 95th percentile."""

    low: NumberT
    median: NumberT
    high: NumberT


class Source(StrEnum):
    """What an estimate follows: the backend's own declaration, or attempts that were observed."""

    DECLARED = "declared"
    OBSERVED = "observed"


@frozen
class Estimate:
    """What one attempt at a request will probably cost and take, if it succeeds.

    Attributes:
        source: whether `cost` and `seconds` are declared or observed.
        observed: how many attempts with a verdict the ledger has of the backend.
        cost: in US dollars, never above the hold of the quote.
        seconds: from being sent to the verdict; `None`: neither declared nor observed.
        failed: how many of those observed have failed or were cancelled.
        failed_cost: what each of those was billed on average, in US dollars.
    """

    source: Source
    observed: int
    cost: Range[Decimal]
    seconds: Range[float] | None
    failed: int = 0
    failed_cost: Decimal = ZERO

    @property
    def failing(self) -> float:
        """The share of the observed attempts that have failed, from 0 to 1; 0 if there are none."""
        return self.failed / self.observed if self.observed else 0.0
