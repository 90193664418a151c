"""Access rights in the database: the service role may call the functions, and nothing else."""

from __future__ import annotations

from collections.abc import Generator
from decimal import Decimal
from uuid import uuid4

import httpx
import psycopg
import pytest
import trio

from vgen.abc import JobClip, Need, Purse
from vgen.errors import ConfigurationError
from vgen_supabase import PostgresLedger

from .jobs import claimed, manifest
from .servers import Database, Rest
from .worker import attempt

OUTSIDERS = ["anon", "authenticated"]
TABLES = ["jobs", "clips", "notices", "calls", "claims", "attempts", "journal", "purses"]


@pytest.mark.parametrize("role", OUTSIDERS)
@pytest.mark.parametrize(
    "function", ["vgen_jobs", "vgen_spending", "vgen_job", "vgen_claim", "vgen_conclude"]
)
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


READING = [
    "vgen_job(uuid)",
    "vgen_jobs(timestamptz, timestamptz, json, text, uuid, integer)",
    "vgen_spending(timestamptz, timestamptz, json)",
    "vgen_observed(text, integer)",
    "vgen_noticed(text, json)",
    "vgen_attempts(uuid, integer)",
    "vgen_attempt(uuid)",
    "vgen_clip(uuid, integer)",
    "vgen_unsettled(uuid)",
    "vgen_holder(uuid, integer)",
    "vgen_history(uuid)",
    "vgen_now()",
]


@pytest.fixture
def auditor(database: Database) -> Generator[str]:
    """A role that can change nothing, and may call the functions that read."""
    database.run(
        "create role auditor login; alter role auditor set default_transaction_read_only = on"
    )
    for function in READING:
        database.run(f"grant execute on function public.{function} to auditor")
    yield "auditor"
    database.run("drop owned by auditor; drop role auditor")


async def test_reading_needs_no_other_right(database: Database, auditor: str) -> None:
    """It works in read-only transactions, and waits for nobody who changes what is read."""
    job, ledger = uuid4(), PostgresLedger(database.address())
    purse = Purse(f"purse of {job}", Decimal(1))
    await ledger.open_job(manifest(job, purses=[purse]), Need())
    claim = await claimed(ledger, job)
    sent = await ledger.reserve(claim, attempt(uuid4(), job, 0, Decimal("0.10")))
    await ledger.aclose()
    reading = PostgresLedger(database.address(auditor))
    with database.connect() as writer, trio.fail_after(5):
        for table in ("jobs", "claims", "attempts", "purses"):
            writer.execute(f"select from vgen.{table} for update".encode())
        found = await reading.job(job)
        assert found is not None
        assert found.attempts == await reading.attempts(job, 0) == (sent,)
        assert await reading.attempt(sent.attempt_id) == sent
        assert await reading.clip(job, 0) == JobClip(found.manifest, total=1)
        assert sent in await reading.unsettled()
        assert await reading.holder(job, 0) == claim
        assert [line.at for line in await reading.history(job)] < [await reading.now()]
        assert (await reading.jobs())[0].job_id == job
        assert isinstance(await reading.spending(), tuple)
        assert isinstance(await reading.observed("svd", limit=1), tuple)
    with pytest.raises(ConfigurationError, match="does not let this user"):
        await reading.stop(job)
    await reading.aclose()


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
            "select public.vgen_open_job(%s, %s, '{}', '[]', '', 1, 0, 0, 0, '[]')", (job, call)
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
