"""What the books tell is read through indexes, however many jobs a ledger has."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from vgen_supabase import PostgresLedger

from .servers import apply

MANY_JOBS = """
set session_replication_role = replica;
insert into vgen.jobs (
    job_id, terms, budget, spent, opened_at, name, folder, backends, clips, min_clips, made
)
select gen_random_uuid(), '{}', 1, 0.6, '2026-01-01Z'::timestamptz + number * interval '52 minutes',
    '"film"', '"/clips"', '{"\\"svd\\""}', 6, 3, number % 7
from generate_series(1, 10000) number;
insert into vgen.attempts (
    attempt_id, job_id, clip_index, record, hold, money, custody, billed, sent, reserved_at, purses
)
select gen_random_uuid(), job_id, clip,
    format('{"backend": "model %s", "account": "me", "rest": "%s"}', clip, repeat('.', 300)),
    0.1, 'settled', 'stored', 0.1, true, opened_at, '{team}'
from vgen.jobs, generate_series(0, 5) clip;
insert into vgen.journal (at, job_id, clip_index, attempt_id, entry, spent, held, in_doubt)
select reserved_at + moved * interval '40 seconds', job_id, clip_index, attempt_id,
    case moved when 0 then '{"entry": "Reserved"}' else '{"billed": "0.1", "entry": "Settled"}' end,
    0.1 * moved, 0.1 - 0.2 * moved, 0
from vgen.attempts, generate_series(0, 1) moved;
vacuum analyze vgen.jobs, vgen.attempts, vgen.journal;
"""
"""10,000 jobs of six clips each, over a year."""

MONTH = "since => '2026-03-01Z', until => '2026-04-01Z'"
BY_ALL = """keys => '["backend", "account", "purse", "day"]'"""

READ = """
select coalesce(sum(seq_tup_read), 0), coalesce(sum(idx_tup_fetch), 0)
from pg_stat_xact_user_tables where schemaname = 'vgen' and relname <> 'claims'
"""
"""How many rows were read of whole tables, and how many through indexes."""


@pytest.fixture
def connection(empty: str) -> Generator[psycopg.Connection]:
    """A connection to a ledger that has many jobs."""
    apply(empty, PostgresLedger(empty).migration())
    with psycopg.connect(empty, autocommit=True) as connection:
        for statement in MANY_JOBS.split(";")[:-1]:
            connection.execute(statement.encode())
        connection.execute("reset session_replication_role")
        yield connection


def rows_read(connection: psycopg.Connection, call: str) -> tuple[Any, int, int]:
    """Return a call's answer, and how many rows it read: of whole tables, and through indexes."""
    with connection.transaction():
        before: Any = connection.execute(READ).fetchone()
        answer: Any = connection.execute(f"select public.{call}".encode()).fetchone()
        after: Any = connection.execute(READ).fetchone()
    return answer[0], after[0] - before[0], after[1] - before[1]


def test_no_table_is_read_as_a_whole(connection: psycopg.Connection) -> None:
    """A page of jobs, a month's spending and what estimates learn from read only what they tell."""
    for call, told, most_read in [
        ("vgen_jobs()", 50, 100),
        ("vgen_jobs(since => '2026-12-01Z')", 50, 100),
        ("vgen_jobs(after => (select job_id from vgen.jobs where place = 5000))", 50, 100),
        ("vgen_jobs(states => '[\"short\"]', most => 10)", 10, 100),
        (f"vgen_spending({MONTH})", 1, 100),
        (f"vgen_spending({MONTH}, {BY_ALL})", 31 * 6, 100),
        ("vgen_observed('\"model 3\"', 200)", 200, 1000),
    ]:
        answer, whole, by_index = rows_read(connection, call)
        assert len(answer) == told
        assert not whole, f"{call} reads a whole table"
        assert by_index <= most_read, f"{call} reads {by_index} rows"


JOB_OF = """
insert into vgen.jobs (job_id, terms, budget, spent, clips)
values ('{job}', '{{}}', 9000, 0, {clips});
insert into vgen.clips
select '{job}', place, place, '{{}}' from generate_series(0, {clips} - 1) place;
insert into vgen.attempts (
    attempt_id, job_id, clip_index, record, hold, money, custody, billed, sent
)
select gen_random_uuid(), job_id, clip_index, '{{}}', 0.1, 'settled', 'stored', 0.1, true
from vgen.clips where job_id = '{job}' and clip_index > 0;
analyze vgen.jobs, vgen.clips, vgen.attempts;
"""

TICKETED = '{"entry": "Ticketed"}'
STEPS = (
    "vgen_claim('{job}', 0, 'me', gen_random_uuid(), 60)",
    "vgen_reserve('{job}', 0, 1, '{job}', 0.1, '{{}}')",
    "vgen_advance('{job}', 0, 1, '{job}', 'held', 'intended', '{{}}', '{change}')",
    "vgen_renew('{job}', 0, 1, 60)",
    "vgen_attempts('{job}', 0)",
    "vgen_clip('{job}', 0)",
    "vgen_unsettled('{job}')",
    "vgen_conclude('{job}', gen_random_uuid(), 'done')",
)


def test_a_step_reads_no_more_in_a_large_job(connection: psycopg.Connection) -> None:
    """Of a job of 3,000 clips, each call reads a handful of rows, as of one of ten.

    A few more or less are the versions of a row that were not cleaned up yet.
    """
    read: list[list[int]] = []
    for clips in (10, 3_000):
        job = uuid4()
        for statement in JOB_OF.format(job=job, clips=clips).split(";")[:-1]:
            connection.execute(statement.encode())
        calls = [step.format(job=job, change=TICKETED) for step in STEPS]
        read.append([sum(rows_read(connection, call)[1:]) for call in calls])
    small, large = read
    assert all(more <= few + 5 for few, more in zip(small, large, strict=True)), f"{small} {large}"
