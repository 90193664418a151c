"""A job that was started: its events as they come, and its result."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Self
from uuid import UUID

import trio

from vgen.drive.bare import bare_errors
from vgen.drive.mailbox import Mailbox
from vgen.ports.events import Event, Observer
from vgen.records.clip import Clips


class EventStream:
    """A job's events from its opening on, in order; it ends when the job has ended.

    Each event is given once. Who reads slowly, or not at all, holds nothing up: of `ClipProgress`
    and `JobProgress` the oldest are dropped, all else waits.
    """

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox
        self._lot = trio.lowlevel.ParkingLot()
        mailbox.wake = self._wake

    def _wake(self) -> None:
        self._lot.unpark_all()

    def __aiter__(self) -> Self:
        """Give the stream itself."""
        return self

    async def __anext__(self) -> Event:
        """Wait for the next event."""
        await trio.lowlevel.checkpoint()
        while not self._mailbox.ended:
            event = self._mailbox.take()
            if event is not None:
                return event
            await self._lot.park()
        raise StopAsyncIteration


class StartedJob:
    """A job at work, given by `Runner.start`."""

    def __init__(self, job_id: UUID) -> None:
        self.job_id = job_id
        self.mailbox = Mailbox()
        self.events = EventStream(self.mailbox)
        self._clips: Clips | None = None
        self._error: Exception | None = None
        self._told = False
        self._left = False
        self._ended = trio.Event()

    def __repr__(self) -> str:
        """Name the job and say whether it is at work."""
        return f"<StartedJob {self.job_id}: {'ended' if self.ended else 'at work'}>"

    async def result(self) -> Clips:
        """Wait for the job's end, and give its clips.

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
        """Give the clips of a job that has ended, or raise its error, from any thread."""
        self._told = True
        if self._error is not None:
            raise self._error
        if self._clips is None:
            raise RuntimeError("the job was cancelled")
        return self._clips

    async def run(self, process: Callable[[Observer], Awaitable[Clips]]) -> None:
        """Do the job's work."""
        try:
            self._clips = await process(self.mailbox.put)
        except Exception as error:
            self._error = error
            if self._left:
                raise
        finally:
            self.mailbox.close()
            self._ended.set()

    def leave(self) -> None:
        """Let an error that the job may still have be raised at once: nobody will ask for it."""
        self._left = True

    def insist(self) -> None:
        """Raise the job's error, if it has one and nobody has asked for its result."""
        if not self._told:
            self.outcome()


@asynccontextmanager
async def started(
    job_id: UUID, process: Callable[[Observer], Awaitable[Clips]]
) -> AsyncGenerator[StartedJob]:
    """Have a job done beside the block, which may follow it; the block's end waits for it."""
    job = StartedJob(job_id)
    with bare_errors():
        async with trio.open_nursery() as nursery:
            nursery.start_soon(job.run, process)
            try:
                yield job
            except BaseException:
                job.leave()
                raise
    job.insist()
