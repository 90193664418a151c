"""Both ledgers keep what the port promises, on a real Postgres and a real PostgREST."""

from __future__ import annotations

from pathlib import Path

import pytest

from vgen.abc import CostLedger
from vgen.testing.contracts import LedgerContract
from vgen_supabase import PostgresLedger, SupabaseLedger

from .served import Database, Rest


class Shared(LedgerContract):
    """One database for all folders: emptied when a test comes with a new one."""

    served: Database
    folder: Path | None = None

    def emptied(self, folder: Path) -> None:
        """Empty the database for a new folder."""
        if folder != self.folder:
            self.served.empty()
            self.folder = folder


class TestPostgresLedger(Shared):
    """Over a direct connection."""

    @pytest.fixture(autouse=True)
    def at(self, served: Database) -> None:
        """Find the server."""
        self.served = served

    def make(self, folder: Path) -> CostLedger:
        self.emptied(folder)
        return PostgresLedger(self.served.address())

    def elsewhere(self, folder: Path) -> tuple[str, ...]:
        return "vgen_supabase:PostgresLedger", self.served.address()


class TestSupabaseLedger(Shared):
    """Over the REST API."""

    gateway: Rest

    @pytest.fixture(autouse=True)
    def at(self, served: Database, gateway: Rest) -> None:
        """Find the servers."""
        self.served, self.gateway = served, gateway

    def make(self, folder: Path) -> CostLedger:
        self.emptied(folder)
        return SupabaseLedger(self.gateway.url, self.gateway.key())

    def elsewhere(self, folder: Path) -> tuple[str, ...]:
        return "vgen_supabase:SupabaseLedger", self.gateway.url, self.gateway.key()
