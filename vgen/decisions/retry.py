"""What follows a failed attempt: again, on to the next backend, or give up."""

from __future__ import annotations

from attrs import frozen

from vgen.errors import (
    ModelUnavailableError,
    RateLimitedError,
    RetryableError,
    VgenError,
    VideoError,
)

MAX_RATE_LIMITED = 1800.0
"""How long a clip is retried at a provider that answers nothing but rate limits, in seconds: at
the slowest known rate, six submits a minute, long enough for 180 clips to get their turn."""

MIN_PAUSE_SHARE = 0.25
"""A rate-limited clip pauses at least this share of the time for which it has been limited."""

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


def decide(
    error: VgenError,
    *,
    tried: int,
    rate_limited_for: float,
    attempts: int,
    backends_left: int,
    backoff: float,
    jitter: float,
) -> Decision:
    """Decide what follows a failed attempt.

    `tried` counts the attempts made on this backend in this run, this one included, of at most
    `attempts`. A `RateLimitedError` is none of them: `rate_limited_for` says for how many seconds
    it has been the only answer. `backends_left` counts those that have not been tried. `backoff` is
    the first pause in seconds, `jitter` a random number from 0 to 1.
    """
    if isinstance(error, ModelUnavailableError) and backends_left:
        return FallBack()
    if not isinstance(error, RetryableError | VideoError):
        return GiveUp()
    pause = backoff * 2.0 ** (tried - 1)
    if isinstance(error, RateLimitedError):
        over = rate_limited_for >= MAX_RATE_LIMITED
        pause = max(pause, error.retry_after or 0.0, rate_limited_for * MIN_PAUSE_SHARE)
    else:
        over = tried >= attempts
    return GiveUp() if over else Again(pause * (1 + JITTER * jitter))
