"""Why a clip goes on with the next backend of its route."""

from __future__ import annotations

from enum import StrEnum


class FallBackReason(StrEnum):
    """Why no further attempt at a clip is made on a backend.

    `UNAVAILABLE`: its model is down or gone. `ACCOUNT`: its provider refuses the account.
    `REFUSED`: it refuses the request or has failed for good. `RATE_LIMITED`: for half an hour it
    has answered nothing but rate limits. `ATTEMPTS`: all attempts have failed.
    """

    UNAVAILABLE = "unavailable"
    ACCOUNT = "account"
    REFUSED = "refused"
    RATE_LIMITED = "rate-limited"
    ATTEMPTS = "attempts"


ANY_REASON = tuple(FallBackReason)
