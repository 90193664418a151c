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
"""A refused clip pauses at least this share of the time for which it has been refused."""

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
    refused: float,
    attempts: int,
    backends_left: int,
    backoff: float,
    chance: float,
) -> Move:
    """Decide what follows a failed attempt.

    `tried` counts the attempts made on this backend in this run, this one included, of at most
    `attempts`. A `RateLimitedError` is none of them: `refused` says for how many seconds there has
    been nothing else. `backends_left` counts those that have not been tried. `backoff` is the
    first pause in seconds, `chance` a random number from 0 to 1.
    """
    if isinstance(error, ModelUnavailableError) and backends_left:
        return FallBack()
    if not isinstance(error, RetryableError | VideoError):
        return GiveUp()
    pause = backoff * 2.0 ** (tried - 1)
    if isinstance(error, RateLimitedError):
        over = refused >= PATIENCE
        pause = max(pause, error.retry_after or 0.0, refused * SLOWING)
    else:
        over = tried >= attempts
    return GiveUp() if over else Again(pause * (1 + JITTER * chance))
