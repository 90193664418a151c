"""The migration makes what the ledger needs, once, whoever applies it and how often."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Generator

import pytest
import trio

from vgen.errors import ConfigurationError, LedgerError
from vgen_supabase import PostgresLedger, SupabaseLedger

from .served import Database, Rest


@pytest.fixture
def empty(served: Database) -> Generator[str]:
    """The address of a database without a ledger."""
    served.run("create database bare")
    yield served.address(database="bare")
    served.run("drop database bare with (force)")


async def test_without_it_the_ledger_says_so(empty: str) -> None:
    """A database without the tables is no ledger, and the error says what to do."""
    ledger = PostgresLedger(empty)
    with pytest.raises(ConfigurationError, match="vgen ledger migrate"):
        await ledger.jobs()
    await ledger.aclose()


async def test_many_may_apply_it_at_once(empty: str) -> None:
    """Services that start together do not get in each other's way."""
    ledgers = [PostgresLedger(empty) for _ in range(4)]
    async with trio.open_nursery() as nursery:
        for ledger in ledgers:
            nursery.start_soon(ledger.migrate)
    for ledger in ledgers:
        assert await ledger.jobs() == ()
        await ledger.aclose()


def test_the_command_line_applies_it(empty: str) -> None:
    """One command makes a database a ledger, and again changes nothing."""
    command = [sys.executable, "-m", "vgen", "ledger", "migrate", "--ledger", empty, "--apply"]
    for _ in range(2):
        assert subprocess.run(command, check=False).returncode == 0
    shown = subprocess.run(
        [sys.executable, "-m", "vgen", "ledger", "--ledger", empty],
        check=True,
        capture_output=True,
        text=True,
    )
    assert shown.stdout.strip() == "no job yet"


async def test_a_failure_changes_nothing(served: Database, empty: str) -> None:
    """Half a migration is none."""
    ledger = PostgresLedger(empty.replace("postgres@", "anon@"))
    served.run("alter role anon login")
    with pytest.raises(LedgerError, match="permission denied"):
        await ledger.migrate()
    served.run("alter role anon nologin")
    await ledger.aclose()


async def test_the_rest_api_cannot(gateway: Rest) -> None:
    """Over REST it says where the SQL is to be run."""
    ledger = SupabaseLedger(gateway.url, gateway.key())
    with pytest.raises(ConfigurationError, match="SQL editor"):
        await ledger.migrate()
