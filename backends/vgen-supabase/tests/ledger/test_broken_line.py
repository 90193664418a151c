"""Both ledgers keep what the port promises while their connections break, wherever that is.

A lost answer must not show: what is asked again is done once, and stands in the journal once.
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
from .served import Database, Rest

LEAST, MOST = 2.5, 5.5
"""The logarithms of how many bytes go either way: to connect takes some hundreds."""


class Broken(LedgerContract):
    """Breaks every connection, and sees that it did."""

    examples, size, crowd, steps = 8, 8, 2, 20
    served: Database
    line: Proxy
    folder: Path | None = None

    def emptied(self, folder: Path) -> None:
        """Empty the database for a new folder."""
        if folder != self.folder:
            self.served.empty()
            self.folder = folder

    def break_lines(self) -> None:
        """Break the connections from now on."""
        rng = Random(5)  # noqa: S311 (where they break is no secret)
        self.line.plan = lambda: Cut(
            asked=int(10 ** rng.uniform(LEAST, MOST)),
            answered=int(10 ** rng.uniform(LEAST, MOST)),
        )

    def test_it_agrees_with_the_model(self) -> None:
        """Whatever breaks, it answers as the model does, which nothing breaks."""
        super().test_it_agrees_with_the_model()
        assert self.line.broken > 0


class TestPostgresLedger(Broken):
    """Over a direct connection."""

    @pytest.fixture(autouse=True)
    def at(self, served: Database) -> Generator[None]:
        """Break the connections to the database."""
        self.served = served
        with proxied(served.port) as self.line:
            self.break_lines()
            yield

    @property
    def address(self) -> str:
        """Where the broken line begins."""
        return Database(self.line.port).address()

    def make(self, folder: Path) -> CostLedger:
        self.emptied(folder)
        return PostgresLedger(self.address)

    def elsewhere(self, folder: Path) -> tuple[str, ...]:
        return "vgen_supabase:PostgresLedger", self.address


class TestSupabaseLedger(Broken):
    """Over the REST API."""

    rest: Rest

    @pytest.fixture(autouse=True)
    def at(self, served: Database, gateway: Rest) -> Generator[None]:
        """Break the connections to the REST API."""
        self.served, self.rest, self.line = served, gateway, gateway.gateway
        self.break_lines()
        yield
        self.line.mend()

    def make(self, folder: Path) -> CostLedger:
        self.emptied(folder)
        return SupabaseLedger(self.rest.url, self.rest.key())

    def elsewhere(self, folder: Path) -> tuple[str, ...]:
        return "vgen_supabase:SupabaseLedger", self.rest.url, self.rest.key()
