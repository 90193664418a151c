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


class HookedBackend(FakeBackend):
    """A fake that calls `after_submit` when it has accepted an attempt, before it returns."""

    after_submit: Callable[[], object] = int

    async def submit(self, prepared: Prepared, attempt_id: UUID) -> Ticket:
        ticket = await super().submit(prepared, attempt_id)
        self.after_submit()
        return ticket


@define
class SQLiteJob:
    """A job on one ledger file, and its fakes.

    `clock_offset` is how far the ledger's clock is ahead of Trio's, in seconds.
    """

    path: Path
    fake: HookedBackend = field(factory=HookedBackend)
    storage: MemoryStorage = field(factory=MemoryStorage)
    clock_offset: float = 1_000_000.0
    read_only: bool = False
    newest: sqlite3.Connection | None = None

    @property
    def ledger(self) -> SQLiteLedger:
        """A new ledger on the file, as a new process would open it."""
        return SQLiteLedger(self.path, clock=lambda: trio.current_time() + self.clock_offset)

    def connect(self, path: Path, *, make: bool) -> sqlite3.Connection:
        """Open the file as the ledger does, but wait for locks in virtual time only."""
        connection = connect(path, make=make)
        connection.execute("PRAGMA busy_timeout = 0")
        connection.execute(f"PRAGMA query_only = {self.read_only}")
        self.newest = connection
        return connection

    def let_write(self, *, allowed: bool) -> None:
        """Make SQLite refuse every write, as for a read-only file, or allow them again."""
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

    async def run_job(self, *texts: str, ledger: SQLiteLedger | None = None) -> Clips:
        """Run the job once, as a new process would, on its own `ledger` if it has one."""
        async with open_runner(
            backends=[self.fake],
            storage=self.storage,
            ledger=ledger or self.ledger,
            inspector=inline_inspector(),
        ) as runner:
            return await runner.process(JOB, prompts(*texts or "abc"), budget=PLENTY)

    async def attempts(self) -> tuple[Attempt, ...]:
        """Return the job's attempts from the ledger."""
        ledger = self.ledger
        job = await ledger.job(JOB)
        await ledger.aclose()
        return job.attempts if job else ()

    async def check_nothing_lost_or_paid_twice(self) -> None:
        """Check a finished job: each clip stored and paid for once, as it was charged."""
        paid = Counter(charge.prompt for charge in self.fake.charges if charge.amount)
        assert paid == Counter("abc")
        assert len(self.storage.files) == 6
        assert self.fake.running == []
        charged = {charge.attempt_id: charge.amount for charge in self.fake.charges}
        for attempt in await self.attempts():
            assert not attempt.is_open
            assert attempt.spent == charged.get(attempt.attempt_id, Decimal(0))
