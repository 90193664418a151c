"""When an attempt will probably end, and when it is worth asking."""

from __future__ import annotations

from math import exp, inf, log, sqrt
from statistics import NormalDist, quantiles

from attrs import frozen

from vgen.decisions.estimate import ENOUGH, TrackRecord
from vgen.records.request import Quote

DECLARED_SPREAD = 0.5
"""How far a declared time is believed: two of three attempts lie within a factor of 1.65 of it."""

LEAST_SPREAD = 0.05
"""No run of observed times is taken to be more regular than this."""

QUARTILES = 1.349
"""The distance between the quartiles of a normal distribution, in standard deviations."""

LONGEST = 5
"""The longest pause between two questions, in ceilings: a failure may come at any time. Twice as
long where its speed was seen."""

SHORTEST = 0.1
"""The shortest, likewise: what is about to end is asked after that often."""

OVERDUE = 0.99
"""An attempt is overdue when so many of its kind would have ended."""

UNASKED = 40
"""The longest pause, in ceilings, where the provider itself tells when an attempt has ended: as
late is what was never told, or was lost on the way."""

STILL = 0.5
"""What stands still is asked after when so much more time has passed as it already does."""

NONE = 1e-9
"""A probability below which the normal distribution cannot be inverted any more."""

NORMAL = NormalDist()


@frozen
class Expectation:
    """How long an attempt will probably run: its logarithm is normally distributed.

    `median` is in seconds, and `spread` the standard deviation of the logarithm.
    """

    median: float
    spread: float

    @classmethod
    def of(cls, quote: Quote, record: TrackRecord) -> Expectation | None:
        """Return what is expected of an attempt at this quote.

        It follows the attempts that have succeeded once they are enough, and the backend's
        declaration before; `None` where there is neither.
        """
        times = [log(max(each.seconds(quote), 1e-3)) for each in record.successes]
        if len(times) < ENOUGH:
            return Expectation(quote.seconds, DECLARED_SPREAD) if quote.seconds else None
        low, median, high = quantiles(times, n=4, method="inclusive")
        return Expectation(exp(median), max(LEAST_SPREAD, (high - low) / QUARTILES))

    def left(self, elapsed: float) -> float:
        """Return how many seconds an attempt will probably run yet that has run for so long."""
        if elapsed <= 0:
            return self.median
        surviving = 1 - NORMAL.cdf(self._position(elapsed))
        if surviving < NONE:
            return elapsed  # longer than any: probably as long again
        half_of_those = NORMAL.inv_cdf(1 - surviving / 2)
        return max(0.0, self.median * exp(self.spread * half_of_those) - elapsed)

    @property
    def overdue_at(self) -> float:
        """When hardly any attempt still runs, in seconds after it was sent."""
        return self.median * exp(self.spread * NORMAL.inv_cdf(OVERDUE))

    def pause(self, elapsed: float, ceiling: float) -> float:
        """Return how long to wait before asking after an attempt that has run for so long.

        For a number of questions, the news is the least late where the pauses go by the root of
        the probability that an attempt ends at that moment. Where it is high, they are the
        `ceiling`.
        """
        likely = self._hazard(self.median * exp(self.spread))
        now = self._hazard(max(elapsed, self.median / 100))
        return min(LONGEST, max(1.0, sqrt(likely / now) if now > 0 else inf)) * ceiling

    def _position(self, elapsed: float) -> float:
        return log(elapsed / self.median) / self.spread

    def _hazard(self, elapsed: float) -> float:
        """Return the share of those still running that ends in a second after so many seconds."""
        position = self._position(elapsed)
        surviving = 1 - NORMAL.cdf(position)
        return NORMAL.pdf(position) / (self.spread * elapsed * surviving) if surviving > 0 else 0.0


@frozen
class Told:
    """The progress that a provider has told of an attempt, from 0 to 1, `at` a time in seconds."""

    fraction: float
    at: float


@frozen
class Progress:
    """The last two answers that told another progress than the one before, and the `start`.

    At first `before` is the start too.
    """

    before: Told
    last: Told
    start: Told

    def after(self, told: Told) -> Progress:
        """Return the progress once this was told."""
        new = told.fraction > self.last.fraction
        return Progress(self.last, told, self.start) if new else self

    @classmethod
    def begun(cls, start: float, told: Told) -> Progress:
        """Return the progress of an attempt that began at `start` and has told this."""
        begin = Told(0.0, start)
        return cls(begin, told, begin)

    def left(self, now: float) -> float:
        """Return how many seconds are left, at the speed since the start; at least 0."""
        return self._left_at_speed_since(self.start, now)

    def _left_at_speed_since(self, since: Told, now: float) -> float:
        done, seconds = self.last.fraction - since.fraction, self.last.at - since.at
        return max(0.0, (1 - self.last.fraction) * seconds / done - (now - self.last.at))

    def pause(self, now: float, ceiling: float) -> float:
        """Return how long to wait before the next question.

        The end is asked for when it is due; before the speed was seen between two answers, half of
        the way there. What should have ended, or stands still, is asked after ever less often.
        """
        left = self._left_at_speed_since(self.before, now)
        shortest, longest = SHORTEST * ceiling, LONGEST * ceiling
        share = 0.9 if self.before.fraction else 0.5
        if not left:
            pause = STILL * (now - self.last.at)
        elif left * (1 - share) <= shortest:
            pause = left + shortest
        else:
            pause = left * share
            longest *= 2 if self.before.fraction else 1
        return min(max(pause, shortest), longest)


def pause_until_told(
    elapsed: float, ceiling: float, *, expectation: Expectation | None, run_limit: float | None
) -> float:
    """Return how long to wait before asking after an attempt whose end its provider will tell.

    That is when it is overdue, and after `UNASKED` ceilings at the latest. One that is not known to
    run is asked after before it could have run for its `run_limit`, in seconds.
    """
    pause = float(UNASKED * ceiling)
    if expectation is not None:
        pause = min(pause, max(expectation.overdue_at - elapsed, LONGEST * ceiling))
    return pause if run_limit is None else max(min(pause, run_limit), SHORTEST * ceiling)
