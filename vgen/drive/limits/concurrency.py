"""Slots for attempts in flight, held from submit to verdict."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager

import trio
from attrs import frozen

from vgen.drive.limits.pace import AccountPace, Turn, account_of
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
    """How many attempts may be in flight, in the runner and on each backend, and how fast they go.

    `backends` holds the limiters of those that have one, by name, `paces` those of all accounts.
    """

    runner: trio.CapacityLimiter
    backends: Mapping[str, trio.CapacityLimiter]
    paces: Mapping[str, AccountPace]

    @classmethod
    def of(
        cls, backends: Iterable[VideoBackend], *, concurrency: int, backoff: float
    ) -> FlightLimits:
        """Return the limits of a runner with these backends.

        `backoff` is the first pause after a rate limit that names none, in seconds.
        """
        backends = tuple(backends)
        limiters = {
            backend.name: trio.CapacityLimiter(most)
            for backend in backends
            if (most := backend.capabilities.max_concurrent) is not None
        }
        paces = {account_of(backend): AccountPace(backoff) for backend in backends}
        return cls(trio.CapacityLimiter(concurrency), limiters, paces)

    def pace(self, backend: VideoBackend) -> AccountPace:
        """Return the pace of a backend's account."""
        return self.paces[account_of(backend)]

    @asynccontextmanager
    async def slot(
        self, backend: VideoBackend, stop: JobStop, *, borrower: object
    ) -> AsyncGenerator[None]:
        """Hold a slot of the runner and, where it has a limit, one of the backend.

        An `AccountError` there stops what waits for the account, and an error that ends the job
        (of the ledger, a stop, a later opening) the job, before the slot is released; a claim that
        has passed on stops nothing.

        Raises:
            AccountError: the account was refused before there was a slot.
            NotStarted: the job was stopped before there was a slot.
        """
        async with AsyncExitStack() as stack:
            with stop.stoppable(account_of(backend)):
                await self._acquire(backend, stack, borrower)
            with _stopping(stop, account_of(backend)):
                yield

    @asynccontextmanager
    async def slot_for_submit(
        self, backend: VideoBackend, stop: JobStop, *, borrower: object, since: float
    ) -> AsyncGenerator[Turn]:
        """Hold a slot as `slot` does, and the turn of one submit, which is to be ended.

        While the account's pace does not allow a submit, no slot is given for it; `since` is when
        its clip began to ask. A `RateLimitedError` in the block is what the pace is learned from.

        Raises:
            RateLimitedError: since then, the account has accepted nothing for half an hour.
            AccountError: the account was refused before there was a slot.
            NotStarted: the job was stopped before there was a slot.
        """
        async with AsyncExitStack() as stack:
            with stop.stoppable(account_of(backend)):
                turn = await self._acquire_with_turn(backend, stack, borrower, since)
            with _stopping(stop, account_of(backend)):
                try:
                    yield turn
                except RateLimitedError as error:
                    turn.refused(error)
                    raise

    async def _acquire_with_turn(
        self, backend: VideoBackend, stack: AsyncExitStack, borrower: object, since: float
    ) -> Turn:
        while True:
            turn = await self.pace(backend).turn(since)
            stack.callback(turn.end)
            await self._acquire(backend, stack, borrower)
            if turn.holds:
                return turn
            await stack.aclose()  # a rate limit came while this one waited for its slot

    async def _acquire(
        self, backend: VideoBackend, stack: AsyncExitStack, borrower: object
    ) -> None:
        own = self.backends.get(backend.name)
        for limiter in (own, self.runner) if own else (self.runner,):
            await limiter.acquire_on_behalf_of(borrower)
            stack.callback(limiter.release_on_behalf_of, borrower)
        # A slot that is free is given at once: a stop at that moment is noticed only here.
        await trio.lowlevel.checkpoint_if_cancelled()


@contextmanager
def _stopping(stop: JobStop, account: str) -> Generator[None]:
    """Stop what an error says is not to start, before the slot is free for another."""
    try:
        yield
    except AccountError as error:
        stop.account_refused(account, error)
        raise
    except ClaimPassedOnError:
        raise
    except (LedgerError, JobStoppedError, JobReopenedError) as error:
        stop.stop(f"not started: {error}")
        raise
