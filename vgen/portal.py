"""A thread that runs Trio, and calls into it: the base of `vgen.aio` and `vgen.blocking`."""

from __future__ import annotations

import os
import threading
from collections.abc import Awaitable, Callable, Generator
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, contextmanager, suppress
from contextvars import copy_context
from functools import partial
from typing import Any, Generic, Protocol, TypeVar

import trio

from vgen.drive.runner.calls import CLOSED

T = TypeVar("T")
C = TypeVar("C")

FORKED = "the runner was opened in another process, from which this one was forked: open one here"
CALLED_FROM_OBSERVER = "an observer cannot call its runner: it is called in the runner's own thread"


class CallCancelled(Exception):  # noqa: N818 (an outcome, caught by both doors)
    """The call has ended because it was cancelled."""


class Call(Generic[T]):
    """A call into Trio's thread, from `begin` on; `outcome` gets its result or its error."""

    def __init__(self, thread: TrioThread, work: Callable[[], Awaitable[T]]) -> None:
        self.outcome: Future[T] = Future()
        self._thread = thread
        self._work = work
        self._scope = trio.CancelScope()
        self._begin_requested = self._started = False

    def begin(self) -> None:
        """Begin, once; an error that prevents that becomes the outcome."""
        if self._begin_requested:
            return
        self._begin_requested = True
        try:
            self._thread.begin(self._begin)
        except (RuntimeError, OSError) as error:
            self.outcome.set_exception(error)

    def _begin(self, nursery: trio.Nursery) -> None:
        if self.outcome.done():
            return
        self._started = True
        try:
            nursery.start_soon(self._run)
        except RuntimeError:  # the nursery is closed: the thread is ending
            self.outcome.set_exception(RuntimeError(CLOSED))

    async def _run(self) -> None:
        try:
            with self._scope:
                self.outcome.set_result(await self._work())
        except BaseException as error:  # noqa: BLE001 (its caller's, who is in another thread)
            self.outcome.set_exception(error)
        if not self.outcome.done():
            self.outcome.set_exception(CallCancelled())

    def cancel(self) -> None:
        """Cancel the call; it ends after its cleanup, or at once if it has not started."""
        self._thread.run_soon(self._cancel)

    def _cancel(self) -> None:
        if self._started:
            self._scope.cancel()
        elif not self.outcome.done():
            self.outcome.set_exception(CallCancelled())


class OpenContext(Generic[C]):
    """An async context manager that is open in Trio's thread until `leave`.

    `value` gets what it yields; `call` ends with it. It is left when the thread stops, at the
    latest.
    """

    def __init__(self, thread: TrioThread, context: AbstractAsyncContextManager[C]) -> None:
        self.value: Future[C] = Future()
        self._thread = thread
        self._context = context
        self._stay = trio.CancelScope()
        self.call = Call(thread, self._hold)
        self.call.outcome.add_done_callback(self._not_opened)

    async def _hold(self) -> None:
        async with self._context as given:
            self.value.set_result(given)
            with self._stay:
                await self._thread.wait_stopped()

    def _not_opened(self, end: Future[None]) -> None:
        if not self.value.done():
            self.value.set_exception(end.exception() or RuntimeError(CLOSED))

    def leave(self) -> None:
        """Leave the context."""
        self._thread.run_soon(self._stay.cancel)


class Host:
    """What the program behind a door is doing: a virtual clock goes on only while it `waits`."""

    def __init__(self) -> None:
        self._awaited = set[Future[Any]]()
        self._busy = set[Callable[[], bool]]()

    def awaits(self, outcome: Future[Any]) -> None:
        """Note that the program waits for an outcome; called in any thread."""
        self._awaited.add(outcome)
        outcome.add_done_callback(self._awaited.discard)

    def has_work(self, busy: Callable[[], bool]) -> None:
        """Note that it may do something else too, as long as `busy` says so."""
        self._busy.add(busy)

    @property
    def waits(self) -> bool:
        """Whether it waits for an outcome and does nothing else; asked for in Trio's thread."""
        for busy in [busy for busy in list(self._busy) if not busy()]:
            self._busy.discard(busy)
        return bool(self._awaited) and not self._busy


class VirtualTime(Protocol):
    """Runs Trio on a virtual clock."""

    def __call__(self, main: Callable[[], Awaitable[None]], host: Host) -> None:
        """Run Trio in the calling thread until `main` ends."""
        ...


virtual_time: VirtualTime | None = None
"""What threads that start now run on: set by `vgen.testing.virtual_clock`, and only there."""


class TrioThread:
    """A thread that runs Trio from `start` to `stop`, for one runner and in one process.

    It is a daemon: after a second request to stop it is `abandoned`, and its cleanup is not waited
    for.
    """

    def __init__(self) -> None:
        self.abandoned = False
        self.host = Host()
        self._virtual_time = virtual_time
        self._process = os.getpid()
        self._entry: Future[tuple[trio.lowlevel.TrioToken, trio.Nursery]] = Future()
        self._stop = trio.Event()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="vgen", daemon=True)

    def __repr__(self) -> str:
        """Name its state."""
        return f"<TrioThread: {'running' if self._thread.is_alive() else 'not running'}>"

    @property
    def is_virtual(self) -> bool:
        """Whether it runs on a virtual clock."""
        return self._virtual_time is not None

    @contextmanager
    def stopping(self) -> Generator[None]:
        """Wait for cleanup in the block; `KeyboardInterrupt` or `SystemExit` there abandons it."""
        try:
            yield
        except (KeyboardInterrupt, SystemExit):
            self.abandoned = True
            raise

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def _run(self) -> None:
        try:
            if self._virtual_time is None:
                trio.run(self._serve)
            else:
                self._virtual_time(self._serve, self.host)
        except BaseException as error:
            if self._entry.done():
                raise
            self._entry.set_exception(error)

    async def _serve(self) -> None:
        async with trio.open_nursery() as nursery:
            self._entry.set_result((trio.lowlevel.current_trio_token(), nursery))
            await self._stop.wait()

    async def wait_stopped(self) -> None:
        """Wait until the thread is asked to stop; called in the thread itself."""
        await self._stop.wait()

    @property
    def is_foreign(self) -> bool:
        """Whether this process was forked from the one that has the thread."""
        return os.getpid() != self._process

    def run_soon(self, function: Callable[[], object]) -> None:
        """Schedule a function in the thread, unless it has ended; does not wait."""
        if not self.is_foreign:
            with suppress(trio.RunFinishedError):
                token, _ = self._entry.result()
                token.run_sync_soon(function)

    def begin(self, function: Callable[[trio.Nursery], None]) -> None:
        """Schedule a function that starts tasks, in the caller's context; does not wait.

        Raises:
            RuntimeError: the thread is stopped, another process's, or the calling one.
            OSError: Trio cannot run, as where no more files can be opened.
        """
        if self.is_foreign:
            raise RuntimeError(FORKED)
        if threading.current_thread() is self._thread:
            raise RuntimeError(CALLED_FROM_OBSERVER)
        token, nursery = self._entry.result()
        if self._stopped:
            raise RuntimeError(CLOSED)
        try:
            token.run_sync_soon(copy_context().run, partial(function, nursery))
        except trio.RunFinishedError:
            raise RuntimeError(CLOSED) from None

    def stop(self) -> None:
        """Stop the thread, and wait for its end unless it was abandoned or is another process's."""
        if self.is_foreign or self._entry.exception() is not None:
            return
        self._stopped = True
        self.run_soon(self._stop.set)
        if not self.abandoned:
            self._thread.join()


@contextmanager
def running() -> Generator[TrioThread]:
    """Run Trio in a thread until the block ends."""
    thread = TrioThread()
    thread.start()
    try:
        yield thread
    finally:
        thread.stop()
