"""A job that was started beside a block: its events as they come, and its result."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Self
from uuid import UUID

import trio

from vgen.drive.exception_groups import single_error
from vgen.drive.runner.event_queue import EventQueue
from vgen.ports.events import Event, Observer
from vgen.records.clip import Clips


class EventStream:
    """A job's events from its opening on, in order; it ends when the job has ended.

    Each event is given once. A slow reader, or none, delays nothing: of `ClipProgress` the
    oldest are dropped, all other events wait.
    """

    def __init__(self, queue: EventQueue) -> None:
        self._queue = queue
        self._changed = trio.Event()
        queue.wake = self._wake

    def _wake(self) -> None:
        self._changed.set()
        self._changed = trio.Event()

    def __aiter__(self) -> Self:
        """Return the stream itself."""
        return self

    async def __anext__(self) -> Event:
        """Wait for the next event."""
        await trio.lowlevel.checkpoint()
        while not self._queue.ended:
            event = self._queue.take()
            if event is not None:
                return event
            await self._changed.wait()
        raise StopAsyncIteration


class StartedJob:
    """A job at work, given by `Runner.start`."""

    def __init__(self, job_id: UUID) -> None:
        self.job_id = job_id
        self.queue = EventQueue()
        self.events = EventStream(self.queue)
        self._clips: Clips | None = None
        self._error: Exception | None = None
        self._asked = False
        self._left = False
        self._ended = trio.Event()

    def __repr__(self) -> str:
        """Name the job and say whether it is at work."""
        return f"<StartedJob {self.job_id}: {'ended' if self.ended else 'at work'}>"

    async def result(self) -> Clips:
        """Wait for the job's end, and return its clips.

        Raises:
            VgenError: why it failed, as `Runner.process` does.
        """
        await self._ended.wait()
        return self.outcome()

    @property
    def ended(self) -> bool:
        """Whether the job has ended."""
        return self._ended.is_set()

    def outcome(self) -> Clips:
        """Return the clips of a job that has ended, or raise its error; from any thread."""
        self._asked = True
        if self._error is not None:
            raise self._error
        if self._clips is None:
            raise RuntimeError("the job was cancelled")
        return self._clips

    async def run(self, process: Callable[[Observer], Awaitable[Clips]]) -> None:
        """Do the job's work."""
        try:
            self._clips = await process(self.queue.put)
        except Exception as error:
            self._error = error
            if self._left:
                raise
        finally:
            self.queue.close()
            self._ended.set()

    def leave(self) -> None:
        """Raise a later error of the job at once: nobody will ask for its result."""
        self._left = True

    def raise_unless_asked(self) -> None:
        """Raise the job's error, if it has one and nobody has asked for its result."""
        if not self._asked:
            self.outcome()


@asynccontextmanager
async def started(
    job_id: UUID, process: Callable[[Observer], Awaitable[Clips]]
) -> AsyncGenerator[StartedJob]:
    """Run a job beside the block, which may follow it; on exit, wait for the job."""
    job = StartedJob(job_id)
    with single_error():
        async with trio.open_nursery() as nursery:
            nursery.start_soon(job.run, process)
            try:
                yield job
            except BaseException:
                job.leave()
                raise
    job.raise_unless_asked()
