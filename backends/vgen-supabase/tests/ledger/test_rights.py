"""Access rights in the database: the service role may call the functions, and nothing else."""

from __future__ import annotations

from uuid import uuid4

import httpx
import psycopg
import pytest

from .servers import Database, Rest

OUTSIDERS = ["anon", "authenticated"]
TABLES = ["jobs", "calls", "claims", "attempts", "journal"]


@pytest.mark.parametrize("role", OUTSIDERS)
@pytest.mark.parametrize("function", ["vgen_jobs", "vgen_job", "vgen_claim", "vgen_conclude"])
def test_outsiders_call_nothing(gateway: Rest, role: str, function: str) -> None:
    """With a key for browsers, no function can be called."""
    key = gateway.key(role)
    answer = httpx.post(
        f"{gateway.url}/rest/v1/rpc/{function}",
        json={},
        headers={"apikey": key, "Authorization": f"Bearer {key}"},
    )
    assert answer.status_code in {401, 403, 404}


@pytest.mark.parametrize("role", [*OUTSIDERS, "service_role"])
@pytest.mark.parametrize("table", TABLES)
def test_the_tables_are_for_the_functions_alone(database: Database, role: str, table: str) -> None:
    """No role reads or writes the tables directly, not even the service role."""
    rights = f"has_schema_privilege('{role}', 'vgen', 'usage'), has_table_privilege('{role}', "
    assert database.run(f"select {rights}'vgen.{table}', 'select')") == [(False, False)]
    for statement in (f"select * from vgen.{table}", f"delete from vgen.{table}"):  # noqa: S608 (our own names)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            database.run(f"set role {role}; {statement}")


def test_the_tables_are_not_served(gateway: Rest) -> None:
    """The REST API does not expose the tables."""
    key = gateway.key()
    headers = {"apikey": key, "Authorization": f"Bearer {key}"}
    for table in TABLES:
        answer = httpx.get(f"http://127.0.0.1:{gateway.port}/{table}", headers=headers)
        assert answer.status_code == httpx.codes.NOT_FOUND


def test_callers_cannot_become_the_owner(database: Database, mallory: str) -> None:
    """A caller's own types do not shadow those that the functions use."""
    with database.connect(mallory) as connection:
        connection.execute(
            "create function pg_temp.peek(value pg_catalog.text) returns boolean language plpgsql "
            "as $$ begin raise exception 'runs as %', current_user; end $$; "
            "create domain pg_temp.text as pg_catalog.text check (pg_temp.peek(value))"
        )
        job, call = uuid4(), uuid4()
        opened = connection.execute(
            "select public.vgen_open_job(%s, %s, '{}', 1, 0, '[]')", (job, call)
        ).fetchone()
    assert opened is not None


def test_rows_are_secured(database: Database) -> None:
    """Row-level security hides all rows, even if a table is granted by mistake."""
    found = database.run(
        "select count(*) from pg_class where relnamespace = 'vgen'::regnamespace "
        "and relkind = 'r' and relrowsecurity"
    )
    assert found == [(len(TABLES),)]


@pytest.mark.parametrize("role", ["anon", "authenticated", "service_role"])
def test_internal_functions_cannot_be_called(database: Database, role: str) -> None:
    """No role may call the internal functions of the schema `vgen`."""
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        database.run(f"set role {role}; select vgen.refuse('a joke')")
