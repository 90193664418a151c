"""One try at one clip on one backend, as the ledger keeps it."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from attrs import field, frozen

from vgen.records import checks
from vgen.records.clip import Clip
from vgen.records.money import ZERO
from vgen.records.request import ClipRequest
from vgen.records.status import Ticket


class Money(StrEnum):
    """Where an attempt's money stands."""

    HELD = "held"
    IN_DOUBT = "in doubt"
    SETTLED = "settled"
    RELEASED = "released"
    WRITTEN_OFF = "written off"


class Custody(StrEnum):
    """Where an attempt's clip stands.

    `PLANNED` was never sent; an older vgen has held its money. `INTENDED` may have been sent.
    `VOID` made no clip; `LOST` made, or may have made, one that is out of reach for good.
    """

    PLANNED = "planned"
    INTENDED = "intended"
    TICKETED = "ticketed"
    SUCCEEDED = "succeeded"
    FETCHED = "fetched"
    SPOOLED = "spooled"
    STORED = "stored"
    LOST = "lost"
    VOID = "void"


JOB_CANCELLED = "the job was cancelled"
"""The reason of an attempt that was cancelled with its job: it says nothing of its backend."""

OPEN_MONEY = frozenset({Money.HELD, Money.IN_DOUBT})
CLOSED_CUSTODY = frozenset({Custody.STORED, Custody.LOST, Custody.VOID})


@frozen
class Attempt:
    """One try at one clip on one backend.

    The two states move independently: `money` and `custody`. `hold` is the most that it can be
    billed, `billed` what it was (`None`: not known yet), both in US dollars; `metered` says that
    the provider named the bill itself, `sent` that it may have left. `number` counts the clip's
    attempts from 1. `path` is where its file was fetched to, until the clip is stored. `epoch` is
    that of the claim under which it was written, `reserved_at` when that was, by the ledger's own
    time: from then on it may have been sent. `take` is that of the request: see `PlannedClip`.
    `purses` names those in which its money counts.
    """

    attempt_id: UUID
    job_id: UUID
    clip_index: int
    number: int
    backend: str
    account: str
    request: ClipRequest
    fingerprint: str
    hold: Decimal = field(validator=checks.amount)
    money: Money = Money.HELD
    custody: Custody = Custody.PLANNED
    billed: Decimal | None = field(default=None, validator=checks.optional(checks.amount))
    metered: bool = False
    overrun: bool = False
    sent: bool = False
    ticket: Ticket | None = None
    path: str | None = None
    clip: Clip | None = None
    reason: str = ""
    epoch: int = 0
    reserved_at: datetime | None = None
    take: int = 0
    purses: tuple[str, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether money or custody can still move; a clip has at most one open attempt."""
        return self.money in OPEN_MONEY or self.custody not in CLOSED_CUSTODY

    @property
    def state(self) -> tuple[Money, Custody]:
        """Both states together, as a writer expects them."""
        return (self.money, self.custody)

    @property
    def spent(self) -> Decimal:
        """What counts as spent for it, in US dollars.

        A success whose bill follows from its length counts with its whole hold until it has been
        fetched and its length is known: money given back too early might be missing then.
        """
        if self.money is Money.SETTLED:
            return (self.billed or ZERO) + self.unmeasured
        return self.hold if self.money is Money.WRITTEN_OFF else ZERO

    @property
    def unmeasured(self) -> Decimal:
        """What counts as spent beyond its bill until its length is known, in US dollars."""
        succeeded = self.money is Money.SETTLED and self.custody is Custody.SUCCEEDED
        waits = succeeded and not self.metered
        return max(ZERO, self.hold - (self.billed or ZERO)) if waits else ZERO

    @property
    def held(self) -> Decimal:
        """What counts as held for it, in US dollars."""
        return self.hold if self.money is Money.HELD else ZERO

    @property
    def in_doubt(self) -> Decimal:
        """What counts as in doubt for it, in US dollars."""
        return self.hold if self.money is Money.IN_DOUBT else ZERO
