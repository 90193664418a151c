"""What the books of a ledger tell of many jobs: which there are, and what was spent."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Self
from uuid import UUID

from attrs import field, frozen

from vgen.records import checks
from vgen.records.money import Account

PAGE, MAX_PAGE = 50, 10_000
"""How many jobs a page has, unless it is said, and at most."""


class JobState(StrEnum):
    """How far a job is.

    `RUNNING`: somebody works on it. `OPEN`: nobody does, and it has attempts that are not closed.
    `NEVER_SENT`: nothing was sent for it. `STOPPED`: it was cancelled, or has not come to its end.
    `FINISHED`: it has ended with enough clips; `SHORT`: with too few.
    """

    NEVER_SENT = "never sent"
    RUNNING = "running"
    OPEN = "open"
    STOPPED = "stopped"
    FINISHED = "finished"
    SHORT = "short"


@frozen
class JobQuery:
    """Which jobs to list.

    Opened at `since` or later and before `until`, in one of `states` (none given: in any), with
    ids that start with `prefix`; `limit` of them at most, after the job `after` in the same list.
    """

    since: datetime | None = None
    until: datetime | None = None
    states: Collection[JobState] = ()
    prefix: str = ""
    after: UUID | None = None
    limit: int = field(default=PAGE, validator=checks.integer(least=1, most=MAX_PAGE))


@frozen
class JobSummary:
    """A job in a list.

    `opened_at` is when it was first opened, by the ledger's time; `made` says how many of its
    `clips` are stored. `name`, `folder` and `backends` are those of its last run.
    """

    job_id: UUID
    opened_at: datetime
    state: JobState
    name: str
    folder: str
    backends: tuple[str, ...]
    clips: int
    made: int
    account: Account


class SpendingKey(StrEnum):
    """By what spending is summed up: a `DAY` is one of UTC, by when a bill was booked."""

    BACKEND = "backend"
    ACCOUNT = "account"
    PURSE = "purse"
    DAY = "day"


@frozen
class Spending:
    """What was spent, in US dollars, on how many attempts.

    Each key that was asked for has a value, the others are `None`. An attempt without a purse has
    an empty one; one of several purses counts for each of them.
    """

    spent: Decimal
    attempts: int
    backend: str | None = None
    account: str | None = None
    purse: str | None = None
    day: date | None = None

    @classmethod
    def of(
        cls, values: Sequence[str], by: Collection[SpendingKey], *, spent: Decimal, attempts: int
    ) -> Self:
        """Return what was spent under the `values` of the keys in `by`, in their own order."""
        keys = dict(zip((key for key in SpendingKey if key in by), values, strict=True))
        day = keys.get(SpendingKey.DAY)
        return cls(
            spent,
            attempts,
            backend=keys.get(SpendingKey.BACKEND),
            account=keys.get(SpendingKey.ACCOUNT),
            purse=keys.get(SpendingKey.PURSE),
            day=date.fromisoformat(day) if day else None,
        )
