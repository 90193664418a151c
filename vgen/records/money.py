"""Money: US dollars as `Decimal`, never as float."""

from __future__ import annotations

from decimal import Decimal

from attrs import field, frozen

from vgen.records import checks
from vgen.records.checks import amount

ZERO = Decimal(0)

MAX_PURSE_NAME = 200
"""How many characters the name of a purse may have."""


@frozen
class Price:
    """What an attempt costs: `base` plus `per_second` for each second of video, in US dollars."""

    base: Decimal = field(default=ZERO, validator=amount)
    per_second: Decimal = field(default=ZERO, validator=amount)

    def cost(self, seconds: float) -> Decimal:
        """Return the price of a clip of `seconds`, counted to the millisecond."""
        return self.base + self.per_second * Decimal(str(round(seconds, 3)))


@frozen
class Purse:
    """A limit in US dollars that a job shares with all others that name the same purse.

    Such as a user's for a month. An attempt counts in the purses that its job had when it was sent,
    and in no other later; a job is held to the limit that it was itself opened with.
    """

    name: str = field(validator=checks.text(most=MAX_PURSE_NAME, blank=False))
    limit: Decimal = field(validator=amount)


@frozen
class Cost:
    """What one attempt costs, in US dollars: what is `expected`, and the most: its `hold`."""

    expected: Decimal
    hold: Decimal


@frozen
class Need:
    """What a job still needs, in US dollars, when it is opened.

    `expected` is what all that it has to make, and what of it is in flight, will probably cost.
    `peak` is the most that must be left at one moment, beside what was spent before, so that enough
    of it can be made.
    """

    expected: Decimal = field(default=ZERO, validator=amount)
    peak: Decimal = field(default=ZERO, validator=amount)


@frozen
class Account:
    """Where the money of a job or a purse stands, in US dollars.

    `spent` is settled or written off (and whatever the caller had spent before), `held` is set
    aside for attempts that run, `in_doubt` may or may not have been charged.
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
