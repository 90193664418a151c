"""How fast an account takes submits, as its answers tell."""

from __future__ import annotations

from attrs import evolve, frozen

SHORTEST_PAUSE, LONGEST_PAUSE = 1.0, 300.0
"""Limits of a pause that no provider has asked for, in seconds."""

WAIT_SHARE = 0.5
"""Such a pause is this share of the time that has passed since the last period began."""

TOLD_SHARE = 0.25
"""A pause that a provider has asked for is at least this share of the time for which it has done
nothing else: some ask for a second, again and again."""

PRECISION = 0.1
"""How closely a period is searched for, as a share of it."""

CALM = 8
"""After so many periods without a rate limit a shorter one is tried."""


@frozen
class Pace:
    """What is known of an account; times are in seconds, on the caller's clock.

    Once it is `limited`, its submits go one at a time, the next at `next_at`. It is taken to accept
    `most` of them in each period (`None`: that is not known), which is longer than `too_short`,
    and not longer than `period` (`None`: likewise). `began` is when the first submit of the current
    period was accepted, and `taken` counts them; with `renewed`, the next one begins another.
    `calm` counts the periods since the last rate limit, and `refused_since` is the first since a
    submit was accepted.
    """

    limited: bool = False
    next_at: float = 0.0
    began: float | None = None
    taken: int = 0
    renewed: bool = True
    most: int | None = None
    too_short: float = 0.0
    period: float | None = None
    calm: int = 0
    refused_since: float | None = None


def accepted(pace: Pace, now: float, *, paced: bool) -> Pace:
    """Learn that a submit was accepted, `paced` or sent before the account was known as limited."""
    if not paced or pace.began is None:
        return evolve(pace, began=now, refused_since=None)
    gap, period = now - pace.began, pace.period
    if not pace.renewed and (period is None or gap < period):
        pace = evolve(pace, taken=pace.taken + 1, refused_since=None)
    else:
        pace = _next_period(pace, now, gap if period is None else min(gap, period))
    if not pace.limited:
        return pace
    if pace.most is None or pace.taken < pace.most:
        return evolve(pace, next_at=now, renewed=False)
    return evolve(pace, next_at=_due(pace, now), renewed=True)


def _next_period(pace: Pace, now: float, period: float) -> Pace:
    calm = pace.calm + 1
    if calm > CALM and period < SHORTEST_PAUSE / 2:
        return Pace(began=now)
    too_short = pace.too_short if calm < CALM else (1 - 2 * PRECISION) * period
    return evolve(
        pace,
        began=now,
        taken=1,
        period=period,
        too_short=too_short,
        calm=calm,
        refused_since=None,
    )


def refused(pace: Pace, now: float, *, retry_after: float | None, backoff: float) -> Pace:
    """Learn that a submit met a rate limit.

    The next one is due after `retry_after` seconds; where the provider does not say, when the
    period has passed, or after a pause that grows from `backoff` seconds.
    """
    began = now if pace.began is None else pace.began
    waited = now - began
    within = not pace.renewed and (pace.period is None or waited < pace.period)
    period = None if pace.period is not None and waited >= pace.period else pace.period
    refused_since = now if pace.refused_since is None else pace.refused_since
    pace = evolve(
        pace,
        limited=True,
        began=began,
        renewed=True,
        most=pace.taken if within else pace.most,
        too_short=pace.too_short if within else max(pace.too_short, waited),
        period=period,
        calm=0,
        refused_since=refused_since,
    )
    if retry_after:
        pause = max(retry_after, min(TOLD_SHARE * (now - refused_since), LONGEST_PAUSE))
        return evolve(pace, next_at=now + pause, too_short=waited + retry_after)
    if period is not None:
        return evolve(pace, next_at=_due(pace, now) if within else began + period)
    pause = max(SHORTEST_PAUSE, backoff, WAIT_SHARE * waited)
    return evolve(pace, next_at=now + min(pause, LONGEST_PAUSE))


def _due(pace: Pace, now: float) -> float:
    """Return when the next period is to be tried: between what was too short and what was not."""
    if pace.began is None or pace.period is None:
        return now
    settled = pace.period - pace.too_short <= PRECISION * pace.period
    return pace.began + (pace.period if settled else (pace.period + pace.too_short) / 2)
