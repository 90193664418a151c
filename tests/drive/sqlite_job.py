"""A SQLite ledger in a real file, for whole jobs in virtual time."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import trio
from attrs import define, field

from tests.drive.jobs import JOB, PLENTY, prompts
from vgen import Clips, SQLiteLedger, open_runner
from vgen.abc import Attempt, Prepared, Ticket
from vgen.builtin.schema import connect
from vgen.testing import FakeBackend, MemoryStorage, inline_inspector


class Watched(FakeBackend):
    """A fake that calls `after_submit` when it has accepted, before its answer is heard."""

    after_submit: Callable[[], object] = int

    async def submit(self, prepared: Prepared, attempt_id: UUID) -> Ticket:
        ticket = await super().submit(prepared, attempt_id)
        self.after_submit()
        return ticket


@define
class SQLiteJob:
    """One ledger file, and what a job on it leaves in the fakes.

    `ahead` is how far the ledger's clock is ahead of Trio's, in seconds.
    """

    path: Path
    fake: Watched = field(factory=Watched)
    storage: MemoryStorage = field(factory=MemoryStorage)
    ahead: float = 1_000_000.0
    read_only: bool = False
    newest: sqlite3.Connection | None = None

    @property
    def ledger(self) -> SQLiteLedger:
        """The ledger, as a new process opens it."""
        return SQLiteLedger(self.path, clock=lambda: trio.current_time() + self.ahead)

    def connect(self, path: Path, *, make: bool) -> sqlite3.Connection:
        """Open the file as the ledger does, but wait for a lock in virtual time alone."""
        connection = connect(path, make=make)
        connection.execute("PRAGMA busy_timeout = 0")
        connection.execute(f"PRAGMA query_only = {self.read_only}")
        self.newest = connection
        return connection

    def let_write(self, *, allowed: bool) -> None:
        """Have SQLite refuse every write, as it does for a file that is read-only; or no more."""
        self.read_only = not allowed
        if self.newest is not None:
            with suppress(sqlite3.ProgrammingError):  # the ledger has closed it
                self.newest.execute(f"PRAGMA query_only = {self.read_only}")

    @contextmanager
    def locked(self) -> Generator[None]:
        """Hold the file's lock, as another program would."""
        connection = sqlite3.connect(self.path, isolation_level=None)
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            connection.close()

    async def play(self, *texts: str) -> Clips:
        """Run the job once, as a process of its own would."""
        async with open_runner(
            backends=[self.fake],
            storage=self.storage,
            ledger=self.ledger,
            inspector=inline_inspector(),
        ) as runner:
            return await runner.process(JOB, prompts(*texts or "abc"), budget=PLENTY)

    async def attempts(self) -> tuple[Attempt, ...]:
        """Read what the ledger has of the job."""
        ledger = self.ledger
        job = await ledger.job(JOB)
        await ledger.aclose()
        return job.attempts if job else ()

    async def nothing_is_lost_or_paid_twice(self) -> None:
        """Compare the books of ledger, provider and storage once the job is finished."""
        paid = Counter(charge.prompt for charge in self.fake.charges if charge.amount)
        assert paid == Counter("abc")
        assert len(self.storage.files) == 3
        assert self.fake.running == []
        charged = {charge.attempt_id: charge.amount for charge in self.fake.charges}
        for attempt in await self.attempts():
            assert not attempt.is_open
            assert attempt.spent == charged.get(attempt.attempt_id, Decimal(0))
