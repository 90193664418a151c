"""Attempts that a fake backend has accepted, and how they proceed on Trio's clock."""

from __future__ import annotations

import math
from decimal import Decimal
from heapq import heappop, heappush
from uuid import UUID

import trio
from attrs import define, field, frozen

from vgen.records.money import ZERO, Price
from vgen.records.request import ClipRequest
from vgen.records.status import State, Status
from vgen.testing.behaviours import Accepted, Fail, Hang, Succeed
from vgen.testing.clips import free_box, spoilt, tiny_clip, truncate


@frozen
class Charge:
    """What the fake has charged for one attempt, in US dollars."""

    attempt_id: UUID
    prompt: str
    amount: Decimal


@define
class AcceptedAttempt:
    """An accepted attempt; `quoted` is the quoted length of its clip, in seconds.

    Its times are on the clock of the Trio run that submitted it, whichever run asks for them.
    """

    attempt_id: UUID
    request: ClipRequest
    behaviour: Accepted
    quoted: float
    price: Price
    cancel_fee: Decimal
    cancelled: bool = False
    fetches: int = 0
    clock: trio.abc.Clock = field(factory=trio.lowlevel.current_clock)
    submitted_at: float = field(factory=trio.current_time)

    @property
    def ends_at(self) -> float:
        """When it ends unless cancelled, on Trio's clock; infinity if it hangs."""
        after = math.inf if isinstance(self.behaviour, Hang) else self.behaviour.after
        return self.submitted_at + after

    @property
    def seconds(self) -> float:
        """The length of its clip, in seconds."""
        asked = self.behaviour.seconds if isinstance(self.behaviour, Succeed) else None
        return asked or self.quoted

    def status(self) -> Status:
        """Return its status now."""
        if self.cancelled:
            return Status(State.CANCELLED, billed=self.cancel_fee or None)
        now = self.clock.current_time()
        if now < self.ends_at:
            return Status(State.RUNNING, progress=self._progress(now))
        if isinstance(self.behaviour, Fail):
            return Status(State.FAILED, billed=self.behaviour.billed, failure=self.behaviour.error)
        billed = self.behaviour.billed if isinstance(self.behaviour, Succeed) else None
        return Status(State.SUCCEEDED, progress=1.0, billed=billed)

    def _progress(self, now: float) -> float:
        if isinstance(self.behaviour, Hang):
            return 0.5
        return min((now - self.submitted_at) / self.behaviour.after, 0.99)

    def charge(self) -> Charge | None:
        """Return its charge; `None` until it has ended."""
        status = self.status()
        if not status.is_final:
            return None
        amount = status.billed
        if amount is None:
            succeeded = status.state is State.SUCCEEDED
            amount = self.price.cost(self.seconds) if succeeded else ZERO
        return Charge(self.attempt_id, self.request.prompt, amount)

    def output(self) -> bytes | None:
        """Return the bytes of the next download; `None` if there is no file, or it has expired."""
        self.fetches += 1
        if self.status().state is not State.SUCCEEDED or isinstance(self.behaviour, Fail | Hang):
            return None
        if not isinstance(self.behaviour, Succeed):
            return spoilt(self.behaviour.what, self.seconds)
        expires = self.behaviour.expires_after
        if expires is not None and self.clock.current_time() > self.ends_at + expires:
            return None
        clip = tiny_clip(self.seconds, container=self.behaviour.container)
        if self.behaviour.container == "mp4":
            clip += free_box(self.attempt_id.bytes)
        truncated = self.fetches <= self.behaviour.truncated_downloads
        return truncate(clip) if truncated else clip


@define
class RunningCount:
    """Counts the accepted attempts of a Trio run that have not ended; `most` ran at one time."""

    most: int = 0
    _ends: list[tuple[float, UUID, AcceptedAttempt]] = field(
        factory=list[tuple[float, UUID, AcceptedAttempt]]
    )
    _cancelled: int = 0

    def accepted(self, attempt: AcceptedAttempt) -> None:
        """Count an attempt that was accepted just now."""
        self._drop_ended(attempt.clock)
        heappush(self._ends, (attempt.ends_at, attempt.attempt_id, attempt))
        self.most = max(self.most, len(self._ends) - self._cancelled)

    def cancelled(self, attempt: AcceptedAttempt) -> None:
        """Count one less: an attempt that was running is cancelled."""
        self._cancelled += self._is_of_this_run(attempt.clock)

    def _drop_ended(self, clock: trio.abc.Clock) -> None:
        if not self._is_of_this_run(clock):
            self._ends, self._cancelled = [], 0
        while self._ends and self._ends[0][0] <= clock.current_time():
            *_, ended = heappop(self._ends)
            self._cancelled -= ended.cancelled

    def _is_of_this_run(self, clock: trio.abc.Clock) -> bool:
        return bool(self._ends) and self._ends[0][-1].clock is clock
