"""The migration creates the ledger; applied again, it changes nothing."""

from __future__ import annotations

import subprocess
import sys
from uuid import uuid4

import psycopg
import pytest
import trio

from vgen.abc import Need
from vgen.errors import ConfigurationError, LedgerError
from vgen_supabase import PostgresLedger, SupabaseLedger

from .jobs import manifest
from .servers import Database, Rest, apply


async def test_without_it_the_ledger_says_so(empty: str) -> None:
    """Without the migration, the error says what to do."""
    ledger = PostgresLedger(empty)
    with pytest.raises(ConfigurationError, match="vgen ledger migrate"):
        await ledger.jobs()
    await ledger.aclose()


async def test_many_may_apply_it_at_once(empty: str) -> None:
    """Services that start and migrate at the same time do not conflict."""
    ledgers = [PostgresLedger(empty) for _ in range(4)]
    async with trio.open_nursery() as nursery:
        for ledger in ledgers:
            nursery.start_soon(ledger.migrate)
    for ledger in ledgers:
        assert await ledger.jobs() == ()
        await ledger.aclose()


def test_the_command_line_applies_it(empty: str) -> None:
    """One command applies the migration."""
    command = [sys.executable, "-m", "vgen", "ledger", "migrate", "--ledger", empty, "--apply"]
    assert subprocess.run(command, check=False).returncode == 0
    shown = subprocess.run(
        [sys.executable, "-m", "vgen", "jobs", "--ledger", empty],
        check=True,
        capture_output=True,
        text=True,
    )
    assert shown.stdout.strip() == "no job yet"


async def test_a_failure_changes_nothing(database: Database, empty: str) -> None:
    """A migration that fails halfway is rolled back."""
    ledger = PostgresLedger(empty.replace("postgres@", "anon@"))
    database.run("alter role anon login")
    with pytest.raises(LedgerError, match="permission denied"):
        await ledger.migrate()
    with pytest.raises(ConfigurationError, match="vgen ledger migrate"):
        await ledger.jobs()
    database.run("alter role anon nologin")
    await ledger.aclose()


@pytest.mark.parametrize(
    ("theirs", "says"),
    [
        ("create schema vgen", "schema vgen belongs to mallory"),
        ("create function public.vgen_jobs() returns json return '[]'::json", "function vgen_jobs"),
        ("create function public.vgen_jobs(text) returns text return $1", "function vgen_jobs"),
    ],
)
async def test_objects_of_a_lesser_role_are_refused(
    mallory: str, empty: str, theirs: str, says: str
) -> None:
    """A schema or function of a lesser role is refused, since that role could change it later."""
    with psycopg.connect(empty) as connection:
        connection.execute(f"grant create on database empty to {mallory}".encode())
        connection.execute(f"grant create on schema public to {mallory}".encode())
        connection.execute(f"set role {mallory}; {theirs}".encode())
    ledger = PostgresLedger(empty)
    with pytest.raises(LedgerError, match=says):
        await ledger.migrate()
    await ledger.aclose()


async def test_a_services_own_functions_stay_as_they_are(empty: str) -> None:
    """The service's own `vgen_…` functions keep their rights."""
    ledger = PostgresLedger(empty)
    with psycopg.connect(empty) as connection:
        connection.execute("create function public.vgen_report() returns integer return 1")
        connection.execute("create procedure public.vgen_tidy() begin atomic end")
        connection.execute("grant execute on function public.vgen_report() to authenticated")
        connection.commit()
        await ledger.migrate()
        connection.execute("set role authenticated")
        assert connection.execute("select public.vgen_report()").fetchone() == (1,)
    await ledger.aclose()


async def test_a_ledger_at_work_may_be_migrated(database: Database, empty: str) -> None:
    """Applying it again waits for calls in progress, without a deadlock."""
    ledger, job = PostgresLedger(empty), uuid4()
    await ledger.migrate()
    await ledger.open_job(manifest(job), Need())
    call = psycopg.connect(empty)
    call.execute("select vgen.locked(%s)", (job,))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.to_thread.run_sync, apply, empty, ledger.migration())
        waits = "select 1 from pg_locks where not granted"
        await trio.to_thread.run_sync(database.wait_for, waits)
        call.execute(
            "insert into vgen.attempts (attempt_id, job_id, clip_index, record, hold) "
            "values (%s, %s, 0, '{}', 0)",
            (uuid4(), job),
        )
        call.close()
    await ledger.aclose()


async def test_the_rest_api_cannot(gateway: Rest) -> None:
    """Over REST, the error says where to run the SQL."""
    ledger = SupabaseLedger(gateway.url, gateway.key())
    with pytest.raises(ConfigurationError, match="SQL editor"):
        await ledger.migrate()
