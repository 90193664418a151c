"""A ledger that an older vgen has made is moved on by the migration, in place."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID, uuid4

import pytest
import trio
from attrs import evolve

from vgen import JobState, Spending, SpendingKey, to_json
from vgen.abc import (
    Attempt,
    CostLedger,
    JobClip,
    Need,
    Planned,
    PlannedClip,
    Released,
    Reserved,
    State,
)
from vgen.errors import ConfigurationError, LedgerError
from vgen_supabase import PostgresLedger

from .jobs import book, claimed, manifest
from .servers import apply
from .test_texts import NASTY
from .worker import attempt

BEFORE_CLIPS = """
alter table vgen.jobs rename column terms to manifest;
update vgen.jobs j set manifest = vgen.manifest(
    j.manifest, array(select record from vgen.clips c where c.job_id = j.job_id order by c.place)
);
drop table vgen.clips;
drop function public.vgen_open_job, public.vgen_clip, public.vgen_unsettled, vgen.release,
    vgen.release_planned, vgen.encoded_once, vgen.manifest, vgen.described;
create function public.vgen_open_job(
    uuid, uuid, text, text, numeric, numeric, numeric, numeric, json
) returns json language sql as 'select null::json';
create function public.vgen_unsettled() returns json language sql as 'select null::json';
create function vgen.release_planned(uuid, integer) returns void language sql as '';
create function vgen.described(text) returns text language sql as 'select $1';
"""
"""What makes a ledger one whose jobs have whole manifests."""

BEFORE_PURSES = (
    BEFORE_CLIPS
    + """
drop function public.vgen_open_job, public.vgen_conclude, public.vgen_jobs, public.vgen_spending,
    public.vgen_observed, vgen.lock_purses, vgen.holders, vgen.check_limits, vgen.encoded_twice,
    vgen.described;
drop table vgen.purses;
drop index vgen.jobs_in_order, vgen.spending;
alter table vgen.jobs drop column name, drop column folder, drop column backends, drop column clips,
    drop column min_clips, drop column made, drop column purses, drop column purse_limits;
alter table vgen.attempts drop column purses, drop column backend, drop column account;
update vgen.jobs
set manifest = replace(manifest, ', "purses": [], "name": "", "folder": ""', '');
create function public.vgen_open_job(uuid, uuid, text, numeric, numeric, json, text default '')
    returns json language sql as 'select null::json';
create function public.vgen_conclude(uuid, uuid, text) returns json
    language sql as 'select null::json';
create function public.vgen_jobs() returns json language sql as 'select null::json';
create function vgen.plan(uuid, uuid, integer, numeric, text) returns vgen.attempts
    language sql as 'select null::vgen.attempts';
create function vgen.admit(uuid, numeric, numeric) returns void language sql as '';
"""
)
"""What makes a ledger one of before jobs had purses."""

BEFORE_OPENINGS = f"""
{BEFORE_PURSES}
alter table vgen.jobs drop column opening;
alter table vgen.claims drop column opening;
drop function public.vgen_open_job, public.vgen_claim;
create function public.vgen_open_job(uuid, uuid, text, numeric, numeric, json) returns json
    language sql as 'select null::json';
create function public.vgen_claim(uuid, integer, text, uuid, double precision) returns integer
    language sql as 'select 7';
"""
"""What makes a ledger one of before jobs had openings."""


@pytest.fixture
def ledger(empty: str) -> PostgresLedger:
    """A ledger that is to become an older one."""
    return PostgresLedger(empty)


async def moved_back(ledger: PostgresLedger, empty: str, script: str) -> None:
    """Make it an older one."""
    await ledger.aclose()
    await trio.to_thread.run_sync(apply, empty, script)


async def moved_on(ledger: PostgresLedger) -> None:
    """Migrate it, and once more."""
    for _ in range(2):
        await ledger.migrate()


async def test_a_ledger_of_before_openings(ledger: PostgresLedger, empty: str) -> None:
    """Until it is migrated the error says so; then its jobs and claims can be worked on."""
    job = uuid4()
    await ledger.migrate()
    await ledger.open_job(manifest(job), Need())
    first = await claimed(ledger, job)
    await moved_back(ledger, empty, BEFORE_OPENINGS)
    with pytest.raises(ConfigurationError, match="vgen ledger migrate"):
        await claimed(ledger, job, 1)
    await moved_on(ledger)
    await ledger.renew(first, lease=60)
    assert (await claimed(ledger, job, 1)).epoch == 1
    await ledger.aclose()


async def test_its_jobs_are_listed_and_summed_up(ledger: PostgresLedger, empty: str) -> None:
    """What the books tell of jobs and attempts of an older vgen is what their records say."""
    ended, left = UUID(int=1), UUID(int=2)
    await ledger.migrate()
    clips = manifest(ended, clips=3).clips
    routes: list[tuple[str, ...]] = [("svd", NASTY), ("other",), ("svd",)]
    routed = tuple(map(rerouted, clips, routes))
    await ledger.open_job(evolve(manifest(ended), clips=routed, min_clips=2), Need())
    await book(ledger, ended, "0.12", backend=NASTY)
    await ledger.conclude(ended, "2 of 3 clips")
    await ledger.open_job(evolve(manifest(left, clips=2), backends=(NASTY, "svd")), Need())
    await moved_back(ledger, empty, BEFORE_PURSES)
    with pytest.raises(ConfigurationError, match="vgen ledger migrate"):
        await ledger.spending()
    await moved_on(ledger)
    second, first = await ledger.jobs()
    assert (first.job_id, first.state, first.made, first.clips) == (ended, JobState.FINISHED, 2, 3)
    assert first.backends == ("svd", NASTY, "other")
    assert (second.job_id, second.state, second.made) == (left, JobState.NEVER_SENT, 0)
    assert (second.backends, second.name, second.folder) == ((NASTY, "svd"), "", "")
    assert await ledger.spending(by=set(SpendingKey) - {SpendingKey.DAY}) == (
        Spending(Decimal("0.12"), 1, backend=NASTY, account=NASTY, purse=""),
    )
    (seen,) = await ledger.observed(NASTY, limit=5)
    assert (seen.backend, seen.billed, seen.verdict) == (NASTY, Decimal("0.12"), State.FAILED)
    await ledger.aclose()


async def test_its_manifests_are_kept(ledger: PostgresLedger, empty: str) -> None:
    """Whatever text is in them, what is read of a job after the migration is what it was."""
    job = uuid4()
    texts = [NASTY, '\\"', "\\\\", '", "clips": [', "\n\t\\n", ""]
    clips = tuple(map(prompted, manifest(job, clips=len(texts)).clips, texts))
    before = evolve(manifest(job), clips=clips, name='"clips": [' + NASTY, folder="\\")
    await ledger.migrate()
    await ledger.open_job(before, Need())
    await moved_back(ledger, empty, BEFORE_CLIPS)
    with pytest.raises(ConfigurationError, match="vgen ledger migrate"):
        await ledger.clip(job, 0)
    await moved_on(ledger)
    found = await ledger.job(job)
    assert found is not None
    assert found.manifest == before
    for index, planned in enumerate(clips):
        alone = JobClip(evolve(before, clips=(planned,)), total=len(texts))
        assert await ledger.clip(job, index) == alone
    (listed,) = await ledger.jobs()
    assert (listed.clips, listed.name, listed.backends) == (len(texts), before.name, ("svd",))
    await ledger.aclose()


def prompted(clip: PlannedClip, text: str) -> PlannedClip:
    """Return the clip with other words in it."""
    return evolve(clip, notes=(text,), request=evolve(clip.request, prompt=text))


def rerouted(clip: PlannedClip, route: tuple[str, ...]) -> PlannedClip:
    """Return the clip with another route."""
    return evolve(clip, route=route)


def plan(empty: str, planned: Attempt) -> None:
    """Hold the money for an attempt that was never sent, as an older vgen did."""
    identity, job = planned.attempt_id, planned.job_id
    record = to_json(planned).replace("'", "''")
    apply(
        empty,
        f"""
        insert into vgen.attempts (attempt_id, job_id, clip_index, record, hold)
        values ('{identity}', '{job}', {planned.clip_index}, '{record}', {planned.hold});
        insert into vgen.journal (at, job_id, clip_index, attempt_id, entry, spent, held, in_doubt)
        values (
            now(), '{job}', {planned.clip_index}, '{identity}',
            '{{"entry": "Planned"}}', 0, {planned.hold}, 0
        );
        update vgen.jobs set held = held + {planned.hold} where job_id = '{job}'
        """,  # noqa: S608 (our own values)
    )


async def test_what_it_has_planned_is_released(ledger: PostgresLedger, empty: str) -> None:
    """By an opening or an end all of it; by a reservation what stands in its way."""
    jobs = [uuid4() for _ in range(3)]
    await ledger.migrate()
    for job in jobs:
        await ledger.open_job(manifest(job, clips=2), Need())
        await book(ledger, job, "0.10")
    await moved_back(ledger, empty, BEFORE_PURSES)
    planned = [attempt(uuid4(), job, 1, Decimal("0.80")) for job in jobs]
    for each in planned:
        await trio.to_thread.run_sync(plan, empty, each)
    await moved_on(ledger)
    account = await ledger.open_job(manifest(jobs[0], clips=2), Need(expected=Decimal("0.90")))
    assert (account.held, account.spent) == (Decimal(0), Decimal("0.10"))
    assert (await ledger.conclude(jobs[1], "interrupted")).held == Decimal(0)
    claim = await claimed(ledger, jobs[2], 1)
    with pytest.raises(LedgerError, match="was written down before"):
        await ledger.reserve(claim, planned[2])
    sent = attempt(uuid4(), jobs[2], 1, Decimal("0.90"))
    await ledger.reserve(claim, sent)
    assert await kinds(ledger, planned[0]) == await kinds(ledger, planned[1]) == [Planned, Released]
    assert await kinds(ledger, planned[2]) == [Planned, Released]
    assert await kinds(ledger, sent) == [Reserved]
    await ledger.aclose()


async def kinds(ledger: CostLedger, of: Attempt) -> list[type]:
    """Return the kinds of an attempt's entries."""
    lines = await ledger.history(of.job_id)
    return [type(line.entry) for line in lines if line.attempt_id == of.attempt_id]
