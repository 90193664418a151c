"""What follows a failed attempt: again, on to the next backend, or give up."""

from __future__ import annotations

from collections.abc import Collection

from attrs import frozen

from vgen.errors import (
    AccountError,
    GenerationError,
    ModelUnavailableError,
    NetworkError,
    OutputRefusedError,
    RateLimitedError,
    RetryableError,
    VgenError,
    VideoError,
)
from vgen.records.fallback import FallBackReason

MAX_RATE_LIMITED = 1800.0
"""How long a clip is retried at an account that answers nothing but rate limits, in seconds."""

MIN_PAUSE_SHARE = 0.25
"""A clip that cannot be sent pauses at least this share of the time for which that has lasted,
where the account's pace does not say better."""

MIN_UNREACHED_PAUSE, MAX_UNREACHED_PAUSE = 0.1, 30.0
"""The bounds of the pause before a provider that cannot be reached is tried again, in seconds."""

JITTER = 0.1
"""The most that jitter adds to a pause, as a share of it."""


@frozen
class Again:
    """Try the same backend again after `delay` seconds."""

    delay: float


@frozen
class FallBack:
    """Go on to the next backend, at once and with a fresh count."""


@frozen
class GiveUp:
    """Make no further attempt at this clip in this run."""


Decision = Again | FallBack | GiveUp


@frozen
class Policy:
    """What the settings and the job allow.

    On each backend, at most `attempts`, and `rerolls` of an output that was refused. `fall_back_on`
    says why a clip may go on with the next backend; `backoff` is the first pause, in seconds, and
    `patience` how long a provider that cannot be reached is waited for.
    """

    attempts: int
    rerolls: int
    fall_back_on: Collection[FallBackReason]
    backoff: float
    patience: float


@frozen
class Tries:
    """What has become of the attempts on one backend in this run, the one just failed included.

    `failed` counts them, and `refused` those of them whose output was refused. A `RateLimitedError`
    is none of them: `rate_limited_for` says for how many seconds the account has answered nothing
    else, and `account_pause` for how many it is not to be asked. Nor is a provider that could not
    be reached: `unsent_for` says for how many seconds the clip has tried to send its next attempt;
    `None` where the one that failed was sent.
    """

    failed: int
    refused: int
    rate_limited_for: float
    account_pause: float
    unsent_for: float | None


def decide(
    error: VgenError, tries: Tries, policy: Policy, *, backends_left: int, jitter: float
) -> Decision:
    """Decide what follows a failed attempt.

    `backends_left` counts those that have not been tried; `jitter` is a random number from 0 to 1.
    """
    reason = _reason(error)
    may_fall_back = backends_left > 0 and reason in policy.fall_back_on
    match error:
        case RateLimitedError():
            over = tries.rate_limited_for >= MAX_RATE_LIMITED
        case ModelUnavailableError():
            over = may_fall_back or tries.failed >= policy.attempts
        case OutputRefusedError():
            over = tries.refused > policy.rerolls or tries.failed >= policy.attempts
        case NetworkError() if tries.unsent_for is not None:
            over = tries.unsent_for >= policy.patience
        case RetryableError() | VideoError():
            over = tries.failed >= policy.attempts
        case _:
            over = True
    if over:
        return FallBack() if may_fall_back else GiveUp()
    return Again(_pause(error, tries, policy, jitter))


def _reason(error: VgenError) -> FallBackReason | None:
    """Return why no more attempts would be made on a backend; `None` where no other can help."""
    match error:
        case ModelUnavailableError():
            return FallBackReason.UNAVAILABLE
        case RateLimitedError():
            return FallBackReason.RATE_LIMITED
        case RetryableError() | VideoError():
            return FallBackReason.ATTEMPTS
        case GenerationError():
            return FallBackReason.REFUSED
        case AccountError():
            return FallBackReason.ACCOUNT
        case _:
            return None


def _pause(error: VgenError, tries: Tries, policy: Policy, jitter: float) -> float:
    if isinstance(error, RateLimitedError) and tries.account_pause:
        return tries.account_pause
    pause = policy.backoff * 2.0 ** (tries.failed - 1)
    if isinstance(error, RateLimitedError):
        pause = max(pause, error.retry_after or 0.0, tries.rate_limited_for * MIN_PAUSE_SHARE)
    if isinstance(error, NetworkError) and tries.unsent_for is not None:
        growing = min(tries.unsent_for * MIN_PAUSE_SHARE, MAX_UNREACHED_PAUSE)
        pause = max(policy.backoff, growing, MIN_UNREACHED_PAUSE)
    return pause * (1 + JITTER * jitter)
