"""One attempt at work, and how its states are written to the ledger."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from decimal import Decimal

import trio
from attrs import define, field

from vgen.drive.attempt.backend_call import backend_call
from vgen.drive.attempt.context import AttemptContext
from vgen.drive.attempt.held_claim import HeldClaim
from vgen.drive.attempt.last_word import LastWord
from vgen.errors import AttemptError, AttemptTimeoutError, LedgerError, RetryableError
from vgen.ports.backend import VideoBackend
from vgen.ports.events import (
    BackendReached,
    BackendUnreachable,
    MoneyCorrected,
    MoneyHeld,
    MoneySettled,
)
from vgen.records.attempt import OPEN_MONEY, Attempt
from vgen.records.entry import Entry, Settled, Ticketed
from vgen.records.job import Claim
from vgen.records.money import ZERO
from vgen.records.status import State, Status, Ticket

LEDGER_PATIENCE = 40.0
"""How long the ledger may take to write down what has happened, in seconds.

Longer than another program should keep it locked, and shorter than a claim lasts.
"""


@contextmanager
def ledger_deadline(ticket: Ticket | None = None) -> Generator[None]:
    """Shield a write to the ledger from cancellation, for at most `LEDGER_PATIENCE`.

    Raises:
        LedgerError: it took longer; carries the `ticket`.
    """
    try:
        with trio.fail_after(LEDGER_PATIENCE, shield=True):
            yield
    except trio.TooSlowError:
        raise LedgerError("the ledger did not answer in time", ticket=ticket) from None


@define(eq=False)
class AttemptRun:
    """An attempt at work under its clip's claim; `attempt` is its newest state in the ledger.

    `verdict` is the provider's, once it is settled, and `word` what it has said last.
    """

    context: AttemptContext
    held: HeldClaim
    backend: VideoBackend
    attempt: Attempt
    verdict: State | None = None
    word: LastWord = field(factory=LastWord)

    @property
    def claim(self) -> Claim:
        """The claim under which its states are written."""
        return self.held.claim

    @property
    def ticket(self) -> Ticket:
        """The provider's ticket.

        Raises:
            LedgerError: the attempt has none, since it was not accepted yet.
        """
        if self.attempt.ticket is None:
            raise LedgerError(f"attempt {self.attempt.attempt_id} has no ticket")
        return self.attempt.ticket

    @property
    def patience_ends_at(self) -> float:
        """Until when the provider is waited for if it does not answer, on Trio's clock."""
        return self.word.answered_at + self.context.settings.patience

    @property
    def promised_seconds(self) -> float:
        """How long its clip is to be by its backend's quote, in seconds."""
        return self.backend.quote(self.attempt.request).duration

    def heard(self, status: Status | None) -> None:
        """Note a provider's answer, and report it if there was none for a while.

        `None` is an answer that says nothing of the attempt.
        """
        if self.word.unreachable:
            now = self.attempt
            self.context.observer(BackendReached(now.job_id, now.clip_index, now.backend))
        self.word.answered(status)

    def not_heard(self, error: RetryableError) -> None:
        """Note that a question was not answered, and report it after a while."""
        if self.word.failed(error):
            now, why = self.attempt, str(error)
            self.context.observer(BackendUnreachable(now.job_id, now.clip_index, now.backend, why))

    def failure(self, status: Status) -> AttemptError:
        """Return why a verdict is no success: the provider's reason, else what it was and where."""
        return status.failure or RetryableError(f"{status.state} at {self.backend.name}")

    def still_open(self) -> AttemptTimeoutError:
        """Return the error that the attempt has no verdict: it names the provider's last word."""
        return AttemptTimeoutError(
            f"still open at {self.backend.name} ({self.word}): a later run waits for it"
        )

    async def reserve(self) -> None:
        """Write down that the attempt is about to be sent, and hold its money.

        Afterwards the claim is certain to last long enough to send it.

        Raises:
            BudgetExceededError: the money cannot be held; nothing was written.
            JobStoppedError: the job was stopped.
            JobReopenedError: it was opened anew with other prompts.
            ClaimPassedOnError: another process has the clip now; it must not be sent.
            LedgerError: it could not be written down.
        """
        with ledger_deadline():
            now = self.attempt = await self.context.ledger.reserve(self.claim, self.attempt)
        self.context.observer(
            MoneyHeld(now.job_id, now.clip_index, now.attempt_id, now.backend, now.hold)
        )
        with ledger_deadline():
            await self.held.ensure()

    @asynccontextmanager
    async def call(self, method: str) -> AsyncGenerator[None]:
        """Make a call of the backend in the block, while the claim is certain to last.

        Raises:
            ClaimPassedOnError, JobReopenedError: another call has the clip now; it was not made.
            GenerationError: the backend raised something that is no error of vgen's.
        """
        await self.context.calls[self.backend.name].turn()
        await self.held.ensure()
        with backend_call(self.backend, method):
            yield

    async def write(self, entry: Entry) -> None:
        """Write an entry to the ledger; shielded from cancellation.

        Raises:
            ClaimPassedOnError: another process has the clip now.
            LedgerError: it could not be written down in time.
        """
        with ledger_deadline(entry.ticket if isinstance(entry, Ticketed) else self.attempt.ticket):
            before = self.attempt
            self.attempt = await self.context.ledger.advance(
                self.claim, before.attempt_id, before.state, entry
            )
        self._report_money(before)

    async def write_ticket(self, ticket: Ticket) -> None:
        """Write the provider's ticket down.

        Raises:
            LedgerError: it could not be; carries the ticket.
        """
        try:
            await self.write(Ticketed(ticket))
        except LedgerError as error:
            raise type(error)(str(error), ticket=ticket) from error

    async def settle(self, status: Status | None) -> None:
        """Write a verdict down with what was billed; without one the money stays held."""
        if status is None:
            return
        self.verdict = status.state
        await self.write(
            Settled(
                verdict=status.state,
                billed=self._bill(status),
                metered=status.billed is not None or status.bill_unknown,
                reason="" if status.state is State.SUCCEEDED else str(self.failure(status)),
            )
        )

    def _bill(self, status: Status) -> Decimal:
        if status.billed is not None:
            return status.billed
        if status.bill_unknown:
            return self.attempt.hold
        if status.state is not State.SUCCEEDED:
            return ZERO
        quote = self.backend.quote(self.attempt.request)
        return quote.price.cost(quote.duration)

    def _report_money(self, before: Attempt) -> None:
        now, observe = self.attempt, self.context.observer
        about = (now.job_id, now.clip_index, now.attempt_id, now.backend)
        change = now.spent - before.spent
        if before.money in OPEN_MONEY and now.money not in OPEN_MONEY:
            observe(MoneySettled(*about, now.money, now.hold, now.spent))
        elif change:
            observe(MoneyCorrected(*about, change))
