"""The service's own table of jobs is updated with each job's cost."""

from __future__ import annotations

from collections.abc import Generator
from decimal import Decimal
from uuid import uuid4

import pytest

from vgen.abc import Need
from vgen_supabase import PostgresLedger

from .jobs import manifest, spend
from .servers import Database

SPENT = Decimal("0.12")


@pytest.fixture
def jobs(database: Database, request: pytest.FixtureRequest) -> Generator[Database]:
    """A service's table of jobs, with an id of the type that the test names."""
    database.run(f"create table public.jobs (id {request.param} primary key, total_cost numeric)")
    yield database
    database.run("drop table if exists public.jobs cascade; drop function if exists public.no()")


async def spent(database: Database) -> list[tuple[object, ...]]:
    """Spend on a job in the table, and return what the table contains then."""
    job = uuid4()
    database.run(f"insert into public.jobs values ('{job}', 0)")  # noqa: S608 (our own id)
    ledger = PostgresLedger(database.address())
    await spend(ledger, job, str(SPENT))
    account = await ledger.conclude(job, "done")
    await ledger.aclose()
    assert account.spent == SPENT
    return database.run("select total_cost from public.jobs")


@pytest.mark.parametrize("jobs", ["uuid", "text", "varchar(40)"], indirect=True)
async def test_the_sum_is_written(jobs: Database) -> None:
    """The sum is written, whatever the type of the id column."""
    assert await spent(jobs) == [(SPENT,)]


@pytest.mark.parametrize("jobs", ["uuid"], indirect=True)
async def test_a_locked_row_is_updated_at_the_end(jobs: Database) -> None:
    """A locked row does not block the ledger; it is updated when the job is concluded."""
    job = uuid4()
    jobs.run(f"insert into public.jobs values ('{job}', 0)")  # noqa: S608 (our own id)
    ledger = PostgresLedger(jobs.address())
    holder = jobs.connect()
    holder.execute("select * from public.jobs for update")
    await ledger.open_job(manifest(job), Need())
    jobs.run("alter function vgen.tell_total_cost reset lock_timeout")
    await spend(ledger, job, str(SPENT))
    jobs.run("alter function vgen.tell_total_cost set lock_timeout = '100ms'")
    assert jobs.run("select total_cost from public.jobs") == [(0,)]
    holder.rollback()
    holder.close()
    await ledger.conclude(job, "done")
    assert jobs.run("select total_cost from public.jobs") == [(SPENT,)]
    await ledger.aclose()


@pytest.mark.parametrize("jobs", ["uuid"], indirect=True)
async def test_a_lesser_roles_table_is_left_alone(jobs: Database, mallory: str) -> None:
    """Its triggers would run with the ledger's rights."""
    jobs.run(f"alter table public.jobs owner to {mallory}")
    assert await spent(jobs) == [(0,)]


@pytest.mark.parametrize("jobs", ["uuid"], indirect=True)
@pytest.mark.parametrize("state", ["query_canceled", "assert_failure", "raise_exception"])
async def test_failing_triggers_are_ignored(jobs: Database, state: str) -> None:
    """A failing trigger on the table does not stop the ledger."""
    jobs.run(
        "create function public.no() returns trigger language plpgsql as "
        f"$$ begin raise {state}; end $$; "
        "create trigger no before update on public.jobs for each row execute function public.no()"
    )
    assert await spent(jobs) == [(0,)]


@pytest.mark.parametrize("jobs", ["uuid"], indirect=True)
async def test_a_table_without_the_column_is_left_alone(jobs: Database) -> None:
    """A table `jobs` without `total_cost` is not touched."""
    jobs.run("alter table public.jobs rename total_cost to price")
    ledger = PostgresLedger(jobs.address())
    await spend(ledger, uuid4(), "0.12")
    await ledger.aclose()
