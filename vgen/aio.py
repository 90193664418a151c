"""vgen for asyncio: the names, arguments, errors and events of vgen, awaited in asyncio.

Trio runs in a thread of its own, one for each runner. A call that is cancelled comes back when its
job has ended at the provider, within `Settings.grace`; only a second Ctrl-C does not wait for that.
Observers are called in the event loop that gave them. Any event loop of the process may use a
runner; one that was forked may not.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from functools import partial, wraps
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

import anyio

from vgen.drive.exception_groups import note_beside
from vgen.drive.observe.observers import guarded
from vgen.drive.runner import open as opening
from vgen.drive.runner import runner, started_job
from vgen.drive.runner.event_queue import EventQueue
from vgen.portal import Call, CallCancelled, OpenContext, TrioThread, running
from vgen.ports.events import Event
from vgen.records.clip import Clips

__all__ = ["EventStream", "Runner", "StartedJob", "open_runner", "process"]

P = ParamSpec("P")
T = TypeVar("T")

ROUNDS = 50
"""After how many rounds without news an event loop is taken to wait, where time is virtual."""


async def _wait_for(
    thread: TrioThread, call: Call[Any], outcome: Future[T], *, again: bool = False
) -> T:
    """Wait for an outcome; when cancelled, cancel the call and return only when it has ended.

    `again`: the caller was cancelled before.
    """
    future = _awaitable(thread, outcome)
    try:
        call.begin()
        await asyncio.wait([future])
    except asyncio.CancelledError as error:
        cancelled = error
    except BaseException:
        call.cancel()
        raise
    else:
        return future.result()
    call.cancel()
    over = _awaitable(thread, call.outcome)
    with anyio.CancelScope(shield=True):  # else a cancelled anyio scope cancels each wait again
        await _wait_out(thread, over, again=again)
    with suppress(CallCancelled):
        if over.done() and over.exception() is not None:
            over.result()
    raise cancelled


def _awaitable(thread: TrioThread, outcome: Future[T]) -> asyncio.Future[T]:
    future = asyncio.wrap_future(outcome)
    future.add_done_callback(lambda ended: ended.exception())  # so that asyncio does not warn
    _note_wait(thread, outcome)
    return future


def _note_wait(thread: TrioThread, outcome: Future[Any]) -> None:
    """Tell a virtual clock that this loop waits, but for what it does now and on the outcome."""
    loop = asyncio.get_running_loop()
    _note_work(thread, loop)
    outcome.add_done_callback(lambda _: _note_work(thread, loop))
    thread.host.awaits(outcome)


def _note_work(thread: TrioThread, loop: asyncio.AbstractEventLoop) -> None:
    if thread.is_virtual:
        thread.host.has_work(_Rounds(loop))


class _Rounds:
    """Whether an event loop may still have something to do: until it has gone round some times.

    A loop does not tell when all its tasks wait. What they do at once, such as to cancel a job on
    one of its events, is done by then; not what they do after waiting for something outside.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._left = ROUNDS
        with suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(self._go_round)

    def _go_round(self) -> None:
        self._left -= 1
        if self._left:
            self._loop.call_soon(self._go_round)

    def __call__(self) -> bool:
        """Return whether it may."""
        return self._left > 0 and self._loop.is_running()


async def _wait_out(thread: TrioThread, over: asyncio.Future[Any], *, again: bool) -> None:
    """Wait for the cleanup in spite of cancellation; a second Ctrl-C abandons it."""
    loop = asyncio.get_running_loop()
    abandoned = loop.create_future()

    def check_for_second_interrupt() -> None:
        if _interrupted(sys.exception()) and not abandoned.done():
            thread.abandoned = True
            abandoned.set_result(None)

    if again:
        loop.call_soon(check_for_second_interrupt)
    while not (over.done() or thread.abandoned):
        try:
            await asyncio.wait([over, abandoned], return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            loop.call_soon(check_for_second_interrupt)


def _interrupted(error: BaseException | None) -> bool:
    """Whether an error that is leaving the loop comes from a second Ctrl-C.

    The first one is raised by `asyncio.run` after the main task was cancelled.
    """
    first = error is not None and isinstance(error.__context__, asyncio.CancelledError)
    return isinstance(error, KeyboardInterrupt) and not first


@asynccontextmanager
async def _open_context(
    thread: TrioThread, context: AbstractAsyncContextManager[T]
) -> AsyncGenerator[T]:
    opened = OpenContext(thread, context)
    try:
        yield await _wait_for(thread, opened.call, opened.value)
    except BaseException as left:
        if thread.is_foreign:
            raise
        opened.call.cancel()
        thread.abandoned = thread.abandoned or isinstance(left, KeyboardInterrupt)
        try:
            if not thread.abandoned:
                again = isinstance(left, asyncio.CancelledError)
                await _wait_for(thread, opened.call, opened.call.outcome, again=again)
        except CallCancelled:
            pass
        except Exception as error:
            if isinstance(left, asyncio.CancelledError):
                raise
            if error is not left:
                note_beside(left, error)
        raise
    if not thread.is_foreign:
        opened.leave()
        await _wait_for(thread, opened.call, opened.call.outcome)


def _observe_in_this_loop(thread: TrioThread, arguments: dict[str, Any]) -> None:
    """Call an observer among the arguments in the running event loop."""
    if arguments.get("observer") is not None:
        emit = guarded(arguments["observer"])
        loop = asyncio.get_running_loop()

        def emit_soon(event: Event) -> None:
            _note_work(thread, loop)
            loop.call_soon_threadsafe(emit, event)

        arguments["observer"] = emit_soon


def _awaited(
    method: Callable[Concatenate[runner.Runner, P], Awaitable[T]],
) -> Callable[Concatenate[Runner, P], Coroutine[Any, Any, T]]:
    """Decorator: make a method of Trio's runner awaitable in asyncio."""

    @wraps(method)
    async def call(self: Runner, /, *args: P.args, **kwargs: P.kwargs) -> T:
        _observe_in_this_loop(self.thread, kwargs)
        return await self.call(partial(method, self.inner, *args, **kwargs))

    return call


def _started(
    start: Callable[
        Concatenate[runner.Runner, P], AbstractAsyncContextManager[started_job.StartedJob]
    ],
) -> Callable[Concatenate[Runner, P], AbstractAsyncContextManager[StartedJob]]:
    @wraps(start)
    @asynccontextmanager
    async def call(
        self: Runner, /, *args: P.args, **kwargs: P.kwargs
    ) -> AsyncGenerator[StartedJob]:
        _observe_in_this_loop(self.thread, kwargs)
        async with _open_context(self.thread, start(self.inner, *args, **kwargs)) as job:
            yield StartedJob(self.thread, job)

    return call


class EventStream:
    """A job's events: see `vgen.EventStream`."""

    def __init__(self, thread: TrioThread, queue: EventQueue) -> None:
        self._thread = thread
        self._queue = queue
        self._changed: Future[None] = Future()
        queue.wake = self._wake

    def _wake(self) -> None:
        changed, self._changed = self._changed, Future()
        changed.set_result(None)

    def __aiter__(self) -> Self:
        """Return the stream itself."""
        return self

    async def __anext__(self) -> Event:
        """Wait for the next event."""
        while not self._queue.ended:
            changed = self._changed
            event = self._queue.take()
            if event is not None:
                return event
            await self._wait_for(changed)
        raise StopAsyncIteration

    async def _wait_for(self, changed: Future[None]) -> None:
        loop, woken = asyncio.get_running_loop(), asyncio.Event()

        def wake(_: Future[None]) -> None:
            with suppress(RuntimeError):  # the loop is closed: nobody reads any more
                loop.call_soon_threadsafe(woken.set)

        changed.add_done_callback(wake)
        _note_wait(self._thread, changed)
        await woken.wait()


class StartedJob:
    """A job at work, given by `Runner.start`."""

    def __init__(self, thread: TrioThread, job: started_job.StartedJob) -> None:
        self.job_id = job.job_id
        self.events = EventStream(thread, job.queue)
        self._thread = thread
        self._job = job

    def __repr__(self) -> str:
        """Name the job and say whether it is at work."""
        return repr(self._job)

    async def result(self) -> Clips:
        """Wait for the job's end, and return its clips: see `vgen.StartedJob.result`."""
        if self._job.ended:
            return self._job.outcome()
        call = Call(self._thread, self._job.result)
        return await _wait_for(self._thread, call, call.outcome)


class Runner:
    """Makes clips; opened by `open_runner`. Its methods are those of `vgen.Runner`."""

    def __init__(self, thread: TrioThread, inner: runner.Runner) -> None:
        self.thread = thread
        self.inner = inner

    def __repr__(self) -> str:
        """Name the attempts in flight and waiting."""
        return repr(self.inner)

    def statistics(self) -> runner.Statistics:
        """Return how much is in flight, and how much waits for a slot."""
        return self.inner.statistics()

    process = _awaited(runner.Runner.process)
    start = _started(runner.Runner.start)
    open_job = _awaited(runner.Runner.open_job)
    run_clip = _awaited(runner.Runner.run_clip)
    conclude = _awaited(runner.Runner.conclude)
    job = _awaited(runner.Runner.job)
    unsettled = _awaited(runner.Runner.unsettled)
    reconcile = _awaited(runner.Runner.reconcile)
    resolve = _awaited(runner.Runner.resolve)
    cancel = _awaited(runner.Runner.cancel)
    takes = _awaited(runner.Runner.takes)
    plan = _awaited(runner.Runner.plan)
    jobs = _awaited(runner.Runner.jobs)
    spending = _awaited(runner.Runner.spending)
    choose = _awaited(runner.Runner.choose)
    receive_webhook = _awaited(runner.Runner.receive_webhook)

    async def call(self, work: Callable[[], Awaitable[T]]) -> T:
        """Call an async function in the runner's thread, which runs Trio, and wait for its end."""
        call = Call(self.thread, work)
        return await _wait_for(self.thread, call, call.outcome)


def _opened(
    opener: Callable[P, AbstractAsyncContextManager[runner.Runner]],
) -> Callable[P, AbstractAsyncContextManager[Runner]]:
    @wraps(opener)
    @asynccontextmanager
    async def call(*args: P.args, **kwargs: P.kwargs) -> AsyncGenerator[Runner]:
        with running() as thread:
            _observe_in_this_loop(thread, kwargs)
            async with _open_context(thread, opener(*args, **kwargs)) as inner:
                yield Runner(thread, inner)

    return call


def _on_its_own(
    process: Callable[P, Awaitable[T]],
) -> Callable[P, Coroutine[Any, Any, T]]:
    @wraps(process)
    async def call(*args: P.args, **kwargs: P.kwargs) -> T:
        with running() as thread:
            _observe_in_this_loop(thread, kwargs)
            call = Call(thread, partial(process, *args, **kwargs))
            return await _wait_for(thread, call, call.outcome)

    return call


open_runner = _opened(opening.open_runner)
process = _on_its_own(opening.process)
plan = _on_its_own(opening.plan)
