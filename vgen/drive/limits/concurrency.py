"""Slots for attempts in flight, held from submit to verdict, and places before them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager

import trio
from attrs import evolve, field, frozen

from vgen.drive.limits.line import Line, OneSlot, Place, Share, Want
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

NOTHING_TO_SEND = ""
"""The place of clips that are stored or in flight already, whatever their backends do."""


@frozen
class Asker:
    """Who asks for a slot: a clip of a job, by its index.

    `paid`: money was spent on it before. `borrower` holds the tokens.
    """

    share: Share
    clip_index: int
    paid: bool
    borrower: object


@frozen
class FlightLimits:
    """How many attempts may be in flight, in the runner and on each backend, and how fast they go.

    `slots` has what a slot of each backend takes, `with_submit` one that a submit follows. `paces`
    are those of all accounts. Before there is a slot for them, as many clips get ready as may be
    in flight, of each priority.
    """

    runner: trio.CapacityLimiter
    slots: Mapping[str, Want]
    with_submit: Mapping[str, Want]
    paces: Mapping[str, AccountPace]
    in_flight: Line
    getting_ready: Line = field(factory=Line)
    _places: dict[int, Mapping[str, Want]] = field(factory=dict[int, Mapping[str, Want]])

    @classmethod
    def of(
        cls, backends: Iterable[VideoBackend], *, concurrency: int, backoff: float
    ) -> FlightLimits:
        """Return the limits of a runner with these backends.

        `backoff` is the first pause after a rate limit that names none, in seconds.
        """
        runner = trio.CapacityLimiter(concurrency)
        slots: dict[str, Want] = {}
        with_submit: dict[str, Want] = {}
        accounts: dict[str, list[VideoBackend]] = {}
        backends = tuple(backends)
        for backend in backends:
            accounts.setdefault(account_of(backend), []).append(backend)
        paces = {account: AccountPace.of(own, backoff) for account, own in accounts.items()}
        for backend in backends:
            most = backend.capabilities.max_concurrent
            own = () if most is None else (trio.CapacityLimiter(most),)
            slots[backend.name] = Want(backend.name, (*own, runner))
            submits = paces[account_of(backend)].submits
            with_submit[backend.name] = evolve(slots[backend.name], window=submits)
        return cls(runner, slots, with_submit, paces, Line(runner))

    def places(self, priority: int) -> Mapping[str, Want]:
        """Return the places in which clips of this priority get ready, by backend."""
        if priority not in self._places:
            most = {
                name: int(min(limiter.total_tokens for limiter in slot.limiters))
                for name, slot in self.slots.items()
            }
            most[NOTHING_TO_SEND] = int(self.runner.total_tokens)
            self._places[priority] = {
                name: Want(name, (trio.CapacityLimiter(count),)) for name, count in most.items()
            }
        return self._places[priority]

    def pace(self, backend: VideoBackend) -> AccountPace:
        """Return the pace of a backend's account."""
        return self.paces[account_of(backend)]

    @asynccontextmanager
    async def slot(
        self, backend: VideoBackend, stop: JobStop, asker: Asker
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
                await self._acquire(self.slots[backend.name], stack, asker)
            with _stopping(stop, account_of(backend)):
                yield

    @asynccontextmanager
    async def slot_for_submit(
        self, backend: VideoBackend, stop: JobStop, asker: Asker
    ) -> AsyncGenerator[Turn]:
        """Hold a slot as `slot` does, and the turn of one submit, which is to be ended.

        While the account's pace does not allow a submit, no slot is given for it. A
        `RateLimitedError` in the block is what the pace is learned from.

        Raises:
            RateLimitedError: since its job asks, the account has accepted nothing for half an hour.
            AccountError: the account was refused before there was a slot.
            NotStarted: the job was stopped before there was a slot.
        """
        async with AsyncExitStack() as stack:
            with stop.stoppable(account_of(backend)):
                turn = await self._acquire_with_turn(backend, stack, asker)
            with _stopping(stop, account_of(backend)):
                try:
                    yield turn
                except RateLimitedError as error:
                    turn.refused(error)
                    raise

    async def _acquire_with_turn(
        self, backend: VideoBackend, stack: AsyncExitStack, asker: Asker
    ) -> Turn:
        while True:
            turn = await self.pace(backend).turn(asker.share.since)
            stack.callback(turn.end)
            turn.place = await self._acquire(self.with_submit[backend.name], stack, asker)
            if turn.holds:
                return turn
            await stack.aclose()  # a rate limit came while this one waited for its slot

    async def _acquire(self, want: Want, stack: AsyncExitStack, asker: Asker) -> Place:
        waiter = OneSlot(asker.share, want, asker.borrower, asker.paid, asker.clip_index)
        with self.in_flight.joined(waiter):
            slot = await waiter.wait()
        stack.callback(slot.leave)
        # A slot that is free is given at once: a stop at that moment is noticed only here.
        await trio.lowlevel.checkpoint_if_cancelled()
        return slot


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
