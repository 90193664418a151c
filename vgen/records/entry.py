"""The entries that move an attempt from one state to another in the ledger."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from attrs import field, frozen

from vgen.records import checks
from vgen.records.clip import Clip
from vgen.records.money import ZERO
from vgen.records.status import State, Ticket


@frozen
class Planned:
    """Money was held for an attempt that may be sent later; an older vgen has done so."""


@frozen
class Reserved:
    """Money is held for an attempt that is about to be sent: from here on it may have been."""


@frozen
class Ticketed:
    """The provider accepted the attempt."""

    ticket: Ticket


@frozen
class Released:
    """Nothing is billed: it was not sent, was refused, is proved absent, or a person says so."""

    reason: str


@frozen
class Doubted:
    """The submit was sent and no answer came."""

    reason: str


@frozen
class Settled:
    """The provider's verdict, and what it billed in US dollars.

    `metered`: the provider named the bill; else it follows the price and the clip's true length.
    """

    verdict: State
    billed: Decimal = field(validator=checks.amount)
    metered: bool = False
    reason: str = ""


@frozen
class Fetched:
    """The clip's file is here, at `path`; `billed` corrects the bill by its true duration."""

    path: str
    billed: Decimal = field(validator=checks.amount)


@frozen
class Spooled:
    """Storage is down: the file is kept at `path` until it is up."""

    path: str


@frozen
class Stored:
    """The clip was probed, judged and stored."""

    clip: Clip


@frozen
class Chosen:
    """A stored take is the clip now: the user chose it, or what is asked for matches it again."""

    clip: Clip


@frozen
class Lost:
    """The clip was paid for, and is unusable or out of reach for good."""

    reason: str


@frozen
class WrittenOff:
    """What was billed can no longer be had: the hold counts as spent, the clip is free again."""

    reason: str


Entry = (
    Planned
    | Reserved
    | Ticketed
    | Released
    | Doubted
    | Settled
    | Fetched
    | Spooled
    | Stored
    | Chosen
    | Lost
    | WrittenOff
)


@frozen
class Movement:
    """What an entry did to the job's money, in US dollars."""

    spent: Decimal = ZERO
    held: Decimal = ZERO
    in_doubt: Decimal = ZERO


@frozen
class Line:
    """One line of a job's journal; `at` is the ledger's own time."""

    at: datetime
    clip_index: int
    attempt_id: UUID
    entry: Entry
    movement: Movement
