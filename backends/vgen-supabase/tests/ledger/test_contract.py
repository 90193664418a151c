"""Both ledgers pass the contract, on a real Postgres and a real PostgREST."""

from __future__ import annotations

from pathlib import Path

import pytest

from vgen.abc import CostLedger
from vgen.testing.contracts import LedgerContract
from vgen_supabase import PostgresLedger, SupabaseLedger

from .servers import Database, Rest


class Shared(LedgerContract):
    """The contract on one database, which is emptied for each new folder."""

    database: Database
    folder: Path | None = None

    def emptied(self, folder: Path) -> None:
        """Empty the database for a new folder."""
        if folder != self.folder:
            self.database.empty()
            self.folder = folder


class TestPostgresLedger(Shared):
    """Over a direct connection."""

    @pytest.fixture(autouse=True)
    def at(self, database: Database) -> None:
        """Find the server."""
        self.database = database

    def make(self, folder: Path) -> CostLedger:
        self.emptied(folder)
        return PostgresLedger(self.database.address())

    def subprocess_factory(self, folder: Path) -> tuple[str, ...]:
        return "vgen_supabase:PostgresLedger", self.database.address()


class TestSupabaseLedger(Shared):
    """Over the REST API: the functions are the same, so that fewer histories are enough."""

    examples = 8
    gateway: Rest

    @pytest.fixture(autouse=True)
    def at(self, database: Database, gateway: Rest) -> None:
        """Find the servers."""
        self.database, self.gateway = database, gateway

    def make(self, folder: Path) -> CostLedger:
        self.emptied(folder)
        return SupabaseLedger(self.gateway.url, self.gateway.key())

    def subprocess_factory(self, folder: Path) -> tuple[str, ...]:
        return "vgen_supabase:SupabaseLedger", self.gateway.url, self.gateway.key()
