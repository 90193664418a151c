"""The places for work in flight, held from submit to verdict."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager

import trio

from vgen.drive.job import JobRun
from vgen.errors import AccountError, JobStoppedError, LedgerError, RateLimitedError
from vgen.ports.backend import VideoBackend


@asynccontextmanager
async def in_flight(job: JobRun, backend: VideoBackend, *, who: object) -> AsyncGenerator[None]:
    """Hold a place of the runner and, where its places are limited, one of the backend.

    While the backend's account is paused, nobody has a place for it; a `RateLimitedError` in the
    block pauses it. An `AccountError` or `LedgerError` there stops the job before the place is
    given back.

    Raises:
        Stopped: the job was stopped before there was room.
    """
    kit = job.kit
    own, account = kit.slots.get(backend.name), backend.account or backend.name
    async with AsyncExitStack() as stack:
        with job.stoppable():
            while True:
                await kit.pauses.over(account)
                for limiter in (own, kit.limiter) if own else (kit.limiter,):
                    await limiter.acquire_on_behalf_of(who)
                    stack.callback(limiter.release_on_behalf_of, who)
                if not kit.pauses.paused(account):
                    break
                await stack.aclose()  # asked for while this one waited for its place
            # A place that comes free cannot be refused: a stop at that moment is heard only here.
            await trio.lowlevel.checkpoint_if_cancelled()
        try:
            yield
        except RateLimitedError as error:
            kit.pauses.ask(account, error.retry_after or 0.0)
            raise
        except AccountError as error:
            job.account_failed(error)  # before the place is free for another
            raise
        except (LedgerError, JobStoppedError) as error:
            job.stop(f"not started: {error}")  # likewise
            raise
