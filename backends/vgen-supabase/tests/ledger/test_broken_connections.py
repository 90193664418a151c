"""Both ledgers pass the contract while their connections break at random points.

A lost answer must not show: a retried call is done once, and is in the journal once.
"""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from random import Random

import pytest

from vgen.abc import CostLedger
from vgen.testing.contracts import LedgerContract
from vgen_supabase import PostgresLedger, SupabaseLedger

from .proxy import Cut, Proxy, proxied
from .servers import Database, Rest

LEAST, MOST = 2.5, 5.5
"""Decimal logarithms of how many bytes pass in each direction; connecting takes some hundreds."""


class BrokenConnections(LedgerContract):
    """The contract with every connection broken, and a check that some were."""

    examples, size, users, operations = 8, 8, 2, 20
    database: Database
    proxy: Proxy
    folder: Path | None = None

    def emptied(self, folder: Path) -> None:
        """Empty the database for a new folder."""
        if folder != self.folder:
            self.database.empty()
            self.folder = folder

    def break_connections(self) -> None:
        """Break the connections from now on."""
        rng = Random(5)  # noqa: S311 (not for security)
        self.proxy.plan = lambda: Cut(
            from_client=int(10 ** rng.uniform(LEAST, MOST)),
            from_server=int(10 ** rng.uniform(LEAST, MOST)),
        )

    def test_it_agrees_with_the_model(self) -> None:
        """Despite broken connections, it agrees with the model."""
        super().test_it_agrees_with_the_model()
        assert self.proxy.broken > 0


class TestPostgresLedger(BrokenConnections):
    """Over a direct connection."""

    @pytest.fixture(autouse=True)
    def at(self, database: Database) -> Generator[None]:
        """Break the connections to the database."""
        self.database = database
        with proxied(database.port) as self.proxy:
            self.break_connections()
            yield

    @property
    def address(self) -> str:
        """The address of the proxy."""
        return Database(self.proxy.port).address()

    def make(self, folder: Path) -> CostLedger:
        self.emptied(folder)
        return PostgresLedger(self.address)

    def subprocess_factory(self, folder: Path) -> tuple[str, ...]:
        return "vgen_supabase:PostgresLedger", self.address


class TestSupabaseLedger(BrokenConnections):
    """Over the REST API."""

    rest: Rest

    @pytest.fixture(autouse=True)
    def at(self, database: Database, gateway: Rest) -> Generator[None]:
        """Break the connections to the REST API."""
        self.database, self.rest, self.proxy = database, gateway, gateway.gateway
        self.break_connections()
        yield
        self.proxy.stop_breaking()

    def make(self, folder: Path) -> CostLedger:
        self.emptied(folder)
        return SupabaseLedger(self.rest.url, self.rest.key())

    def subprocess_factory(self, folder: Path) -> tuple[str, ...]:
        return "vgen_supabase:SupabaseLedger", self.rest.url, self.rest.key()
