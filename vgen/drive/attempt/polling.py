"""Polling a backend for its tickets: many in one call, each when an answer is likely."""

from __future__ import annotations

import logging
from collections.abc import Collection
from contextvars import Context, copy_context
from math import ceil, inf
from typing import Protocol

import trio
from attrs import define, field

from vgen.decisions.expectation import SHORTEST
from vgen.drive.limits.window import Window
from vgen.drive.observe.tracing import call_span
from vgen.errors import RateLimitedError, RetryableError
from vgen.ports.backend import VideoBackend
from vgen.records.status import Status, Ticket

logger = logging.getLogger("vgen")


QUESTIONS = 0.75
"""The share of the calls to an account that questions may take: the rest is for what is finished or
to be cancelled."""


class Watch(Protocol):
    """What hears of one ticket, and says when to ask after it."""

    def answered(self, status: Status | None) -> None:
        """Note an answer; `None`: it says nothing of the ticket."""
        ...

    def failed(self, error: RetryableError) -> None:
        """Note that there was no answer."""
        ...

    def pause(self, *, notified: bool) -> float:
        """Return how many seconds to wait before the next question.

        `notified`: its provider will tell when it has ended.
        """
        ...

    def estimate(self) -> None:
        """Report what is expected by now, unless the provider tells it."""
        ...


@define(eq=False)
class _Waiter:
    """A ticket's question is due `due_at` a time on Trio's clock.

    `told_at` is when its provider has told of it, and `due_to_be_told` whether it will have to.
    `estimate_at` is when its progress is to be estimated next.
    """

    watch: Watch
    end: trio.MemorySendChannel[Status | Exception]
    due_at: float
    due_to_be_told: bool
    told_at: float = -inf
    estimate_at: float = -inf
    context: Context = field(factory=copy_context)


class Poller:
    """Asks a backend after the tickets that are waited for.

    Each is asked after when its `Watch` says; those that are due at about the same time, within a
    tenth of `interval` seconds, in one call. There is one call at a time, and no more `calls` than
    the account may be sent.

    Where the provider sends webhooks, a ticket is asked after at once when it is told of, and
    otherwise seldom. An end that was not told of has all be asked after as usual, until one is.
    """

    def __init__(self, backend: VideoBackend, calls: Window, *, interval: float) -> None:
        self._backend = backend
        self._calls = calls
        self._questions = Window(calls.most and max(1, int(QUESTIONS * calls.most)))
        self._interval = interval
        self._notified = backend.capabilities.notifies
        self._waiters: dict[Ticket, _Waiter] = {}
        self._changed = trio.Event()

    def __repr__(self) -> str:
        """Name the backend and the number of tickets waited for."""
        return f"<Poller of {self._backend.name!r}: {len(self._waiters)} waiting>"

    async def wait(self, ticket: Ticket, watch: Watch, *, new: bool) -> Status:
        """Wait for a ticket's verdict; one that is not `new` is asked after at once.

        A new one soon: when it begins to run its time limit begins.

        Every answer and every failure is passed to the `watch`, in the caller's context.
        """
        send, receive = trio.open_memory_channel[Status | Exception](1)
        first = 0.0
        if new:
            first = watch.pause(notified=True) if self._notified else SHORTEST * self._interval
        due_at = trio.current_time() + first
        self._waiters[ticket] = _Waiter(watch, send, due_at, due_to_be_told=new)
        self._changed.set()
        try:
            end = await receive.receive()
        finally:
            self._waiters.pop(ticket, None)
        if isinstance(end, Exception):
            raise end
        return end

    async def run(self) -> None:
        """Ask until cancelled; a question that fails is repeated after a pause."""
        while True:
            await self._until_due()
            self._changed = trio.Event()
            now = trio.current_time()
            self._estimate(now)
            soon = now + SHORTEST * self._interval
            due = [ticket for ticket, one in self._waiters.items() if one.due_at <= soon]
            if due and min(self._waiters[ticket].due_at for ticket in due) <= now:
                await self._ask(self._in_turn(due))

    def _estimate(self, now: float) -> None:
        for waiter in list(self._waiters.values()):
            if waiter.estimate_at <= now:
                waiter.context.run(waiter.watch.estimate)
                waiter.estimate_at = now + self._interval

    async def untold(self) -> set[str]:
        """Wait until tickets are waited for, and return the ids of those not told of."""
        while not self._waiters:
            await self._changed.wait()
        return {each.provider_id for each, one in self._waiters.items() if one.told_at == -inf}

    def tell(self, provider_ids: Collection[str]) -> None:
        """Ask at once after what a provider has told of, if it is waited for."""
        for ticket, waiter in self._waiters.items():
            if ticket.provider_id in provider_ids:
                waiter.due_at = waiter.told_at = trio.current_time()
                self._notified = self._backend.capabilities.notifies
        self._changed.set()

    async def _until_due(self) -> None:
        """Wait until a question is due, a ticket is new, or it is time to tell the progress."""
        until = min((one.due_at for one in self._waiters.values()), default=None)
        if until is None:
            await self._changed.wait()
            return
        with trio.move_on_at(min(until, trio.current_time() + self._interval)):
            await self._changed.wait()

    def _in_turn(self, due: list[Ticket]) -> list[Ticket]:
        """Return those that may be asked after now; the others as soon as the account may be."""
        each = self._backend.capabilities.rates.tickets_per_call
        room = min(self._calls.room, self._questions.room) * each
        if len(due) <= room:
            return due
        due.sort(key=lambda ticket: self._waiters[ticket].due_at)
        opens_at = max(self._calls.opens_at, self._questions.opens_at)
        for ticket in due[int(room) :]:
            self._waiters[ticket].due_at = max(opens_at, self._waiters[ticket].due_at)
        return due[: int(room)]

    async def _ask(self, asked: list[Ticket]) -> None:
        if not asked:
            return
        calls = ceil(len(asked) / self._backend.capabilities.rates.tickets_per_call)
        self._calls.send(calls)
        self._questions.send(calls)
        pause, asked_at = 0.0, trio.current_time()
        try:
            contexts = [self._waiters[ticket].context for ticket in asked]
            with call_span(self._backend.name, "status", contexts=contexts):
                answers = await self._backend.status(asked)
        except RateLimitedError as error:
            pause = error.retry_after or 0
            logger.info("%s asks for a pause of %g s", self._backend.name, pause)
            self._failed(asked, error)
        except RetryableError as error:
            logger.info("%s did not answer: %s", self._backend.name, error)
            self._failed(asked, error)
        except Exception as error:  # noqa: BLE001 (a plug-in's error belongs to its waiters)
            for ticket in asked:
                self._end(ticket, error)
        else:
            for ticket in asked:
                self._answered(ticket, answers.get(ticket))
        self._schedule(asked, pause, asked_at)

    def _answered(self, ticket: Ticket, status: Status | None) -> None:
        waiter = self._waiters.get(ticket)
        if waiter is None:
            return
        waiter.context.run(waiter.watch.answered, status)
        if status is not None and status.is_final:
            self._end(ticket, status)
            if self._notified and waiter.due_to_be_told and waiter.told_at == -inf:
                self._stop_relying_on_notices()
        waiter.due_to_be_told = True

    def _stop_relying_on_notices(self) -> None:
        self._notified, now = False, trio.current_time()
        for waiter in self._waiters.values():
            waiter.due_at = min(waiter.due_at, now + waiter.watch.pause(notified=False))

    def _failed(self, asked: list[Ticket], error: RetryableError) -> None:
        for waiter in filter(None, map(self._waiters.get, asked)):
            waiter.context.run(waiter.watch.failed, error)

    def _schedule(self, asked: list[Ticket], pause: float, asked_at: float) -> None:
        """Set when to ask again: after their own pauses, and nothing within the `pause`."""
        now = trio.current_time()
        for waiter in filter(None, map(self._waiters.get, asked)):
            if waiter.told_at <= asked_at:
                waiter.due_at = now + self._pause(waiter)
        if pause:
            for waiter in self._waiters.values():
                waiter.due_at = max(waiter.due_at, now + pause)

    def _pause(self, waiter: _Waiter) -> float:
        """Return a ticket's own pause; what is told to have ended is asked after again soon."""
        if waiter.told_at > -inf:
            return min(self._interval, waiter.watch.pause(notified=False))
        return waiter.watch.pause(notified=self._notified)

    def _end(self, ticket: Ticket, end: Status | Exception) -> None:
        if waiter := self._waiters.pop(ticket, None):
            waiter.end.send_nowait(end)
