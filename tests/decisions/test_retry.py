"""What follows a failed attempt."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vgen.decisions import retry
from vgen.decisions.retry import MAX_RATE_LIMITED, Again, Decision, FallBack, GiveUp
from vgen.errors import (
    AttemptTimeoutError,
    GenerationError,
    LedgerError,
    ModelUnavailableError,
    NetworkError,
    RateLimitedError,
    RetryableError,
    StorageError,
    SubmitInDoubtError,
    VgenError,
    VideoError,
)

MENDABLE = [
    RetryableError("x"),
    NetworkError("x"),
    AttemptTimeoutError("x"),
    ModelUnavailableError("x"),
    VideoError("x"),
]


def decide(
    error: VgenError,
    *,
    tried: int = 1,
    rate_limited_for: float = 0.0,
    attempts: int = 3,
    backends_left: int = 0,
    jitter: float = 0.0,
) -> Decision:
    """What follows, with a first pause of two seconds."""
    return retry.decide(
        error,
        tried=tried,
        rate_limited_for=rate_limited_for,
        attempts=attempts,
        backends_left=backends_left,
        backoff=2.0,
        jitter=jitter,
    )


@pytest.mark.parametrize("error", MENDABLE, ids=lambda error: type(error).__name__)
def test_pauses_double_until_the_attempts_are_used_up(error: VgenError) -> None:
    """Two, four and eight seconds, and then no further attempt."""
    decisions = [decide(error, tried=tried, attempts=4) for tried in (1, 2, 3, 4)]
    assert decisions == [Again(2.0), Again(4.0), Again(8.0), GiveUp()]


@pytest.mark.parametrize(
    "error",
    [GenerationError("x"), SubmitInDoubtError("x"), StorageError("x"), LedgerError("x")],
    ids=lambda error: type(error).__name__,
)
def test_what_another_attempt_cannot_mend_is_given_up(error: VgenError) -> None:
    """Refused input, a submit in doubt and what is no fault of the attempt are not repeated."""
    assert decide(error, backends_left=2) == GiveUp()


@pytest.mark.parametrize("tried", [1, 3, 9])
def test_an_unavailable_model_sends_the_clip_on(tried: int) -> None:
    """Where a backend is left the clip goes there at once, whatever was tried here."""
    assert decide(ModelUnavailableError("x"), tried=tried, backends_left=1) == FallBack()


def test_only_an_unavailable_model_sends_the_clip_on() -> None:
    """Other failures use their attempts up where they are."""
    assert decide(NetworkError("x"), tried=3, backends_left=1) == GiveUp()


@pytest.mark.parametrize(
    ("asked", "pause"), [(None, 2.0), (0.0, 2.0), (1.0, 2.0), (2.5, 2.5), (600.0, 600.0)]
)
def test_the_longer_pause_wins(asked: float | None, pause: float) -> None:
    """A provider's own retry-after counts where it is longer than the pause that is due."""
    assert decide(RateLimitedError("x", retry_after=asked)) == Again(pause)


def test_a_request_for_a_pause_is_no_attempt() -> None:
    """However many attempts are gone, the clip is offered again, for half an hour of refusals."""
    refusal = RateLimitedError("x", retry_after=10.0)
    for seconds in (0.0, 30.0, MAX_RATE_LIMITED - 1):
        assert isinstance(decide(refusal, tried=3, attempts=3, rate_limited_for=seconds), Again)
    assert decide(refusal, rate_limited_for=MAX_RATE_LIMITED) == GiveUp()


@pytest.mark.parametrize(("seconds", "pause"), [(0.0, 2.0), (40.0, 10.0), (400.0, 100.0)])
def test_refusals_slow_a_clip_down(seconds: float, pause: float) -> None:
    """The longer a clip has been refused, the longer it pauses, whatever the provider says."""
    assert decide(RateLimitedError("x", retry_after=1.0), rate_limited_for=seconds) == Again(pause)


@given(st.integers(1, 99), st.floats(0, 1), st.none() | st.floats(0, 1e6))
def test_jitter_adds_at_most_a_tenth(tried: int, jitter: float, asked: float | None) -> None:
    """Chance makes a pause longer by a tenth at most, and never shorter."""
    error = RateLimitedError("x", retry_after=asked)
    due = max(2.0 * 2.0 ** (tried - 1), asked or 0.0)
    decision = decide(error, tried=tried, attempts=100, jitter=jitter)
    assert isinstance(decision, Again)
    assert due <= decision.delay <= due * 1.1000001
    assert decision.delay == pytest.approx(due * (1 + jitter / 10))
