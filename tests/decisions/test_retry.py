"""What follows a failed attempt."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vgen.decisions import retry
from vgen.decisions.retry import (
    MAX_RATE_LIMITED,
    Again,
    Decision,
    FallBack,
    GiveUp,
    Policy,
    Tries,
)
from vgen.errors import (
    AccountError,
    AttemptTimeoutError,
    GenerationError,
    LedgerError,
    ModelUnavailableError,
    NetworkError,
    OutputRefusedError,
    RateLimitedError,
    RetryableError,
    StorageError,
    SubmitInDoubtError,
    VgenError,
    VideoError,
)
from vgen.records.fallback import ANY_REASON, FallBackReason

MENDABLE = [
    RetryableError("x"),
    NetworkError("x"),
    AttemptTimeoutError("x"),
    ModelUnavailableError("x"),
    VideoError("x"),
]


def decide(  # noqa: PLR0913 - each is what a test may want otherwise
    error: VgenError,
    *,
    tried: int = 1,
    rate_limited_for: float = 0.0,
    attempts: int = 3,
    refused: int = 1,
    account_pause: float = 0.0,
    unsent_for: float | None = None,
    rerolls: int = 0,
    backends_left: int = 0,
    fall_back_on: Sequence[FallBackReason] = ANY_REASON,
    backoff: float = 2.0,
    jitter: float = 0.0,
) -> Decision:
    """What follows, with a first pause of two seconds unless another is given."""
    return retry.decide(
        error,
        Tries(tried, refused, rate_limited_for, account_pause, unsent_for),
        Policy(attempts, rerolls, fall_back_on, backoff, patience=600.0),
        backends_left=backends_left,
        jitter=jitter,
    )


@pytest.mark.parametrize("error", MENDABLE, ids=lambda error: type(error).__name__)
def test_pauses_double_until_the_attempts_are_used_up(error: VgenError) -> None:
    """Two, four and eight seconds, and then no further attempt."""
    decisions = [decide(error, tried=tried, attempts=4) for tried in (1, 2, 3, 4)]
    assert decisions == [Again(2.0), Again(4.0), Again(8.0), GiveUp()]


@pytest.mark.parametrize(
    "error",
    [SubmitInDoubtError("x"), StorageError("x"), LedgerError("x")],
    ids=lambda error: type(error).__name__,
)
def test_what_no_other_attempt_can_mend_is_given_up(error: VgenError) -> None:
    """A submit in doubt and what is no fault of the attempt are not repeated anywhere."""
    assert decide(error, backends_left=2) == GiveUp()


LAST_FAILURES = [
    (ModelUnavailableError("x"), FallBackReason.UNAVAILABLE),
    (AccountError("x"), FallBackReason.ACCOUNT),
    (GenerationError("x"), FallBackReason.REFUSED),
    (RateLimitedError("x"), FallBackReason.RATE_LIMITED),
    *((error, FallBackReason.ATTEMPTS) for error in MENDABLE if "Unavailable" not in repr(error)),
]
"""Failures after which no attempt is left on a backend, each with the reason that it is."""


@pytest.mark.parametrize(("error", "reason"), LAST_FAILURES)
def test_the_next_backend_is_tried_for_the_reasons_that_are_named(
    error: VgenError, reason: FallBackReason
) -> None:
    """With no attempt left here, the clip goes on where a backend is left and the reason counts."""

    def after(backends_left: int, reasons: Sequence[FallBackReason]) -> Decision:
        return decide(
            error,
            tried=3,
            rate_limited_for=MAX_RATE_LIMITED,
            backends_left=backends_left,
            fall_back_on=reasons,
        )

    assert after(1, ANY_REASON) == after(1, [reason]) == FallBack()
    assert after(0, ANY_REASON) == GiveUp()
    assert after(1, [other for other in FallBackReason if other is not reason]) == GiveUp()


@pytest.mark.parametrize("error", [AccountError("x"), GenerationError("x")])
def test_a_refusal_is_not_repeated(error: VgenError) -> None:
    """A refused request, or account, is not tried there a second time."""
    assert decide(error, tried=1, backends_left=1) == FallBack()
    assert decide(error, tried=1) == GiveUp()


@pytest.mark.parametrize("tried", [1, 3, 9])
def test_an_unavailable_model_sends_the_clip_on(tried: int) -> None:
    """Where a backend is left the clip goes there at once, whatever was tried here."""
    assert decide(ModelUnavailableError("x"), tried=tried, backends_left=1) == FallBack()


def test_a_refused_output_is_made_anew_while_rolls_are_left() -> None:
    """Within the attempts; then it counts as a refusal, and so does that of a prompt at once."""
    refused = OutputRefusedError("x")
    assert decide(refused, tried=2, rerolls=1, backends_left=1) == Again(4.0)
    assert decide(refused, tried=2, refused=2, rerolls=1, backends_left=1) == FallBack()
    assert decide(refused, tried=3, rerolls=5, backends_left=1) == FallBack()
    assert decide(refused, rerolls=0) == GiveUp()
    only = [FallBackReason.ATTEMPTS]
    assert decide(refused, tried=3, rerolls=5, backends_left=1, fall_back_on=only) == GiveUp()
    assert decide(GenerationError("x"), rerolls=5) == GiveUp()


def test_attempts_are_used_up_before_the_clip_goes_on() -> None:
    """What another attempt may mend is tried again here first.

    So is an unavailable model, where the clip may not go on for that.
    """
    assert decide(NetworkError("x"), tried=2, backends_left=1) == Again(4.0)
    only = [FallBackReason.ATTEMPTS]
    down = ModelUnavailableError("x")
    assert decide(down, tried=2, backends_left=1, fall_back_on=only) == Again(4.0)


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


def test_a_provider_that_cannot_be_reached_is_waited_for() -> None:
    """However often it is tried, while patience lasts, with pauses that grow to half a minute."""
    error = NetworkError("not sent")
    decisions = [decide(error, tried=9, unsent_for=seconds) for seconds in (0, 40, 120, 599, 600)]
    assert decisions == [Again(2.0), Again(10.0), Again(30.0), Again(30.0), GiveUp()]
    assert decide(error, unsent_for=599, backends_left=1) == Again(30.0)
    assert decide(error, unsent_for=600, backends_left=1) == FallBack()


@pytest.mark.parametrize(
    ("error", "unsent_for", "pause"),
    [
        (RetryableError("x"), None, 0.0),
        (RateLimitedError("x"), None, 0.0),
        (RateLimitedError("x", retry_after=0.0), None, 0.0),
        (RateLimitedError("x", retry_after=0.5), None, 0.5),
        (NetworkError("not sent"), 0.0, 0.1),
        (NetworkError("not sent"), 40.0, 10.0),
    ],
)
def test_a_backoff_of_zero_is_kept_to(
    error: VgenError, unsent_for: float | None, pause: float
) -> None:
    """No pause is made up but the one before a provider that cannot be reached is tried again."""
    assert decide(error, unsent_for=unsent_for, backoff=0.0) == Again(pause)
