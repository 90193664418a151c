"""Rate limits, as token buckets that fill by the service's clock."""

from __future__ import annotations

import math

from attrs import define, frozen

MINUTE = 60.0

LOW_CREDIT = 5
"""US dollars below which the service allows fewer creates, and no burst."""

LOW_CREDIT_CREATES = 6


@frozen
class Limits:
    """Requests a minute to create predictions, and for everything else; as many at once.

    The defaults are the service's own.
    """

    creates: float = 600
    others: float = 3000


@define
class Bucket:
    """Holds `size` tokens at most and gains `per_minute`."""

    per_minute: float
    size: float
    _tokens: float = math.inf
    _filled_at: float = 0.0

    def take(self, now: float) -> float:
        """Take one token; 0 where there was one, else the seconds until there is."""
        gained = (now - self._filled_at) * self.per_minute / MINUTE
        self._tokens = min(self.size, self._tokens + gained)
        self._filled_at = now
        # A billionth is forgiven: whoever waits for exactly as long as told finds a token.
        if self._tokens >= 1 - 1e-9:
            self._tokens -= 1
            return 0.0
        return (1 - self._tokens) * MINUTE / self.per_minute
