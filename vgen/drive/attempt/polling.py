"""Polling a backend for all its tickets in one call at a time."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextvars import Context, copy_context

import trio
from attrs import field, frozen

from vgen.drive.observe.tracing import call_span
from vgen.errors import RateLimitedError, RetryableError
from vgen.ports.backend import VideoBackend
from vgen.records.status import Status, Ticket

logger = logging.getLogger("vgen")


@frozen(eq=False)
class _Waiter:
    answered: Callable[[Status | None], None]
    failed: Callable[[RetryableError], None]
    end: trio.MemorySendChannel[Status | Exception]
    context: Context = field(factory=copy_context)


class Poller:
    """Polls a backend for all tickets that are waited for, every `interval` seconds."""

    def __init__(self, backend: VideoBackend, *, interval: float) -> None:
        self._backend = backend
        self._interval = interval
        self._waiters: dict[Ticket, _Waiter] = {}
        self._wanted = trio.Event()

    def __repr__(self) -> str:
        """Name the backend and the number of tickets waited for."""
        return f"<Poller of {self._backend.name!r}: {len(self._waiters)} waiting>"

    async def wait(
        self,
        ticket: Ticket,
        answered: Callable[[Status | None], None],
        failed: Callable[[RetryableError], None],
    ) -> Status:
        """Wait for a ticket's verdict.

        Every answer is passed to `answered`, `None` where it leaves the ticket out, and why there
        was none to `failed`, both in the caller's context.
        """
        send, receive = trio.open_memory_channel[Status | Exception](1)
        self._waiters[ticket] = _Waiter(answered, failed, send)
        self._wanted.set()
        try:
            end = await receive.receive()
        finally:
            self._waiters.pop(ticket, None)
        if isinstance(end, Exception):
            raise end
        return end

    async def run(self) -> None:
        """Poll until cancelled; a poll that fails is repeated after the next pause."""
        while True:
            if not self._waiters:
                self._wanted = trio.Event()
                await self._wanted.wait()
            pause = self._interval
            try:
                await self._ask()
            except RateLimitedError as error:
                pause = max(pause, error.retry_after or 0)
                logger.info("%s asks for a pause of %g s", self._backend.name, pause)
                self._report_failed(error)
            except RetryableError as error:
                logger.info("%s did not answer: %s", self._backend.name, error)
                self._report_failed(error)
            except Exception as error:  # noqa: BLE001 (a plug-in's error belongs to its waiters)
                self._fail(error)
            await trio.sleep(pause)

    async def _ask(self) -> None:
        contexts = [waiter.context for waiter in self._waiters.values()]
        with call_span(self._backend.name, "status", contexts=contexts):
            asked = tuple(self._waiters)
            answers = await self._backend.status(asked)
        for ticket in asked:
            waiter, status = self._waiters.get(ticket), answers.get(ticket)
            if waiter is None:
                continue
            waiter.context.run(waiter.answered, status)
            if status is not None and status.is_final:
                self._end(ticket, status)

    def _report_failed(self, error: RetryableError) -> None:
        for waiter in list(self._waiters.values()):
            waiter.context.run(waiter.failed, error)

    def _fail(self, error: Exception) -> None:
        for ticket in list(self._waiters):
            self._end(ticket, error)

    def _end(self, ticket: Ticket, end: Status | Exception) -> None:
        self._waiters.pop(ticket).end.send_nowait(end)
