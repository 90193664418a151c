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

JITTER = 0.1
"""The most that chance adds to a pause, as a share of it."""


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


def after(
    error: VgenError,
    *,
    tried: int,
    attempts: int,
    backends_left: int,
    backoff: float,
    chance: float,
) -> Move:
    """Decide what follows a failed attempt.

    `tried` counts the attempts made on this backend in this run, this one included, of at most
    `attempts`; `backends_left` counts those that have not been tried. `backoff` is the first pause
    in seconds, `chance` a random number from 0 to 1.
    """
    if isinstance(error, ModelUnavailableError) and backends_left:
        return FallBack()
    if not isinstance(error, RetryableError | VideoError) or tried >= attempts:
        return GiveUp()
    return Again(_pause(error, tried=tried, backoff=backoff, chance=chance))


def _pause(error: VgenError, *, tried: int, backoff: float, chance: float) -> float:
    pause = backoff * 2.0 ** (tried - 1)
    if isinstance(error, RateLimitedError) and error.retry_after is not None:
        pause = max(pause, error.retry_after)
    return pause * (1 + JITTER * chance)
