"""Slots for attempts in flight, held from submit to verdict."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

import trio
from attrs import frozen

from vgen.drive.limits.rate_limits import AccountPauses
from vgen.drive.limits.stop import JobStop
from vgen.errors import (
    AccountError,
    ClaimPassedOnError,
    JobReopenedError,
    JobStoppedError,
    LedgerError,
    RateLimitedError,
)
from vgen.ports.backend import VideoBackend


@frozen
class FlightLimits:
    """How many attempts may be in flight: in the runner, and on each backend that has a limit.

    `backends` holds the limiters of those that have one, by name.
    """

    runner: trio.CapacityLimiter
    backends: Mapping[str, trio.CapacityLimiter]
    pauses: AccountPauses

    @classmethod
    def of(cls, backends: Iterable[VideoBackend], *, concurrency: int) -> FlightLimits:
        """Return the limits of a runner with these backends."""
        limiters = {
            backend.name: trio.CapacityLimiter(most)
            for backend in backends
            if (most := backend.capabilities.max_concurrent) is not None
        }
        return cls(trio.CapacityLimiter(concurrency), limiters, AccountPauses())

    @asynccontextmanager
    async def slot(
        self, backend: VideoBackend, stop: JobStop, *, borrower: object
    ) -> AsyncGenerator[None]:
        """Hold a slot of the runner and, where it has a limit, one of the backend.

        While the backend's account is paused, no slot is given for it; a `RateLimitedError` in
        the block pauses it. An error there that ends the job (of the account, the ledger, a stop,
        a later opening) stops it before the slot is released; a claim that has passed on does not.

        Raises:
            NotStarted: the job was stopped before there was a slot.
        """
        account = backend.account or backend.name
        async with AsyncExitStack() as stack:
            with stop.stoppable():
                await self._acquire(backend, account, stack, borrower)
            try:
                yield
            except RateLimitedError as error:
                self.pauses.pause(account, error.retry_after or 0.0)
                raise
            except AccountError as error:
                stop.account_failed(error)  # before the slot is free for another
                raise
            except ClaimPassedOnError:
                raise
            except (LedgerError, JobStoppedError, JobReopenedError) as error:
                stop.stop(f"not started: {error}")  # likewise
                raise

    async def _acquire(
        self, backend: VideoBackend, account: str, stack: AsyncExitStack, borrower: object
    ) -> None:
        own = self.backends.get(backend.name)
        while True:
            await self.pauses.wait_resumed(account)
            for limiter in (own, self.runner) if own else (self.runner,):
                await limiter.acquire_on_behalf_of(borrower)
                stack.callback(limiter.release_on_behalf_of, borrower)
            if not self.pauses.is_paused(account):
                break
            await stack.aclose()  # a pause began while this one waited for its slot
        # A slot that is free is given at once: a stop at that moment is noticed only here.
        await trio.lowlevel.checkpoint_if_cancelled()
