"""Money: US dollars as `Decimal`, never as float."""

from __future__ import annotations

from decimal import Decimal

from attrs import field, frozen

from vgen.records.checks import amount

ZERO = Decimal(0)


@frozen
class Price:
    """What an attempt costs: `base` plus `per_second` for each second of video, in US dollars."""

    base: Decimal = field(default=ZERO, validator=amount)
    per_second: Decimal = field(default=ZERO, validator=amount)

    def cost(self, seconds: float) -> Decimal:
        """Return the price of a clip of `seconds`, counted to the millisecond."""
        return self.base + self.per_second * Decimal(str(round(seconds, 3)))


@frozen
class Account:
    """Where a job's money stands, in US dollars.

    `spent` is settled or written off (and whatever the caller had spent before), `held` is set
    aside for attempts that are planned or running, `in_doubt` may or may not have been charged.
    `spent + held + in_doubt <= limit` holds at every instant, but for a limit that was lowered
    later and for overruns: bills above what was set aside for them, booked in full, after which
    nothing more is admitted.
    """

    limit: Decimal
    spent: Decimal = ZERO
    held: Decimal = ZERO
    in_doubt: Decimal = ZERO
    overrun: bool = False

    @property
    def left(self) -> Decimal:
        """What may still be held; never negative."""
        return max(ZERO, self.limit - self.spent - self.held - self.in_doubt)
