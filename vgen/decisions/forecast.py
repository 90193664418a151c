"""What a job will probably cost and take, by playing it many times before anything is sent."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from math import ceil, floor, inf
from random import Random
from typing import TypeVar

from attrs import evolve, frozen

from vgen.decisions.chances import NANO, Chances, Knowledge, nano
from vgen.decisions.estimate import TrackRecord
from vgen.decisions.luck import Luck
from vgen.decisions.play import Lane, Play, Played, Rules, Step
from vgen.decisions.route import Offer
from vgen.records.estimate import Range
from vgen.records.forecast import Forecast
from vgen.records.request import Capabilities
from vgen.records.settings import Settings

T = TypeVar("T", int, float)

PLAYS = 400
"""How often a job is played: a bound that one play in fifty passes is then passed by eight."""

OUTSIDE = 0.02
"""The share of plays beyond each bound. It is less than the 5 % that the bounds promise, for the
plays know nothing of how days differ at a provider."""

CENT = Decimal("0.01")
HUNDREDTH = Decimal("0.0001")
"""Costs are rounded outward to a hundredth of a cent, budgets up to a cent."""

TENTH = 10
"""Times are rounded outward to a tenth of a second."""

HANDLING = 3.0
"""How long preparing the first attempt and storing the last clip may take together, in seconds: the
ledger does not tell, so it stands in the upper bound alone."""


@frozen
class Prospect:
    """A backend of a job: what it can do, and what became of earlier attempts there.

    A record of a hundred attempts tells enough, and each further one costs time. `polled`: its
    verdicts are asked for at intervals; false for one that tells them at once.
    """

    capabilities: Capabilities
    record: TrackRecord = TrackRecord()
    polled: bool = True


@frozen
class Outlook:
    """A job as it stands before a run.

    Attributes:
        clips: for each clip that is still to be made what its backends offer, in the order in which
            they are tried. A backend that a clip may not fall back on is left out.
        backends: the backends by name.
        kept: how many clips are stored, and stay.
        min_clips: how many clips are enough.
        spent: what counts as spent so far, in US dollars; the budget includes it.
        budget: in US dollars; `None`: as much as is needed.
    """

    clips: Sequence[Sequence[Offer]]
    backends: Mapping[str, Prospect]
    kept: int
    min_clips: int
    spent: Decimal = Decimal(0)
    budget: Decimal | None = None


def forecast(outlook: Outlook, settings: Settings) -> Forecast:
    """Return what a run of the job will probably come to; the same for the same input.

    Not foreseen are submits that are refused or lost, clips that are useless although their
    provider has made them, outages, and other jobs of the same runner.
    """
    with_budget = _rules(outlook, settings)
    unlimited = evolve(with_budget, budget=None)
    chances = _Chances(outlook, settings)
    played: list[Played] = []
    needed: list[int] = []
    for seed in range(PLAYS):
        free = chances.play(unlimited, seed)
        needed.append(free.needed)
        short = with_budget.budget is not None and free.needed > with_budget.budget
        played.append(chances.play(with_budget, seed) if short else free)
    return Forecast(
        success=sum(each.success for each in played) / PLAYS,
        cost=_cost(sorted(each.cost for each in played)),
        seconds=_seconds(sorted(each.seconds for each in played)),
        recommended=_dollars(_high(sorted(needed))).quantize(CENT, ROUND_CEILING),
        plays=PLAYS,
    )


def _rules(outlook: Outlook, settings: Settings) -> Rules:
    return Rules(
        slots=settings.concurrency,
        attempts=settings.attempts,
        backoff=settings.backoff,
        clips=outlook.kept + len(outlook.clips),
        kept=outlook.kept,
        min_clips=outlook.min_clips,
        spent=nano(outlook.spent),
        budget=None if outlook.budget is None else nano(outlook.budget),
    )


class _Chances:
    """The chances of a job's attempts, worked out once for all plays."""

    def __init__(self, outlook: Outlook, settings: Settings) -> None:
        self._outlook = outlook
        self._settings = settings
        self._known = {
            name: Knowledge.of(prospect.record, attempts=settings.attempts)
            for name, prospect in outlook.backends.items()
        }
        self._steps: dict[Hashable, Step] = {}
        self._routes = [[self._step(offer) for offer in route] for route in outlook.clips]

    def _step(self, offer: Offer) -> Step:
        quote = offer.quote
        key = (offer.backend, quote.hold, quote.expected, quote.seconds, quote.run_limit)
        if key not in self._steps:
            prospect = self._outlook.backends[offer.backend]
            limit = self._settings.attempt_timeout or inf
            can = prospect.capabilities
            chances = Chances.of(quote, prospect.record, can, min(limit, can.run_limit))
            self._steps[key] = Step(offer.backend, chances)
        return self._steps[key]

    def play(self, rules: Rules, seed: int) -> Played:
        """Play the job once."""
        random = Random(seed)  # noqa: S311 - plays are no secrets
        interval = self._settings.poll_interval
        lanes = {
            name: Lane(
                Luck.draw(self._known[name], random),
                slots=prospect.capabilities.max_concurrent or inf,
                poll=interval if prospect.polled else 0.0,
            )
            for name, prospect in self._outlook.backends.items()
        }
        return Play.of(rules, lanes, random).run(self._routes)


def _low(ordered: Sequence[T]) -> T:
    return ordered[floor(OUTSIDE * len(ordered))]


def _high(ordered: Sequence[T]) -> T:
    return ordered[-1 - floor(OUTSIDE * len(ordered))]


def _cost(ordered: Sequence[int]) -> Range[Decimal]:
    low, median, high = _low(ordered), ordered[len(ordered) // 2], _high(ordered)
    return Range(
        _dollars(low).quantize(HUNDREDTH, ROUND_FLOOR),
        _dollars(median).quantize(HUNDREDTH),
        _dollars(high).quantize(HUNDREDTH, ROUND_CEILING),
    )


def _seconds(ordered: Sequence[float]) -> Range[float]:
    low, median, high = _low(ordered), ordered[len(ordered) // 2], _high(ordered)
    handled = HANDLING if high else 0.0
    return Range(
        floor(low * TENTH) / TENTH,
        round(median * TENTH) / TENTH,
        ceil((high + handled) * TENTH) / TENTH,
    )


def _dollars(amount: int) -> Decimal:
    return Decimal(amount) / NANO
