"""What a provider says of an attempt."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

from attrs import field, frozen

from vgen.errors import AttemptError
from vgen.records import checks


@frozen
class Ticket:
    """The handle on an accepted attempt: JSON-safe, and durable where the backend says so.

    Names the backend, the provider's account, the model version and the provider's own id.
    """

    backend: str
    provider_id: str
    account: str = ""
    version: str = ""


class State(StrEnum):
    """Where an attempt stands at its provider; the last three are verdicts.

    `NOT_FOUND`: the provider answers that it knows no such attempt. That may pass, and is no
    verdict.
    """

    NOT_FOUND = "not found"
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Whether the provider will change nothing more."""
        return self in {State.SUCCEEDED, State.FAILED, State.CANCELLED}


def _comparable(error: AttemptError | None) -> tuple[type | None, str]:
    """Return what equality of two failures goes by: class and message."""
    return (type(error), str(error)) if error else (None, "")


@frozen
class Status:
    """A provider's answer about one ticket.

    `progress` runs from 0 to 1 where the provider reports it. `queued` is for how many seconds an
    attempt that runs had waited before, where the provider tells that. `billed` is what was
    charged, in US dollars; `None` on a success means the quote's price on the actual duration, on
    any other verdict that nothing was charged, unless `bill_unknown`: then the provider may have
    charged something, and the whole hold counts. `failure` says why a failed attempt failed, or why
    one is not found.
    """

    state: State
    progress: float | None = None
    billed: Decimal | None = field(default=None, validator=checks.optional(checks.amount))
    failure: AttemptError | None = field(default=None, eq=_comparable)
    bill_unknown: bool = False
    queued: float | None = None

    @property
    def is_final(self) -> bool:
        """Whether this answer is final."""
        return self.state.is_final


@frozen
class Absent:
    """A complete listing proves that the submit never arrived."""


@frozen
class Unknown:
    """The provider cannot tell, or cannot tell yet, whether the submit arrived.

    `for_good`: it never will, since it no longer keeps the record.
    """

    for_good: bool = False


Finding = Ticket | Absent | Unknown
