"""The places for work in flight, held from submit to verdict."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager

import trio

from vgen.drive.job import JobRun
from vgen.errors import AccountError, LedgerError
from vgen.ports.backend import VideoBackend


@asynccontextmanager
async def in_flight(job: JobRun, backend: VideoBackend, *, who: object) -> AsyncGenerator[None]:
    """Hold a place of the runner and, where its places are limited, one of the backend.

    An `AccountError` or `LedgerError` in the block stops the job while the place is still held.

    Raises:
        Stopped: the job was stopped before there was room.
    """
    kit = job.kit
    own = kit.slots.get(backend.name)
    async with AsyncExitStack() as stack:
        with job.stoppable():
            for limiter in (own, kit.limiter) if own else (kit.limiter,):
                await limiter.acquire_on_behalf_of(who)
                stack.callback(limiter.release_on_behalf_of, who)
            # A place that comes free cannot be refused: a stop at that moment is heard only here.
            await trio.lowlevel.checkpoint_if_cancelled()
        try:
            yield
        except AccountError as error:
            job.account_failed(error)  # before the place is free for another
            raise
        except LedgerError as error:
            job.stop(f"not started: {error}")  # likewise
            raise
