"""The port to the journal of jobs, claims and attempts, and the money behind them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from vgen.records.attempt import Attempt, Custody, Money
from vgen.records.books import JobQuery, JobSummary, Spending, SpendingKey
from vgen.records.entry import Entry, Line
from vgen.records.job import Claim, Job, JobClip, Manifest
from vgen.records.money import Account, Need, Purse
from vgen.records.notice import Notice
from vgen.records.observation import Observation

EVERY_JOB = JobQuery()

NOTICES_KEPT = 3600.0
"""How long a notice is kept, in seconds: longer than providers repeat a message, and than one that
was delayed is taken."""


class CostLedger(ABC):
    """Where jobs, claims, attempts and their money are written down.

    Each method is one transaction, durable when it returns, and safe to repeat when its answer was
    lost. Any number of tasks, processes and machines may share a ledger: none of them can exceed a
    limit, hold a clip that another holds, or write under a claim that has passed on.

    All raise `LedgerError` when the ledger cannot be reached or refuses, and those that change
    something `NotFoundError` where it has no such job or attempt; only `release` does nothing then.
    """

    @abstractmethod
    async def open_job(self, manifest: Manifest, need: Need) -> Account:
        """Write the job down, or anew where it stands already, if its limits allow what it needs.

        Its limits are its budget and its purses: see `vgen.decisions.budget.check_need`. Nothing is
        held; what an older vgen has held for attempts that were never sent is released.

        Raises:
            BudgetExceededError: one of them does not; nothing was written.
        """

    @abstractmethod
    async def job(self, job_id: UUID) -> Job | None:
        """Return a job as it stands, `None` where it was never opened."""

    @abstractmethod
    async def clip(self, job_id: UUID, clip_index: int) -> JobClip | None:
        """Return one clip of a job, `None` where the job was never opened.

        That costs as much in a large job as in a small one.
        """

    @abstractmethod
    async def attempts(self, job_id: UUID, clip_index: int) -> tuple[Attempt, ...]:
        """Return the attempts of one clip, oldest first; none where the job was never opened."""

    @abstractmethod
    async def attempt(self, attempt_id: UUID) -> Attempt | None:
        """Return one attempt, `None` where there is none of that id."""

    @abstractmethod
    async def unsettled(self, job_id: UUID | None = None) -> tuple[Attempt, ...]:
        """Return the attempts that were sent and can still move, oldest first.

        Those of one job, or of all.
        """

    @abstractmethod
    async def claim(
        self, job_id: UUID, clip_index: int, *, owner: str, lease: float, opening: str = ""
    ) -> Claim | None:
        """Claim a clip for `lease` seconds of the ledger's time; `None` while another holds it.

        A claim with an `opening`, that of a manifest, is for as long as the job's manifest has it;
        one without is for whatever the job is.

        Raises:
            JobReopenedError: the job has another opening.
        """

    @abstractmethod
    async def holder(self, job_id: UUID, clip_index: int) -> Claim | None:
        """Return the clip's current claim; `None` where it is free.

        A caller that knows that its owner has died may release it.
        """

    @abstractmethod
    async def renew(self, claim: Claim, *, lease: float) -> None:
        """Make the claim last `lease` seconds from now.

        Raises:
            ClaimPassedOnError: another has it; said of a stopped job, too.
            JobStoppedError: the job was stopped; the claim stays until it is given back or expires.
            JobReopenedError: it has another opening than the claim; likewise.
        """

    @abstractmethod
    async def release(self, claim: Claim) -> None:
        """End the claim, so that others may take the clip; no effect if it has passed on."""

    @abstractmethod
    async def reserve(self, claim: Claim, attempt: Attempt) -> Attempt:
        """Write down, just before it is sent, that `attempt` may be, and hold its money.

        It counts in the purses that its job has now.

        Raises:
            BudgetExceededError: the budget or a purse does not hold it, or a bill of the job has
                passed its hold.
            JobStoppedError: the job was stopped.
            JobReopenedError: it has another opening than the claim.
            ClaimPassedOnError: another has the claim.
            LedgerError: the clip has another open attempt.
        """

    @abstractmethod
    async def advance(
        self, claim: Claim, attempt_id: UUID, expected: tuple[Money, Custody], entry: Entry
    ) -> Attempt:
        """Move an attempt on from the `expected` state; the same again changes nothing.

        Raises:
            ClaimPassedOnError: another has the claim.
            LedgerError: it stands elsewhere, or the entry does not fit.
        """

    @abstractmethod
    async def conclude(self, job_id: UUID, outcome: str, made: int | None = None) -> Account:
        """Note how the job ended, and with how many clips; `None` where it came to no end."""

    @abstractmethod
    async def stop(self, job_id: UUID) -> None:
        """Refuse further reservations and renewals of a job until it is opened again.

        Processes at work on it end within the interval of a renewal.
        """

    @abstractmethod
    async def now(self) -> datetime:
        """Return the ledger's own time, by which claims expire and lines are dated."""

    @abstractmethod
    async def history(self, job_id: UUID) -> tuple[Line, ...]:
        """Return the journal of a job, oldest line first; none where it was never opened.

        The movements add up to the account.
        """

    @abstractmethod
    async def jobs(self, query: JobQuery = EVERY_JOB) -> tuple[JobSummary, ...]:
        """Return a page of jobs, those opened last first; without a query the first page of all.

        Another page follows where this one has as many as were asked for.
        """

    @abstractmethod
    async def spending(
        self,
        since: datetime | None = None,
        until: datetime | None = None,
        by: Collection[SpendingKey] = (),
    ) -> tuple[Spending, ...]:
        """Return what was booked as spent from `since` on and before `until`, summed up `by` keys.

        Sorted by the keys, in the order of `SpendingKey`; nothing where nothing was booked.
        """

    @abstractmethod
    async def purse(self, purse: Purse) -> Account:
        """Return where the money of a purse stands, under its limit; nothing where it is new."""

    @abstractmethod
    async def observed(self, backend: str, *, limit: int) -> tuple[Observation, ...]:
        """Return what became of a backend's attempts that have a verdict, those sent last first."""

    @abstractmethod
    async def add_notice(self, notice: Notice) -> bool:
        """Write down that a provider has told of an attempt, for `NOTICES_KEPT` at least.

        Returns whether the message is new: its account has sent none of that id before. The attempt
        need not be known yet.
        """

    @abstractmethod
    async def noticed(self, account: str, provider_ids: Collection[str]) -> frozenset[str]:
        """Return those attempts that an account's provider has told of."""

    async def aclose(self) -> None:  # noqa: B027 (a ledger without connections has none to close)
        """Let go of connections and files, also when that fails half-way or is cancelled."""


class MigratedLedger(CostLedger):
    """A ledger whose tables a migration makes, once for all that share it."""

    @abstractmethod
    def migration(self) -> str:
        """Return the migration in SQL; to apply it again changes nothing."""

    @abstractmethod
    async def migrate(self) -> None:
        """Apply it.

        Raises:
            ConfigurationError: it cannot be applied from here; says what to do.
            LedgerError: it failed; nothing was changed.
        """
