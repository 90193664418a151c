"""A thread in which Trio runs, and calls into it: what the doors to other hosts stand on."""

from __future__ import annotations

import os
import threading
from collections.abc import Awaitable, Callable, Generator
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, contextmanager, suppress
from contextvars import copy_context
from functools import partial
from typing import Generic, TypeVar

import trio

from vgen.drive.runner.calls import CLOSED

T = TypeVar("T")
C = TypeVar("C")

FORKED = "the runner was opened in another process, from which this one was forked: open one here"
WITHIN = "an observer cannot call its runner: it is called in the runner's own thread"


class CallCancelled(Exception):  # noqa: N818 (how a call has ended: no door lets it out)
    """The call has ended because it was asked to."""


class Call(Generic[T]):
    """A call into Trio's thread, once it was told to `begin`; `end` has its result or its error."""

    def __init__(self, thread: TrioThread, work: Callable[[], Awaitable[T]]) -> None:
        self.end: Future[T] = Future()
        self._thread = thread
        self._work = work
        self._scope = trio.CancelScope()
        self._told = self._begun = False

    def begin(self) -> None:
        """Have it begin, unless it was told to before; where it cannot, that is its end."""
        if self._told:
            return
        self._told = True
        try:
            self._thread.begin(self._begin)
        except (RuntimeError, OSError) as error:
            self.end.set_exception(error)

    def _begin(self, nursery: trio.Nursery) -> None:
        if self.end.done():
            return
        self._begun = True
        try:
            nursery.start_soon(self._run)
        except RuntimeError:  # it takes no more: the thread is at its end
            self.end.set_exception(RuntimeError(CLOSED))

    async def _run(self) -> None:
        try:
            with self._scope:
                self.end.set_result(await self._work())
        except BaseException as error:  # noqa: BLE001 (its caller's, who is in another thread)
            self.end.set_exception(error)
        if not self.end.done():
            self.end.set_exception(CallCancelled())

    def cancel(self) -> None:
        """Ask the call to end; it may take its time to end well, unless it has not begun."""
        self._thread.soon(self._cancel)

    def _cancel(self) -> None:
        if self._begun:
            self._scope.cancel()
        elif not self.end.done():
            self.end.set_exception(CallCancelled())


class Held(Generic[C]):
    """A context of Trio's that is open in its thread until it is told to leave.

    `opened` has what it gives; `call` ends with it. It is left with the thread's end at the latest.
    """

    def __init__(self, thread: TrioThread, context: AbstractAsyncContextManager[C]) -> None:
        self.opened: Future[C] = Future()
        self._thread = thread
        self._context = context
        self._stay = trio.CancelScope()
        self.call = Call(thread, self._hold)
        self.call.end.add_done_callback(self._not_opened)

    async def _hold(self) -> None:
        async with self._context as given:
            self.opened.set_result(given)
            with self._stay:
                await self._thread.wait_stopped()

    def _not_opened(self, end: Future[None]) -> None:
        if not self.opened.done():
            self.opened.set_exception(end.exception() or RuntimeError(CLOSED))

    def leave(self) -> None:
        """Let the context's block end."""
        self._thread.soon(self._stay.cancel)


class TrioThread:
    """A thread that runs Trio from `start` to `stop`, for one runner and in one process.

    It is a daemon: a host that is told twice to stop has `abandoned` it, and need not wait for
    what is being cleaned up.
    """

    def __init__(self) -> None:
        self.abandoned = False
        self._process = os.getpid()
        self._way_in: Future[tuple[trio.lowlevel.TrioToken, trio.Nursery]] = Future()
        self._stop = trio.Event()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="vgen", daemon=True)

    def __repr__(self) -> str:
        """Say whether it runs."""
        return f"<TrioThread: {'running' if self._thread.is_alive() else 'not running'}>"

    @contextmanager
    def stopping(self) -> Generator[None]:
        """Wait in the block for what is being cleaned up; a second request to end abandons that."""
        try:
            yield
        except (KeyboardInterrupt, SystemExit):
            self.abandoned = True
            raise

    def start(self) -> None:
        """Run."""
        self._thread.start()

    def _run(self) -> None:
        try:
            trio.run(self._serve)
        except BaseException as error:
            if self._way_in.done():
                raise
            self._way_in.set_exception(error)

    async def _serve(self) -> None:
        async with trio.open_nursery() as nursery:
            self._way_in.set_result((trio.lowlevel.current_trio_token(), nursery))
            await self._stop.wait()

    async def wait_stopped(self) -> None:
        """Wait, in the thread itself, until it is to end."""
        await self._stop.wait()

    @property
    def is_foreign(self) -> bool:
        """Whether this process was forked from the thread's: the thread is not in it."""
        return os.getpid() != self._process

    def soon(self, act: Callable[[], object]) -> None:
        """Have something done in the thread unless it has ended; waits for nothing."""
        if not self.is_foreign:
            with suppress(trio.RunFinishedError):
                token, _ = self._way_in.result()
                token.run_sync_soon(act)

    def begin(self, act: Callable[[trio.Nursery], None]) -> None:
        """Have tasks started in the thread, in the caller's context; waits for nothing.

        Raises:
            RuntimeError: it is closed, another process's, or asked for from within.
            OSError: Trio cannot run, as where no more files can be opened.
        """
        if self.is_foreign:
            raise RuntimeError(FORKED)
        if threading.current_thread() is self._thread:
            raise RuntimeError(WITHIN)
        token, nursery = self._way_in.result()
        if self._stopped:
            raise RuntimeError(CLOSED)
        try:
            token.run_sync_soon(copy_context().run, partial(act, nursery))
        except trio.RunFinishedError:
            raise RuntimeError(CLOSED) from None

    def stop(self) -> None:
        """End, and wait for the end unless it was abandoned; what is foreign is left alone."""
        if self.is_foreign or self._way_in.exception() is not None:
            return
        self._stopped = True
        self.soon(self._stop.set)
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
