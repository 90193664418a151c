"""What SQLite ledgers do in their files."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from attrs import define, field

from vgen.builtin.schema import connect

EVERY = 10
"""The instructions of SQLite's virtual machine between two counts of them."""


@define
class Statements:
    """The statements that were run, how many rows they gave, and about how much work they were.

    `instructions` counts those of SQLite's virtual machine, in tens.
    """

    ran: list[str] = field(factory=list[str])
    rows: int = 0
    instructions: int = 0

    def connect(self, path: Path, *, make: bool) -> sqlite3.Connection:
        """Open a ledger's file, and note what is done with it."""
        connection = connect(path, make=make)
        connection.set_trace_callback(self.ran.append)
        connection.set_progress_handler(self._count, EVERY)
        connection.row_factory = self._row
        return connection

    def clear(self) -> None:
        """Count anew."""
        self.ran.clear()
        self.rows = self.instructions = 0

    def _count(self) -> None:
        self.instructions += 1

    def _row(self, _cursor: sqlite3.Cursor, row: tuple[Any, ...]) -> tuple[Any, ...]:
        self.rows += 1
        return row
