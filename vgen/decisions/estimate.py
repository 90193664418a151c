"""What an attempt will probably cost and take, by what became of earlier ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import cached_property
from statistics import quantiles

from attrs import frozen

from vgen.records.attempt import JOB_CANCELLED
from vgen.records.estimate import Estimate, NumberT, Range, Source
from vgen.records.money import ZERO
from vgen.records.observation import Observation
from vgen.records.request import ClipRequest, Quote
from vgen.records.status import State

ENOUGH = 8
"""How many observed successes replace what a backend declares. A median of eight lies between their
second and seventh with a probability of 93 % (the binomial confidence interval of a median)."""

OBSERVED = 100
"""How many of a backend's newest attempts estimates learn from: more tell hardly more, and cost
time."""

PERCENT = 20
"""The 5th and 95th percentiles are the first and last of the cut points of twenty equal parts."""


@frozen
class Outcome:
    """An observation beside what its own request was quoted at."""

    observation: Observation
    quote: Quote

    @property
    def succeeded(self) -> bool:
        """Whether the provider has made the clip."""
        return self.observation.verdict is State.SUCCEEDED

    def cost(self, quote: Quote) -> Decimal:
        """Return what it would have been billed at another quote, at most its hold.

        The bill is in proportion to the expected cost; where one of both expects none, it is taken
        as it was.
        """
        billed, own = self.observation.billed, self.quote.expected
        if own and quote.expected:
            billed = billed / own * quote.expected
        return min(billed, quote.hold)

    def seconds(self, quote: Quote) -> float:
        """Return how long it would have taken at another quote, in seconds.

        That is in proportion to the declared times; where one of both declares none, as it was.
        """
        taken, own = self.observation.seconds, self.quote.seconds
        return taken / own * quote.seconds if own and quote.seconds else taken


@frozen
class TrackRecord:
    """What became of the attempts on a backend."""

    outcomes: tuple[Outcome, ...] = ()

    @classmethod
    def of(
        cls, quote: Callable[[ClipRequest], Quote], observations: Sequence[Observation]
    ) -> TrackRecord:
        """Put a backend's observations beside what it quotes for their requests.

        Those that were cancelled with their jobs are left out.
        """
        telling = [each for each in observations if each.reason != JOB_CANCELLED]
        return cls(tuple(Outcome(each, quote(each.request)) for each in telling))

    @cached_property
    def successes(self) -> tuple[Outcome, ...]:
        """The attempts that have succeeded."""
        return tuple(outcome for outcome in self.outcomes if outcome.succeeded)

    @cached_property
    def failures(self) -> tuple[Outcome, ...]:
        """The attempts that have failed or were cancelled."""
        return tuple(outcome for outcome in self.outcomes if not outcome.succeeded)


def estimate(quote: Quote, record: TrackRecord) -> Estimate:
    """Return what an attempt at this quote will probably cost and take, if it succeeds.

    That is as its backend declares until `ENOUGH` successes are on record, and as those have cost
    and taken from then on. Declared, the cost lies between the expected one and the hold.
    """
    made, failures = record.successes, record.failures
    billed = sum((failure.observation.billed for failure in failures), ZERO)
    if len(made) < ENOUGH:
        source, declared = Source.DECLARED, quote.seconds
        cost = Range(quote.expected, quote.expected, max(quote.expected, quote.hold))
        seconds = None if declared is None else Range(declared, declared, declared)
    else:
        source = Source.OBSERVED
        cost = _range([outcome.cost(quote) for outcome in made])
        seconds = _range([outcome.seconds(quote) for outcome in made])
    return Estimate(
        source=source,
        observed=len(record.outcomes),
        cost=cost,
        seconds=seconds,
        failed=len(failures),
        failed_cost=billed / len(failures) if failures else ZERO,
    )


def _range(values: Sequence[NumberT]) -> Range[NumberT]:
    """Return the percentiles of some values, the least and greatest of them where they are few."""
    cuts = quantiles(values, n=PERCENT, method="inclusive")
    return Range(cuts[0], cuts[PERCENT // 2 - 1], cuts[-1])
