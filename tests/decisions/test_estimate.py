"""What an attempt will probably cost and take."""

from __future__ import annotations

from decimal import Decimal

from attrs import evolve

from vgen.abc import ClipRequest, Quote, State
from vgen.decisions.estimate import ENOUGH, TrackRecord, estimate
from vgen.records.attempt import JOB_CANCELLED
from vgen.records.estimate import Range, Source
from vgen.records.observation import Observation

REQUEST = ClipRequest("a street", 2.0, width=64, height=64, fps=8, motion=100, steps=20)
CANCELLED = State.CANCELLED
LONG = evolve(REQUEST, duration=4.0)


def quote(request: ClipRequest) -> Quote:
    """Quote ten cents and ten seconds for each second of the clip, and hold twice as much."""
    expected = Decimal(str(request.duration)) / 10
    return Quote(request.duration, 2 * expected, expected=expected, seconds=10 * request.duration)


def plain(request: ClipRequest) -> Quote:
    """Quote a hold of a dollar, no expected cost and no time."""
    return Quote(request.duration, Decimal(1), expected=Decimal(0))


def seen(
    billed: str, seconds: float, *, verdict: State = State.SUCCEEDED, times: int = 1
) -> list[Observation]:
    """Return as many observations of two-second clips."""
    return [Observation("fake", REQUEST, verdict, Decimal(billed), seconds)] * times


def test_a_short_record_leaves_what_is_declared() -> None:
    """The expected cost, at most the hold; the declared time."""
    record = TrackRecord.of(quote, seen("0.10", 30.0, times=ENOUGH - 1))
    found = estimate(quote(LONG), record)
    assert (found.source, found.observed) == (Source.DECLARED, ENOUGH - 1)
    assert found.cost == Range(Decimal("0.4"), Decimal("0.4"), Decimal("0.8"))
    assert found.seconds == Range(40.0, 40.0, 40.0)
    assert estimate(plain(LONG), TrackRecord()).seconds is None


def test_enough_successes_replace_what_is_declared() -> None:
    """In proportion: half the price and twice the time for short clips are so for long ones."""
    record = TrackRecord.of(quote, seen("0.10", 40.0, times=ENOUGH))
    found = estimate(quote(LONG), record)
    assert (found.source, found.observed) == (Source.OBSERVED, ENOUGH)
    assert found.cost == Range(Decimal("0.2"), Decimal("0.2"), Decimal("0.2"))
    assert found.seconds == Range(80.0, 80.0, 80.0)


def test_an_estimate_tells_how_attempts_differ() -> None:
    """The percentiles of 21 attempts are the second, the eleventh and the twentieth."""
    observations = [seen(f"0.{cents:02}", cents)[0] for cents in range(10, 31)]
    found = estimate(quote(REQUEST), TrackRecord.of(quote, observations))
    assert found.cost == Range(Decimal("0.11"), Decimal("0.20"), Decimal("0.29"))
    assert found.seconds == Range(11.0, 20.0, 29.0)


def test_no_cost_is_above_the_hold() -> None:
    """Whatever was billed before."""
    found = estimate(quote(REQUEST), TrackRecord.of(quote, seen("0.90", 20.0, times=ENOUGH)))
    assert found.cost.high == quote(REQUEST).hold


def test_without_a_declaration_the_observed_counts_as_it_was() -> None:
    """A longer clip is taken to cost and take as much."""
    found = estimate(plain(LONG), TrackRecord.of(plain, seen("0.30", 25.0, times=ENOUGH)))
    assert found.cost.median == Decimal("0.30")
    assert found.seconds == Range(25.0, 25.0, 25.0)


def test_failures_are_counted_apart() -> None:
    """Their share and their bills, which do not lower the cost of a success."""
    failed = seen("0.02", 5.0, verdict=State.FAILED) + seen("0.04", 5.0, verdict=State.CANCELLED)
    found = estimate(
        quote(REQUEST), TrackRecord.of(quote, [*failed, *seen("0.20", 20.0, times=ENOUGH)])
    )
    assert (found.failed, found.failing) == (2, 0.2)
    assert found.failed_cost == Decimal("0.03")
    assert found.cost.median == Decimal("0.20")
    assert estimate(quote(REQUEST), TrackRecord()).failing == 0


def test_a_cancelled_job_says_nothing_of_its_backend() -> None:
    """What was cancelled with its job is no success and no failure; a timeout is a failure."""
    made = seen("0.10", 40.0, times=ENOUGH)
    stopped = [evolve(one, reason=JOB_CANCELLED) for one in seen("0", 1.0, verdict=CANCELLED)]
    slow = [evolve(one, reason="took longer") for one in seen("0.2", 90.0, verdict=CANCELLED)]
    found = estimate(quote(REQUEST), TrackRecord.of(quote, [*made, *stopped, *slow]))
    assert (found.observed, found.failed) == (ENOUGH + 1, 1)
