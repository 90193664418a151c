"""vgen for programs without an event loop: the names, arguments, errors and events of vgen.

Trio runs in a thread of its own, one for each runner. Any thread may call. When a call is
interrupted, by Ctrl-C or by another exception raised in its thread, it re-raises that once its job
has ended at the provider, within `Settings.grace`. A second interrupt leaves the call at once, and
a second Ctrl-C or `SystemExit` leaves the runner's block too. Observers are called in the
runner's thread, and cannot call the runner. A process that was forked opens its own; leaving a
block there that was entered before the fork does nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from concurrent.futures import Future, wait
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    contextmanager,
)
from functools import partial, wraps
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from vgen.drive.exception_groups import note_beside
from vgen.drive.runner import open as opening
from vgen.drive.runner import runner, started_job
from vgen.drive.runner.event_queue import EventQueue
from vgen.portal import Call, CallCancelled, OpenContext, TrioThread, running
from vgen.ports.events import Event
from vgen.records.clip import Clips

__all__ = ["EventStream", "Runner", "StartedJob", "open_runner", "process"]

P = ParamSpec("P")
T = TypeVar("T")


POLL_INTERVAL = 0.5
"""How often a waiting thread wakes up, in seconds: exceptions that are injected into it (a task
queue's time limit) are raised only then, as is Ctrl-C on Windows."""


def _wait_for(thread: TrioThread, call: Call[Any], outcome: Future[T]) -> T:
    """Wait for an outcome; when interrupted, cancel the call and wait until it has ended."""
    try:
        call.begin()  # here, so that an interrupt cancels it
        _wait(thread, outcome)
    except BaseException as left:
        _stop(thread, call, left)
        raise
    return outcome.result()


def _wait(thread: TrioThread, outcome: Future[Any]) -> None:
    thread.host.awaits(outcome)
    while not outcome.done():
        wait([outcome], POLL_INTERVAL)


def _stop(thread: TrioThread, call: Call[Any], left: BaseException) -> None:
    """Cancel a call because of an error, and note the call's own error beside it."""
    if thread.is_foreign:
        return
    with thread.stopping():
        call.cancel()
        if thread.abandoned:
            return
        _wait(thread, call.outcome)
    error = call.outcome.exception()
    if error is not left and error is not None and not isinstance(error, CallCancelled):
        note_beside(left, error)


@contextmanager
def _open_context(thread: TrioThread, context: AbstractAsyncContextManager[T]) -> Generator[T]:
    opened = OpenContext(thread, context)
    try:
        yield _wait_for(thread, opened.call, opened.value)
    except BaseException as left:
        _stop(thread, opened.call, left)
        raise
    if not thread.is_foreign:
        opened.leave()
        _wait_for(thread, opened.call, opened.call.outcome)


def _waited(
    method: Callable[Concatenate[runner.Runner, P], Awaitable[T]],
) -> Callable[Concatenate[Runner, P], T]:
    """Decorator: make a method of Trio's runner a blocking call."""

    @wraps(method)
    def call(self: Runner, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self.call(partial(method, self.inner, *args, **kwargs))

    return call


def _started(
    start: Callable[
        Concatenate[runner.Runner, P], AbstractAsyncContextManager[started_job.StartedJob]
    ],
) -> Callable[Concatenate[Runner, P], AbstractContextManager[StartedJob]]:
    @wraps(start)
    @contextmanager
    def call(self: Runner, /, *args: P.args, **kwargs: P.kwargs) -> Generator[StartedJob]:
        with _open_context(self.thread, start(self.inner, *args, **kwargs)) as job:
            yield StartedJob(self.thread, job)

    return call


class EventStream:
    """A job's events: see `vgen.EventStream`. Threads that share it get each event once."""

    def __init__(self, thread: TrioThread, queue: EventQueue) -> None:
        self._thread = thread
        self._queue = queue
        self._changed: Future[None] = Future()
        queue.wake = self._wake

    def _wake(self) -> None:
        changed, self._changed = self._changed, Future()
        changed.set_result(None)

    def __iter__(self) -> Self:
        """Return the stream itself."""
        return self

    def __next__(self) -> Event:
        """Wait for the next event."""
        while not self._queue.ended:
            changed = self._changed
            event = self._queue.take()
            if event is not None:
                return event
            _wait(self._thread, changed)
        raise StopIteration


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

    def result(self) -> Clips:
        """Wait for the job's end, and return its clips: see `vgen.StartedJob.result`."""
        if self._job.ended:
            return self._job.outcome()
        call = Call(self._thread, self._job.result)
        return _wait_for(self._thread, call, call.outcome)


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

    process = _waited(runner.Runner.process)
    start = _started(runner.Runner.start)
    open_job = _waited(runner.Runner.open_job)
    run_clip = _waited(runner.Runner.run_clip)
    conclude = _waited(runner.Runner.conclude)
    job = _waited(runner.Runner.job)
    unsettled = _waited(runner.Runner.unsettled)
    reconcile = _waited(runner.Runner.reconcile)
    resolve = _waited(runner.Runner.resolve)
    cancel = _waited(runner.Runner.cancel)
    takes = _waited(runner.Runner.takes)
    plan = _waited(runner.Runner.plan)
    jobs = _waited(runner.Runner.jobs)
    spending = _waited(runner.Runner.spending)
    choose = _waited(runner.Runner.choose)
    receive_webhook = _waited(runner.Runner.receive_webhook)

    def call(self, work: Callable[[], Awaitable[T]]) -> T:
        """Call an async function in the runner's thread, which runs Trio, and wait for its end."""
        call = Call(self.thread, work)
        return _wait_for(self.thread, call, call.outcome)


def _opened(
    opener: Callable[P, AbstractAsyncContextManager[runner.Runner]],
) -> Callable[P, AbstractContextManager[Runner]]:
    @wraps(opener)
    @contextmanager
    def call(*args: P.args, **kwargs: P.kwargs) -> Generator[Runner]:
        with running() as thread, _open_context(thread, opener(*args, **kwargs)) as inner:
            yield Runner(thread, inner)

    return call


def _on_its_own(process: Callable[P, Awaitable[T]]) -> Callable[P, T]:
    @wraps(process)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        with running() as thread:
            call = Call(thread, partial(process, *args, **kwargs))
            return _wait_for(thread, call, call.outcome)

    return call


open_runner = _opened(opening.open_runner)
process = _on_its_own(opening.process)
plan = _on_its_own(opening.plan)
