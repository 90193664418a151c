"""The ledgers of the core keep the port's contract."""

from __future__ import annotations

from pathlib import Path

from trio.abc import Clock
from trio.testing import MockClock

from vgen import SQLiteLedger
from vgen.ports.ledger import CostLedger
from vgen.testing import MemoryLedger
from vgen.testing.contracts import LedgerContract


class TestMemoryLedger(LedgerContract):
    """The reference implementation itself: one ledger for each folder."""

    def clock(self) -> Clock:
        return MockClock(autojump_threshold=0)

    def make(self, folder: Path) -> CostLedger:
        made: dict[Path, MemoryLedger] = self.__dict__.setdefault("made", {})
        return made.setdefault(folder, MemoryLedger())


class TestSQLiteLedger(LedgerContract):
    """A ledger in a file, which processes may share."""

    def make(self, folder: Path) -> CostLedger:
        return SQLiteLedger(folder / "vgen.db")

    def subprocess_factory(self, folder: Path) -> tuple[str, ...]:
        return "vgen:SQLiteLedger", str(folder / "vgen.db")
