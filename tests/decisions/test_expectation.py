"""When an attempt is expected to end, and when it is asked after."""

from __future__ import annotations

from decimal import Decimal
from math import exp, log
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.decisions.test_estimate import seen
from vgen.abc import Quote
from vgen.decisions.estimate import ENOUGH, TrackRecord
from vgen.decisions.expectation import (
    LONGEST,
    SHORTEST,
    Expectation,
    Progress,
    Told,
)

CEILING = 3.0
LIKE_ON_REPLICATE = Expectation(median=60.0, spread=0.35)
TIMES = st.floats(0.01, 3600)


def test_what_is_declared_is_believed_until_enough_is_observed() -> None:
    """Then the median of the successes counts, and how regular they were."""
    quote = Quote(2.0, seconds=60.0)
    few = TrackRecord.of(lambda _: quote, seen("0", 30.0, times=ENOUGH - 1))
    enough = TrackRecord.of(lambda _: quote, seen("0", 30.0, times=ENOUGH))
    declared, observed = Expectation.of(quote, few), Expectation.of(quote, enough)
    assert declared is not None
    assert observed is not None
    assert declared.median == 60.0
    assert observed.median == pytest.approx(30.0)
    assert observed.spread < declared.spread
    assert Expectation.of(Quote(2.0), TrackRecord()) is None


def test_the_spread_is_that_of_the_times() -> None:
    """Of 1,000 times of a log-normal distribution, it is found again within a tenth."""
    random = Random(1)  # noqa: S311 (times are no secrets)
    times = [exp(random.gauss(log(60), 0.35)) for _ in range(1000)]
    record = TrackRecord.of(
        lambda _: Quote(2.0), [each for time in times for each in seen("0", time)]
    )
    found = Expectation.of(Quote(2.0), record)
    assert found is not None
    assert found.median == pytest.approx(60, rel=0.05)
    assert found.spread == pytest.approx(0.35, rel=0.1)


@given(TIMES, TIMES, st.floats(0.05, 2))
def test_what_is_left_is_what_half_of_those_need(
    median: float, elapsed: float, spread: float
) -> None:
    """It is never negative, an attempt's expected end never comes sooner for running longer."""
    expected = Expectation(median, spread)
    left, later = expected.left(elapsed), expected.left(1.1 * elapsed)
    assert left >= 0
    assert 1.1 * elapsed + later >= (elapsed + left) * (1 - 1e-6)


@given(TIMES, TIMES, st.floats(0.05, 2))
def test_pauses_have_their_limits(median: float, elapsed: float, spread: float) -> None:
    """They are never shorter than the usual pause, and never longer than five of it."""
    assert CEILING <= Expectation(median, spread).pause(elapsed, CEILING) <= LONGEST * CEILING


def test_pauses_are_short_where_an_end_is_likely() -> None:
    """Near the median they are about the usual pause; early, and long after it, longer."""
    early, likely, late = (LIKE_ON_REPLICATE.pause(at, CEILING) for at in (10, 65, 600))
    assert likely < 1.2 * CEILING
    assert min(early, late) > 1.2 * CEILING


def test_progress_tells_what_is_left() -> None:
    """By its speed since the start; an answer that tells nothing new changes nothing."""
    progress = Progress.begun(0.0, Told(0.25, 15.0))
    assert progress.left(15.0) == 45.0
    progress = progress.after(Told(0.5, 20.0))
    assert progress.left(20.0) == 20.0
    assert progress.after(Told(0.5, 25.0)).left(25.0) == 15.0
    assert progress.left(99.0) == 0.0


@pytest.mark.parametrize("seconds", [5, 20, 60, 110])
def test_an_end_that_is_told_is_noticed_at_once(seconds: float) -> None:
    """A provider that tells its progress is asked few times, and its end is noticed soon."""
    now, asked = SHORTEST * CEILING, 1
    progress = Progress.begun(0.0, Told(now / seconds, now))
    while now < seconds:
        now += progress.pause(now, CEILING)
        progress = progress.after(Told(now / seconds, now))
        asked += 1
    assert asked <= 5 + seconds / (LONGEST * CEILING)
    assert now - seconds <= 0.6


def test_what_stands_still_is_asked_after_ever_less_often() -> None:
    """Half as long again each time, up to the longest pause."""
    progress, now, asked = Progress.begun(0.0, Told(0.5, 1.0)), 1.0, 0
    while now < 120:
        now += progress.pause(now, CEILING)
        asked += 1
    assert asked <= 16
    assert progress.pause(now, CEILING) == LONGEST * CEILING


def test_a_price_is_no_time() -> None:
    """What an attempt costs has no part in how long it is expected to run."""
    one, other = (Quote(2.0, hold=Decimal(hold), seconds=60.0) for hold in (1, 2))
    assert Expectation.of(one, TrackRecord()) == Expectation.of(other, TrackRecord())
