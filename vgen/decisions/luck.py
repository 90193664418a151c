"""How an attempt turns out in one play of a job."""

from __future__ import annotations

from bisect import bisect
from itertools import accumulate
from math import exp, sqrt
from random import Random

from attrs import define

from vgen.decisions.chances import Chances, Drift, Knowledge, Tail
from vgen.decisions.estimate import ENOUGH

FAILING = (0.5, 0.5)
"""Failures and successes added to those observed, as Jeffreys' prior of a share does."""

FAILING_UNKNOWN = (0.5, 4.5)
"""The same for a backend with a short record: one attempt in ten is expected to fail."""

REPEATED = 2.0
"""By how many observed attempts a repeated attempt is taken to fail as often as any other."""

FOR_GOOD = (0.1, 1.9)
"""The same for failures that are not repeated, such as refusals: one failure in twenty."""

SLOWNESS = 0.5
"""The standard deviation of the logarithm of a time: by how much a declared time may be wrong, and
attempts differ from each other, where too few were observed. One in twenty takes 2.3 times as
long."""

SLOWNESS_UNKNOWN = 1.0
"""The same where nothing is declared: one in twenty takes 5.2 times as long."""

WORTH = 0.5
"""How many independent attempts an observed one is worth: those of a day resemble each other."""

EVEN = 0.5
"""How likely it is that bills are as expected, or that failures are billed, while nothing tells."""


@define
class Luck:
    """How a backend does in one play: one of the many ways that its record allows.

    Each play weights the observed attempts anew (Rubin's Bayesian bootstrap), and draws how often
    attempts fail, so that the plays differ by as much as a short record leaves open.
    """

    random: Random
    failing: float
    failing_again: float
    for_good: float
    made: list[float]
    failed: list[float]
    beyond: float
    tails: tuple[float, ...]
    levels: tuple[float, float]
    slowness: float
    billing: float | None
    bills_failures: bool

    @classmethod
    def draw(cls, known: Knowledge, random: Random) -> Luck:
        """Draw what one play takes for true."""
        enough = known.failed + known.made >= ENOUGH
        failing = _share(random, known.first, FAILING if enough else FAILING_UNKNOWN)
        alike = (REPEATED * failing, REPEATED * (1 - failing))
        return cls(
            random=random,
            failing=failing,
            failing_again=_share(random, known.again, alike),
            for_good=_share(random, known.after_failure, FOR_GOOD),
            made=_weights(random, known.made),
            failed=_weights(random, known.failed),
            beyond=1 / (known.made + 1),
            tails=tuple(_scale(random, tail) for tail in known.tails),
            levels=_levels(random, known.drifts),
            slowness=random.gauss(0.0, 1.0),
            billing=None if random.random() < EVEN else random.random(),
            bills_failures=random.random() < EVEN,
        )

    def attempt(self, chances: Chances, *, again: bool, wait: float) -> tuple[bool, float, int]:
        """Draw one attempt: whether it succeeds, its seconds and its bill in nano-dollars.

        `again`: it repeats one that has failed. An observed time is taken to have ended up to
        `wait` seconds before that was seen.
        """
        random = self.random
        fails = random.random() < (self.failing_again if again else self.failing)
        if fails and self.failed:
            place = bisect(self.failed, random.random() * self.failed[-1])
            seconds, cost = chances.failed.seconds[place], chances.failed.costs[place]
            return False, min(_before(random, seconds, wait), chances.longest), cost
        known = len(self.made)
        if known >= ENOUGH or random.random() < known / (known + ENOUGH):
            seconds, cost = self._observed(chances, wait)
        else:
            seconds, cost = self._declared(chances)
        if fails:
            return False, seconds * random.random(), cost if self.bills_failures else 0
        return True, seconds, cost

    def _observed(self, chances: Chances, wait: float) -> tuple[float, int]:
        """Draw an observed attempt, or one beyond all of them.

        The next of n + 1 values is the greatest with a probability of 1 / (n + 1), and the least.
        """
        random, sample = self.random, chances.made
        faster, slower, cheaper, dearer = self.tails
        level = random.random()
        if level < self.beyond:
            seconds = min(sample.seconds) * exp(-random.expovariate(1.0) * faster)
            cost = min(sample.costs) * exp(-random.expovariate(1.0) * cheaper)
        elif level > 1 - self.beyond:
            seconds = max(sample.seconds) * exp(random.expovariate(1.0) * slower)
            cost = max(sample.costs) * exp(random.expovariate(1.0) * dearer)
        else:
            place = bisect(self.made, random.random() * self.made[-1])
            seconds, cost = sample.seconds[place], sample.costs[place]
        seconds = min(_before(random, seconds, wait) * self.levels[0], chances.longest)
        return seconds, min(round(cost * self.levels[1]), chances.hold)

    def _declared(self, chances: Chances) -> tuple[float, int]:
        """Draw by what is declared.

        The bill is as expected, or lies between a quarter of that and the hold.
        """
        spread = SLOWNESS if chances.known else SLOWNESS_UNKNOWN
        usual = chances.usual * exp(spread * self.slowness)
        seconds = min(usual * exp(self.random.gauss(0.0, SLOWNESS)), chances.longest)
        if self.billing is None:
            return seconds, chances.expected
        least = chances.expected // 4
        return seconds, least + round(self.billing * (chances.hold - least))


def _share(random: Random, seen: tuple[float, float], prior: tuple[float, float]) -> float:
    """Draw a share from its posterior, a beta distribution."""
    counted, other = seen[0] + prior[0], seen[1] + prior[1]
    return random.betavariate(counted, other) if counted and other else float(counted > 0)


def _weights(random: Random, count: int) -> list[float]:
    """Return the cumulative weights of so many observed attempts, for one play."""
    return list(accumulate(random.gammavariate(WORTH, 1.0) for _ in range(count)))


def _before(random: Random, seconds: float, wait: float) -> float:
    return seconds - random.random() * min(wait, seconds)


def _scale(random: Random, tail: Tail) -> float:
    """Draw the mean distance of values beyond the last, which a few of them tell only roughly."""
    if not tail.count:
        return SLOWNESS
    return tail.total / random.gammavariate(tail.count, 1.0)


def _levels(random: Random, drifts: tuple[Drift, Drift]) -> tuple[float, float]:
    """Draw by what factors a day's times and bills differ from those observed; as they go together.

    That is Student's t distribution: few stretches tell their deviation only roughly.
    """
    if not any(drift.deviation for drift in drifts):
        return 1.0, 1.0
    freedom = (drifts[0].stretches - 1) / 2
    level = random.gauss(0.0, 1.0) * sqrt(freedom / random.gammavariate(freedom, 1.0))
    return exp(level * drifts[0].deviation), exp(level * drifts[1].deviation)
