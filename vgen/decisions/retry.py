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

PATIENCE = 1800.0
"""For how many seconds a clip is offered to a provider that only ever asks for a pause: at the
slowest rate that is known, six submits a minute, time for 180 clips to get their turn."""

SLOWING = 0.25
"""A rate-limited clip pauses at least this share of the time for which it has been so."""

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


Move = Again | FallBack | GiveUp


def decide(
    error: VgenError,
    *,
    tried: int,
    rate_limited_for: float,
    attempts: int,
    backends_left: int,
    backoff: float,
    jitter: float,
) -> Move:
    """Decide what follows a failed attempt.

    `tried` counts the attempts made on this backend in this run, this one included, of at most
    `attempts`. A `RateLimitedError` is none of them: `rate_limited_for` says for how many seconds
    there has been nothing else. `backends_left` counts those that have not been tried. `backoff` is
    the first pause in seconds, `jitter` a random number from 0 to 1.
    """
    if isinstance(error, ModelUnavailableError) and backends_left:
        return FallBack()
    if not isinstance(error, RetryableError | VideoError):
        return GiveUp()
    pause = backoff * 2.0 ** (tried - 1)
    if isinstance(error, RateLimitedError):
        over = rate_limited_for >= PATIENCE
        pause = max(pause, error.retry_after or 0.0, rate_limited_for * SLOWING)
    else:
        over = tried >= attempts
    return GiveUp() if over else Again(pause * (1 + JITTER * jitter))
