"""Rate limits, as token buckets on the service's clock."""

from __future__ import annotations

import math

from attrs import define, frozen

MINUTE = 60.0

LOW_CREDIT = 5
"""Credit in US dollars below which the service allows fewer creates, and no burst."""

LOW_CREDIT_CREATES = 6


@frozen
class Limits:
    """Requests per minute, and per burst: creates of predictions, and all others.

    The defaults are the service's.
    """

    creates: float = 600
    others: float = 3000


@define
class Bucket:
    """A token bucket of `size` tokens that gains `per_minute`."""

    per_minute: float
    size: float
    _tokens: float = math.inf
    _filled_at: float = 0.0

    def take(self, now: float) -> float:
        """Take one token and return 0; if there is none, return the seconds until there is."""
        gained = (now - self._filled_at) * self.per_minute / MINUTE
        self._tokens = min(self.size, self._tokens + gained)
        self._filled_at = now
        # Tolerates rounding errors: a client that waits exactly this long finds a token.
        if self._tokens >= 1 - 1e-9:
            self._tokens -= 1
            return 0.0
        return (1 - self._tokens) * MINUTE / self.per_minute
