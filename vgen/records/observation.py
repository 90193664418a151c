"""What became of an attempt, as later estimates learn from it."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Self

from attrs import frozen

from vgen.records.attempt import Attempt
from vgen.records.money import ZERO
from vgen.records.request import ClipRequest
from vgen.records.status import State


@frozen
class Observation:
    """What became of one attempt whose verdict is in.

    `billed` is in US dollars; `seconds` is the time from its reservation, just before it was sent,
    until its verdict was written down. `number` counts its clip's attempts from 1; `None` where
    that is not known. `reason` says why it failed.
    """

    backend: str
    request: ClipRequest
    verdict: State
    billed: Decimal
    seconds: float
    number: int | None = None
    reason: str = ""

    @classmethod
    def of(cls, attempt: Attempt, verdict: State, at: datetime) -> Self:
        """Return what became of an attempt that was reserved, and had its verdict `at` a time."""
        began = attempt.reserved_at or at
        return cls(
            backend=attempt.backend,
            request=attempt.request,
            verdict=verdict,
            billed=attempt.billed or ZERO,
            seconds=(at - began).total_seconds(),
            number=attempt.number,
            reason=attempt.reason,
        )
