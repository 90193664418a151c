"""What is known of how an attempt may turn out: its quote, and its backend's record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from math import log, sqrt
from statistics import fmean, median, variance

from attrs import frozen

from vgen.decisions.estimate import ENOUGH, Outcome, TrackRecord
from vgen.records.request import Capabilities, Quote

NANO = 10**9
"""Plays count money in whole billionths of a US dollar: exact, and faster than `Decimal`."""

UNDECLARED_SHARE = 0.25
"""The share of its run limit that an attempt takes where nothing is declared or observed."""

STRETCH, MIN_STRETCHES = 6, 3
"""Levels are compared of six attempts in a row, about a job each, and of three such at least."""

TAIL_SHARE = 0.25
"""The share of the observed values that tells how far further ones may lie beyond the last."""


@frozen
class Tail:
    """How far further values may lie beyond the last that was observed.

    The distance is exponential in the values' logarithm, as in Hill's estimator: `total` is the sum
    of the distances of the outermost `count` values from the next one; 0 of them: too few to tell.
    """

    total: float
    count: int

    @classmethod
    def of(cls, values: Sequence[float]) -> Tail:
        """Return the tail of values that are sorted, the outermost first."""
        if len(values) < ENOUGH:
            return cls(0.0, 0)
        count = max(2, round(TAIL_SHARE * len(values)))
        border = values[count]
        if border <= 0:
            return cls(0.0, count)
        return cls(sum(abs(log(v / border)) for v in values[:count] if v > 0), count)


@frozen
class Sample:
    """What observed attempts would have taken and cost at one quote."""

    seconds: tuple[float, ...]
    costs: tuple[int, ...]

    @classmethod
    def of(cls, outcomes: Sequence[Outcome], quote: Quote) -> Sample:
        """Carry the outcomes over to a quote."""
        return cls(
            tuple(outcome.seconds(quote) for outcome in outcomes),
            tuple(nano(outcome.cost(quote)) for outcome in outcomes),
        )


@frozen
class Chances:
    """How an attempt at one quote may turn out: money in nano-dollars, times in seconds.

    `usual` is how long it takes, as far as that is `known`, and `longest` the most that it may.
    """

    expected: int
    hold: int
    usual: float
    known: bool
    longest: float
    made: Sample
    failed: Sample

    @classmethod
    def of(cls, quote: Quote, record: TrackRecord, can: Capabilities, run_limit: float) -> Chances:
        """Return the chances of an attempt that may run so many seconds."""
        run_limit = min(run_limit, quote.run_limit or run_limit)
        made = Sample.of(record.successes, quote)
        usual = median(made.seconds) if made.seconds else quote.seconds
        return cls(
            expected=min(nano(quote.expected), nano(quote.hold)),
            hold=nano(quote.hold),
            usual=usual or UNDECLARED_SHARE * run_limit,
            known=usual is not None,
            longest=can.queue_limit + run_limit,
            made=made,
            failed=Sample.of(record.failures, quote),
        )


def nano(amount: Decimal) -> int:
    """Return an amount of US dollars in nano-dollars."""
    return round(amount * NANO)


@frozen
class Drift:
    """How much the level of a value differs from one day to another, by its logarithm.

    `deviation` is the standard deviation of the levels of so many `stretches` of attempts in a row,
    beyond what chance would make of it.
    """

    deviation: float = 0.0
    stretches: int = 0

    @classmethod
    def of(cls, values: Sequence[float]) -> Drift:
        """Return the drift of values in the order in which they were observed."""
        logs = [log(value) for value in values if value > 0]
        parts = [logs[i : i + STRETCH] for i in range(0, len(logs) - STRETCH + 1, STRETCH)]
        if len(parts) < MIN_STRETCHES:
            return cls()
        within = fmean(variance(part) for part in parts)
        between = variance([fmean(part) for part in parts])
        return cls(sqrt(max(0.0, between - within / STRETCH)), len(parts))


@frozen
class Knowledge:
    """What a backend's record tells of all its attempts alike, whatever they are quoted at.

    `again` counts the attempts that have repeated a failed one, by whether they failed, and `first`
    all others. `after_failure` counts the failures by whether nothing has repeated them. Only
    numbered attempts tell, and no failure does that was the last of as many as are made. `tails`
    are those of the faster, the slower, the cheaper and the dearer attempts, `drifts` those of
    times and of bills.
    """

    failed: int
    made: int
    first: tuple[float, float]
    again: tuple[float, float]
    after_failure: tuple[float, float]
    tails: tuple[Tail, Tail, Tail, Tail]
    drifts: tuple[Drift, Drift]

    @classmethod
    def of(cls, record: TrackRecord, *, attempts: int) -> Knowledge:
        """Read a record of clips of which each got so many attempts on a backend."""
        made, failures = record.successes, record.failures
        seconds = [each.seconds(each.quote) / (each.quote.seconds or 1.0) for each in made]
        costs = [float(each.cost(each.quote) / (each.quote.expected or 1)) for each in made]
        again, after_failure = _repeats(record, attempts)
        return cls(
            failed=len(failures),
            made=len(made),
            first=(len(failures) - again[0], len(made) - again[1]),
            again=again,
            after_failure=after_failure,
            tails=(
                Tail.of(sorted(seconds)),
                Tail.of(sorted(seconds, reverse=True)),
                Tail.of(sorted(costs)),
                Tail.of(sorted(costs, reverse=True)),
            ),
            drifts=(Drift.of(seconds), Drift.of(costs)),
        )


def _repeats(record: TrackRecord, attempts: int) -> tuple[tuple[float, float], tuple[float, float]]:
    count = Counter(each.observation.number for each in record.outcomes)
    failed = Counter(each.observation.number for each in record.failures)
    again = [0.0, 0.0]
    after_failure = [0.0, 0.0]
    for number, failures in failed.items():
        if number is None or number % attempts == 0:
            continue
        repeats = min(failures, count[number + 1])
        after_failure[0] += failures - repeats
        after_failure[1] += repeats
        if repeats:
            share = failed[number + 1] / count[number + 1]
            again[0] += repeats * share
            again[1] += repeats * (1 - share)
    return (again[0], again[1]), (after_failure[0], after_failure[1])
