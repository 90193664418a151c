"""A ledger in a file, and a clock that stands until it is moved."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from vgen import SQLiteLedger

from .clock import Clock
from .statements import Statements


@pytest.fixture
def clock() -> Clock:
    """The ledger's time."""
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the ledger is, or will be."""
    return tmp_path / "vgen.db"


@pytest.fixture
async def ledger(path: Path, clock: Clock) -> AsyncIterator[SQLiteLedger]:
    """A ledger on a new file."""
    ledger = SQLiteLedger(path, clock=clock)
    yield ledger
    await ledger.aclose()


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> Statements:
    """What is done in the files of ledgers that are opened from now on."""
    statements = Statements()
    monkeypatch.setattr("vgen.builtin.sqlite.connect", statements.connect)
    return statements
