"""What a fake backend has accepted, and how its orders fare as time goes by."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

import trio
from attrs import define, field, frozen

from vgen.records.money import ZERO, Price
from vgen.records.request import ClipRequest
from vgen.records.status import State, Status
from vgen.testing.acts import Accepted, Fail, Hang, Succeed
from vgen.testing.clips import cut_short, spoilt, tiny_clip


@frozen
class Charge:
    """One line of the fake's own account, in US dollars."""

    attempt_id: UUID
    prompt: str
    amount: Decimal


@define
class Order:
    """An accepted attempt; `quoted` is the length that it would make, in seconds.

    It fares by the clock of the Trio run that placed it, wherever it is asked after.
    """

    attempt_id: UUID
    request: ClipRequest
    act: Accepted
    quoted: float
    price: Price
    cancel_fee: Decimal
    cancelled: bool = False
    fetches: int = 0
    clock: trio.abc.Clock = field(factory=trio.lowlevel.current_clock)
    placed: float = field(factory=trio.current_time)

    @property
    def ends(self) -> float:
        """When it ends by itself, on Trio's clock."""
        return float("inf") if isinstance(self.act, Hang) else self.placed + self.act.after

    @property
    def seconds(self) -> float:
        """How long its clip is."""
        asked = self.act.seconds if isinstance(self.act, Succeed) else None
        return asked or self.quoted

    def status(self) -> Status:
        """Say where it stands now."""
        if self.cancelled:
            return Status(State.CANCELLED, billed=self.cancel_fee or None)
        now = self.clock.current_time()
        if now < self.ends:
            return Status(State.RUNNING, progress=self._share(now))
        if isinstance(self.act, Fail):
            return Status(State.FAILED, billed=self.act.billed, failure=self.act.error)
        billed = self.act.billed if isinstance(self.act, Succeed) else None
        return Status(State.SUCCEEDED, progress=1.0, billed=billed)

    def _share(self, now: float) -> float:
        if isinstance(self.act, Hang):
            return 0.5
        return min((now - self.placed) / self.act.after, 0.99)

    def charge(self) -> Charge | None:
        """Say what was charged for it, once it has ended."""
        status = self.status()
        if not status.is_verdict:
            return None
        amount = status.billed
        if amount is None:
            won = status.state is State.SUCCEEDED
            amount = self.price.cost(self.seconds) if won else ZERO
        return Charge(self.attempt_id, self.request.prompt, amount)

    def output(self) -> bytes | None:
        """Give the next download of its file; `None`: there is none, or none any more."""
        self.fetches += 1
        if self.status().state is not State.SUCCEEDED or isinstance(self.act, Fail | Hang):
            return None
        if not isinstance(self.act, Succeed):
            return spoilt(self.act.what, self.seconds)
        keeps = self.act.keeps
        if keeps is not None and self.clock.current_time() > self.ends + keeps:
            return None
        whole = tiny_clip(self.seconds)
        return cut_short(whole) if self.fetches <= self.act.cut else whole
