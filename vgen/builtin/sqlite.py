"""The ledger in a SQLite file."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Collection, Generator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import trio

from vgen.builtin.groups import Call, Groups
from vgen.builtin.reading import Reading
from vgen.builtin.rescue import FileIdentity, identity, rescue
from vgen.builtin.schema import connect, connect_read_only, is_writable, transaction
from vgen.builtin.transactions import Transaction
from vgen.errors import LedgerError
from vgen.ports.ledger import EVERY_JOB, CostLedger
from vgen.records.attempt import Attempt, Custody, Money
from vgen.records.books import JobQuery, JobSummary, Spending, SpendingKey
from vgen.records.entry import Entry, Line
from vgen.records.job import Claim, Job, JobClip, Manifest
from vgen.records.money import Account, Need, Purse
from vgen.records.notice import Notice
from vgen.records.observation import Observation

T = TypeVar("T")

LOCK_TIMEOUT = 60.0
"""How long a ledger that another process has locked is waited for, in seconds."""

BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})


class SQLiteLedger(CostLedger):
    """A ledger in one file, which any number of processes of one machine may share.

    The file is made by the first job that is opened. What only reads takes no write lock, and works
    on a file that cannot be written too. Calls run in a worker thread; what is written by those
    that wait at the same time is one commit: each of them returns when it is on the disk, and an
    error of one undoes no other. Waiting, also for a locked file, can be cancelled, a transaction
    under way is finished first. Its time is the machine's clock.

    Raises `ConfigurationError` where the file is no ledger, and leaves it as it is. Where the file
    is removed or replaced while it is open, all that it had is written anew, to its path or beside
    it; from then on calls raise `LedgerError`, which says where, and only what has happened at a
    provider is still written down, there.
    """

    def __init__(self, path: Path | str, *, clock: Callable[[], float] = time.time) -> None:
        self._path = Path(path)
        self._clock = clock
        self._connection: sqlite3.Connection | None = None
        self._place = self._path
        self._file: FileIdentity | None = None
        self._loss = ""
        self._groups = Groups(self._run)

    def __repr__(self) -> str:
        """Name the file and say whether it is open."""
        state = "closed" if self._connection is None else "open"
        return f"<SQLiteLedger {str(self._path)!r}: {state}>"

    async def open_job(self, manifest: Manifest, need: Need) -> Account:
        """Write the job down, if its limits allow what it needs."""
        return await self._transact(lambda tx: tx.open_job(manifest, need), make=True)

    async def job(self, job_id: UUID) -> Job | None:
        """Read a job."""
        return await self._read(lambda tx: tx.job(job_id), None)

    async def clip(self, job_id: UUID, clip_index: int) -> JobClip | None:
        """Read one clip of a job."""
        return await self._read(lambda tx: tx.clip(job_id, clip_index), None)

    async def attempts(self, job_id: UUID, clip_index: int) -> tuple[Attempt, ...]:
        """Read a clip's attempts."""
        return await self._read(lambda tx: tx.attempts(job_id, clip_index), ())

    async def attempt(self, attempt_id: UUID) -> Attempt | None:
        """Read an attempt."""
        return await self._read(lambda tx: tx.attempt(attempt_id), None)

    async def unsettled(self, job_id: UUID | None = None) -> tuple[Attempt, ...]:
        """Read what was sent and can still move."""
        return await self._read(lambda tx: tx.unsettled(job_id), ())

    async def claim(
        self, job_id: UUID, clip_index: int, *, owner: str, lease: float, opening: str = ""
    ) -> Claim | None:
        """Claim a clip."""
        return await self._transact(lambda tx: tx.claim(job_id, clip_index, owner, lease, opening))

    async def holder(self, job_id: UUID, clip_index: int) -> Claim | None:
        """Read who holds a clip."""
        return await self._read(lambda tx: tx.holder(job_id, clip_index), None)

    async def renew(self, claim: Claim, *, lease: float) -> None:
        """Renew a claim."""
        await self._transact(lambda tx: tx.renew(claim, lease))

    async def release(self, claim: Claim) -> None:
        """End a claim."""
        await self._transact(lambda tx: tx.release(claim), after_loss=True)

    async def reserve(self, claim: Claim, attempt: Attempt) -> Attempt:
        """Hold an attempt's money within the budget."""
        return await self._transact(lambda tx: tx.reserve(claim, attempt))

    async def advance(
        self, claim: Claim, attempt_id: UUID, expected: tuple[Money, Custody], entry: Entry
    ) -> Attempt:
        """Move an attempt on."""
        return await self._transact(
            lambda tx: tx.advance(claim, attempt_id, expected, entry), after_loss=True
        )

    async def conclude(self, job_id: UUID, outcome: str, made: int | None = None) -> Account:
        """Note the outcome."""
        return await self._transact(lambda tx: tx.conclude(job_id, outcome, made))

    async def stop(self, job_id: UUID) -> None:
        """Mark a job as stopped."""
        await self._transact(lambda tx: tx.stop(job_id))

    async def now(self) -> datetime:
        """Read the machine's clock."""
        return datetime.fromtimestamp(self._clock(), UTC)

    async def history(self, job_id: UUID) -> tuple[Line, ...]:
        """Read a job's journal."""
        return await self._read(lambda tx: tx.history(job_id), ())

    async def jobs(self, query: JobQuery = EVERY_JOB) -> tuple[JobSummary, ...]:
        """List jobs."""
        return await self._read(lambda tx: tx.books.jobs(query), ())

    async def spending(
        self,
        since: datetime | None = None,
        until: datetime | None = None,
        by: Collection[SpendingKey] = (),
    ) -> tuple[Spending, ...]:
        """Sum up what was spent."""
        return await self._read(lambda tx: tx.books.spending(since, until, by), ())

    async def purse(self, purse: Purse) -> Account:
        """Read where a purse stands."""
        return await self._read(lambda tx: tx.purse(purse), Account(purse.limit))

    async def observed(self, backend: str, *, limit: int) -> tuple[Observation, ...]:
        """Read what became of a backend's attempts."""
        return await self._read(lambda tx: tx.books.observed(backend, limit), ())

    async def add_notice(self, notice: Notice) -> bool:
        """Write a notice down."""
        return await self._transact(lambda tx: tx.add_notice(notice), make=True)

    async def noticed(self, account: str, provider_ids: Collection[str]) -> frozenset[str]:
        """Read which attempts were told of."""
        return await self._read(lambda tx: tx.noticed(account, provider_ids), frozenset())

    async def aclose(self) -> None:
        """Close the file.

        Raises:
            LedgerError: it was removed or replaced, and no call has noticed that.
        """
        with trio.move_on_after(LOCK_TIMEOUT, shield=True):
            async with self._groups.turn:
                if self._connection is not None:
                    await trio.to_thread.run_sync(self._close, self._connection)

    def _close(self, connection: sqlite3.Connection) -> None:
        known = self._loss
        try:
            if identity(self._place) != self._file:
                connection = self._rescued(connection)
        finally:
            self._connection = None
            connection.close()
        if self._loss and not known:
            raise LedgerError(self._loss)

    async def _read(self, work: Callable[[Reading], T], otherwise: T) -> T:
        if self._connection is None and await trio.to_thread.run_sync(_is_blank, self._path):
            return otherwise
        return await self._groups.do(Call(work, trio.current_time() + LOCK_TIMEOUT))

    async def _transact(
        self, work: Callable[[Transaction], T], *, make: bool = False, after_loss: bool = False
    ) -> T:
        last = trio.current_time() + LOCK_TIMEOUT
        return await self._groups.do(
            Call(work, last, writes=True, make=make, after_loss=after_loss)
        )

    def _run(self, calls: Sequence[Call[Any]]) -> None:
        """Run calls: those that read in one transaction, then those that write."""
        for writes in (False, True):
            some = [call for call in calls if call.writes == writes]
            if some and self._connection is None:  # the file is opened as the first one needs it
                self._run_together(some[:1])
                some = some[1:]
            if some:
                self._run_together(some)

    def _run_together(self, calls: Sequence[Call[Any]]) -> None:
        try:
            with self._transaction(calls[0]) as connection:
                for call in calls:
                    self._run_one(connection, call)
        except sqlite3.Error as error:  # all of it is undone
            for call in calls:
                call.results.clear()
                call.error = None
            self._failed(calls, error)
        except Exception as error:  # noqa: BLE001 (each of the calls raises it)
            for call in calls:
                call.error = error

    def _failed(self, calls: Sequence[Call[Any]], error: sqlite3.Error) -> None:
        problem = self._problem(str(error), error)
        code: int = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in BUSY:
            for call in calls:
                call.locked = problem
        elif len(calls) > 1:
            for call in calls:
                self._run_together([call])
        else:
            calls[0].error = problem

    def _run_one(self, connection: sqlite3.Connection, call: Call[Any]) -> None:
        if self._loss and not call.after_loss:
            call.error = LedgerError(self._loss)
            return
        connection.execute("SAVEPOINT one")
        try:
            kind = Transaction if call.writes else Reading
            call.results.append(call.work(kind(connection, self._clock())))
        except sqlite3.Error:
            raise
        except Exception as error:  # noqa: BLE001 (the call raises it)
            connection.execute("ROLLBACK TO one")
            wrong = isinstance(error, ValueError)
            call.error = self._problem(f"cannot be read: {error}", error) if wrong else error
        connection.execute("RELEASE one")

    def _problem(self, what: str, cause: Exception) -> LedgerError:
        problem = LedgerError(f"{self._path}: {what}")
        problem.__cause__ = cause
        return problem

    @contextmanager
    def _transaction(self, call: Call[Any]) -> Generator[sqlite3.Connection]:
        """Begin one: without a write lock, and also where the file cannot be written, to read."""
        if not call.writes and self._connection is None and not is_writable(self._place):
            with closing(connect_read_only(self._place)) as connection:
                yield connection
            return
        connection = self._connected(make=call.make)
        with transaction(connection, "BEGIN IMMEDIATE" if call.writes else "BEGIN"):
            yield connection

    def _connected(self, *, make: bool) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = connect(self._place, make=make)
            self._file = identity(self._place)
        elif identity(self._place) != self._file:
            self._connection = self._rescued(self._connection)
        return self._connection

    def _rescued(self, connection: sqlite3.Connection) -> sqlite3.Connection:
        """Write what the lost file had to another; return the connection to work on from now on."""
        self._loss = f"{self._path}: the file was removed or replaced while it was in use"
        try:
            self._place = rescue(connection, self._path)
            moved = connect(self._place, make=False)
        except (OSError, sqlite3.Error) as error:
            self._loss += f", and what it had cannot be written anew: {error}"
            return connection
        connection.close()
        self._file = identity(self._place)
        if self._place == self._path:
            self._loss += "; all that it had is written there again: run the job again"
        else:
            self._loss += (
                f"; all that it had is in {self._place}: put it back, and run the job again"
            )
        return moved


def _is_blank(path: Path) -> bool:
    """Whether there is no such file, or nothing in it: what reads makes no tables."""
    return not path.exists() or (path.is_file() and not path.stat().st_size)
