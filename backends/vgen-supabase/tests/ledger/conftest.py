"""A database without a ledger."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from .servers import Database


@pytest.fixture
def empty(database: Database) -> Generator[str]:
    """The address of a database without a ledger."""
    database.run("create database empty")
    yield database.address(database="empty")
    database.run("drop database empty with (force)")
