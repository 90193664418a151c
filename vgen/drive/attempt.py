"""The life of one paid try: reserve, submit, verdict, settle."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator
from contextlib import contextmanager, nullcontext
from decimal import Decimal
from math import inf

import trio
from attrs import define

from vgen.drive import marks
from vgen.drive.kit import Kit
from vgen.errors import (
    AccountError,
    AttemptError,
    AttemptTimeoutError,
    GenerationError,
    LedgerError,
    RetryableError,
    SubmitInDoubtError,
    VgenError,
)
from vgen.ports.backend import VideoBackend, WaitableBackend
from vgen.ports.events import MoneyHeld, MoneySettled
from vgen.records.attempt import Attempt, Money
from vgen.records.entry import Doubted, Entry, Released, Settled, Ticketed, WrittenOff
from vgen.records.job import Claim
from vgen.records.money import ZERO
from vgen.records.request import Prepared
from vgen.records.status import Absent, State, Status, Ticket

logger = logging.getLogger("vgen")

LEDGER_PATIENCE = 40.0
"""How long the ledger may take to write down what has happened, in seconds.

Longer than another program should keep it locked, and shorter than a claim lasts.
"""

LOOKS, LONGEST_DOUBLING = 8, 4
"""How often a doubtful submit is looked for in one run, and how often the pause between doubles:
for two minutes in all, with the default backoff."""


@contextmanager
def plugin(backend: VideoBackend, call: str = "") -> Generator[None]:
    """Hold a plug-in to its promise: what it raises beside vgen's own errors is a defect of it.

    `call` names the call in the block, unless it is marked elsewhere.
    """
    try:
        with marks.call(backend.name, call) if call else nullcontext():
            yield
    except VgenError:
        raise
    except Exception as error:
        logger.exception("backend %s broke", backend.name)
        raise GenerationError(f"{backend.name}: {type(error).__name__}: {error}") from error


@contextmanager
def in_time(ticket: Ticket | None = None) -> Generator[None]:
    """Let neither cancellation nor a slow ledger leave undecided what is written in the block."""
    try:
        with trio.fail_after(LEDGER_PATIENCE, shield=True):
            yield
    except trio.TooSlowError:
        raise LedgerError("the ledger did not answer in time", ticket=ticket) from None


@define(eq=False)
class Try:
    """One attempt as it is driven; `attempt` is its newest state in the ledger.

    `state` is the provider's verdict, once it is settled.
    """

    kit: Kit
    claim: Claim
    backend: VideoBackend
    attempt: Attempt
    state: State | None = None

    async def write(self, entry: Entry) -> None:
        """Write an entry down; neither cancellation nor a slow ledger leaves it undecided."""
        with in_time(entry.ticket if isinstance(entry, Ticketed) else self.attempt.ticket):
            before = self.attempt
            self.attempt = await self.kit.ledger.advance(
                self.claim, before.attempt_id, before.state, entry
            )
        self._tell_money(before)

    def _tell_money(self, before: Attempt) -> None:
        """Tell what has become of the attempt's money, where it has moved."""
        now = self.attempt
        moved = (now.money, now.spent) != (before.money, before.spent)
        if moved and now.money not in {Money.HELD, Money.IN_DOUBT}:
            self.kit.tell(
                MoneySettled(
                    now.job_id,
                    now.clip_index,
                    now.attempt_id,
                    now.backend,
                    now.money,
                    now.hold,
                    now.spent,
                    before.spent,
                )
            )

    async def submit(self, prepared: Prepared) -> None:
        """Reserve, send, and write the ticket down: once begun, cancellation waits for the end.

        Raises:
            BudgetExceededError: nothing was sent, nothing is held.
            LedgerError: it could not be written down, before or after it was sent.
            SubmitInDoubtError: it may have been accepted; the ledger says so.
            AttemptError, AccountError: it was not; the hold is released.
        """
        await trio.lowlevel.checkpoint_if_cancelled()
        patience = self.kit.settings.submit_timeout + 2 * LEDGER_PATIENCE
        with trio.fail_after(patience, shield=True):
            await self._reserve()
            try:
                with (
                    marks.call(self.backend.name, "submit"),
                    trio.fail_after(self.kit.settings.submit_timeout),
                ):
                    ticket = await self.backend.submit(prepared, self.attempt.attempt_id)
            except (SubmitInDoubtError, trio.TooSlowError) as error:
                await self._doubt(str(error) or "no answer in time", error)
            except (AttemptError, AccountError) as error:
                await self.write(Released(str(error)))
                raise
            except Exception as error:  # noqa: BLE001 (whatever is no proof of absence is doubt)
                await self._doubt(f"{type(error).__name__}: {error}", error)
            else:
                await self._write_ticket(ticket)

    async def _reserve(self) -> None:
        with in_time():
            now = self.attempt = await self.kit.ledger.reserve(self.claim, self.attempt)
        self.kit.tell(MoneyHeld(now.job_id, now.clip_index, now.attempt_id, now.backend, now.hold))

    async def _write_ticket(self, ticket: Ticket) -> None:
        try:
            await self.write(Ticketed(ticket))
        except LedgerError as error:
            raise LedgerError(str(error), ticket=ticket) from error

    async def _doubt(self, reason: str, cause: Exception) -> None:
        await self.write(Doubted(reason))
        raise SubmitInDoubtError(reason) from cause

    async def resolve(self, *, under_way_until: float = -inf) -> bool:
        """Look for a doubtful submit; whether it is clear now: a ticket, absent or written off.

        Before `under_way_until`, on Trio's clock, it may still arrive: that it is absent proves
        nothing. What cannot be cleared yet stays in doubt, for a later run or a person.
        """
        pause = self.kit.settings.backoff
        for look in range(LOOKS):
            if look:
                await trio.sleep(pause * 2 ** min(look - 1, LONGEST_DOUBLING))
            try:
                with plugin(self.backend, "find"):
                    finding = await self.backend.find(self.attempt)
            except RetryableError as error:
                logger.info("could not look for attempt %s: %s", self.attempt.attempt_id, error)
                continue
            if isinstance(finding, Ticket):
                await self._write_ticket(finding)
                return True
            if isinstance(finding, Absent):
                if trio.current_time() < under_way_until:
                    continue
                await self.write(Released("it never arrived"))
                return True
            if finding.for_good:
                await self.write_off(f"{self.backend.name} can no longer tell whether it arrived")
                return True
            if not self.backend.capabilities.can_find:
                break
        return False

    async def write_off(self, reason: str) -> None:
        """Book a doubt that nobody can prove any more as spent, and free the clip."""
        await self.write(WrittenOff(reason))

    async def verdict(self, report: Callable[[float], None]) -> Status | None:
        """Wait for the provider's verdict within the backend's limits; `None`: none could be had.

        Too slow, cancelled or broken, it is stopped at the provider within the grace period.
        """
        try:
            return await self._wait(report)
        except AccountError as error:
            await self.settle(await self.stop(RetryableError(str(error))))
            raise
        except trio.Cancelled:
            await self.settle(await self.stop(RetryableError("the job was cancelled")))
            raise
        except AttemptError as error:
            return await self.stop(error)

    @property
    def ticket(self) -> Ticket:
        """The provider's ticket; an attempt has one once it was accepted."""
        if self.attempt.ticket is None:
            raise LedgerError(f"attempt {self.attempt.attempt_id} has no ticket")
        return self.attempt.ticket

    async def _wait(self, report: Callable[[float], None]) -> Status:
        limits = self.backend.capabilities
        run_limit = min(limits.run_limit, self.kit.settings.attempt_timeout or limits.run_limit)
        running = False

        def hear(status: Status) -> None:
            nonlocal running
            if status.state is State.RUNNING and not running:
                running = True
                scope.deadline = min(scope.deadline, trio.current_time() + run_limit)
            if status.progress is not None:
                report(status.progress)

        with trio.move_on_after(limits.queue_limit + run_limit) as scope:
            if isinstance(self.backend, WaitableBackend):
                with plugin(self.backend, "wait_finished"):
                    return await self.backend.wait_finished(self.ticket, hear)
            with plugin(self.backend):
                return await self.kit.pollers[self.backend.name].wait(self.ticket, hear)
        took = f"{run_limit:g} s of running" if running else "its time in the queue"
        raise AttemptTimeoutError(f"{self.backend.name} took longer than {took}")

    async def stop(self, failure: AttemptError) -> Status | None:
        """Cancel at the provider, ask until it has ended, and give the verdict if there is one.

        Shielded for the grace period. A clip that succeeded all the same is a success.
        """
        status: Status | None = None
        with trio.move_on_after(self.kit.settings.grace, shield=True):
            while status is None or not status.is_verdict:
                try:
                    status = await self._ask_to_stop(first=status is None)
                except VgenError as error:
                    logger.warning("could not cancel %s: %s", self.ticket, error)
                    await trio.sleep(self.kit.settings.poll_interval)
        if status is None or not status.is_verdict:
            return None
        if status.state is State.SUCCEEDED:
            return status
        return Status(status.state, billed=status.billed, failure=failure)

    async def _ask_to_stop(self, *, first: bool) -> Status | None:
        if first:
            with plugin(self.backend, "cancel"):
                return await self.backend.cancel(self.ticket)
        await trio.sleep(self.kit.settings.poll_interval)
        with plugin(self.backend, "status"):
            return (await self.backend.status([self.ticket])).get(self.ticket)

    async def settle(self, status: Status | None) -> None:
        """Write the verdict down with what was billed; without a verdict the money stays held."""
        if status is None:
            return
        self.state = status.state
        await self.write(
            Settled(
                verdict=status.state,
                billed=self._bill(status),
                metered=status.billed is not None,
                reason=str(status.failure or ""),
            )
        )

    def _bill(self, status: Status) -> Decimal:
        if status.billed is not None:
            return status.billed
        if status.state is not State.SUCCEEDED:
            return ZERO
        quote = self.backend.quote(self.attempt.request)
        return quote.price.cost(quote.duration)
