-- vgen's ledger in Postgres: the tables, and one function for each change, each one transaction.
--
-- The tables are in a schema that the API does not expose. Only the functions change them, and only
-- `service_role`, or a role that is granted them, may call those. Applied again, it changes nothing.
--
-- The allowed state transitions, and what each does to the money, are those of `vgen.decisions`.
-- Arbitrary text is stored as JSON, since Postgres can store JSON's escapes but not a NUL.

begin;

-- One migration at a time. Every change locks the jobs first, so this does, too.
set local lock_timeout = '5s';
do $$
begin
    perform pg_advisory_xact_lock(hashtext('vgen'));
    if to_regclass('vgen.jobs') is not null then
        lock table vgen.jobs in access exclusive mode;
    end if;
end $$;

create schema if not exists vgen;

-- The schema's owner can change what is in it, and so must have the current user's rights.
do $$
declare owning oid;
begin
    select nspowner into owning from pg_namespace where nspname = 'vgen';
    if not pg_has_role(owning, current_user, 'member') then
        raise exception 'the schema vgen belongs to %', owning::regrole;
    end if;
end $$;

create table if not exists vgen.jobs (
    job_id uuid primary key,
    place bigint generated always as identity,
    terms text not null,
    budget numeric not null check (budget >= 0 and budget < 'Infinity'),
    spent numeric not null check (spent >= 0 and spent < 'Infinity'),
    held numeric not null default 0 check (held >= 0),
    in_doubt numeric not null default 0 check (in_doubt >= 0),
    overrun boolean not null default false,
    outcome text not null default '',
    opened_at timestamptz not null default clock_timestamp(),
    stopped boolean not null default false
);

-- The calls that opened or concluded a job: the same call again, however late, does nothing.
create table if not exists vgen.calls (
    call uuid primary key,
    job_id uuid not null references vgen.jobs
);

create table if not exists vgen.claims (
    job_id uuid not null references vgen.jobs,
    clip_index integer not null,
    owner text not null,
    epoch integer not null,
    call uuid not null,
    expires_at timestamptz not null,
    primary key (job_id, clip_index)
);

create table if not exists vgen.attempts (
    attempt_id uuid primary key,
    place bigint generated always as identity,
    job_id uuid not null references vgen.jobs,
    clip_index integer not null,
    record text not null,
    hold numeric not null check (hold >= 0 and hold < 'Infinity'),
    money text not null default 'held',
    custody text not null default 'planned',
    billed numeric check (billed >= 0 and billed < 'Infinity'),
    metered boolean not null default false,
    overrun boolean not null default false,
    sent boolean not null default false,
    ticket text,
    path text,
    clip_record text,
    reason text,
    epoch integer not null default 0,
    reserved_at timestamptz,
    open boolean not null generated always as (
        money in ('held', 'in doubt') or custody not in ('stored', 'lost', 'void')
    ) stored,
    spent numeric not null generated always as (
        case money
            when 'settled' then greatest(
                coalesce(billed, 0), case when custody = 'succeeded' and not metered then hold else 0 end
            )
            when 'written off' then hold
            else 0
        end
    ) stored,
    held numeric not null generated always as (case money when 'held' then hold else 0 end) stored,
    in_doubt numeric not null generated always as (
        case money when 'in doubt' then hold else 0 end
    ) stored,
    check (money <> 'settled' or billed is not null)
);
create unique index if not exists one_open_attempt on vgen.attempts (job_id, clip_index) where open;
create index if not exists open_attempts on vgen.attempts (place) where open;
create index if not exists attempts_of_clip on vgen.attempts (job_id, clip_index, place);

create table if not exists vgen.journal (
    line bigint generated always as identity primary key,
    at timestamptz not null,
    job_id uuid not null references vgen.jobs,
    clip_index integer not null,
    attempt_id uuid not null references vgen.attempts,
    entry text not null,
    spent numeric not null,
    held numeric not null,
    in_doubt numeric not null
);
create index if not exists journal_of_job on vgen.journal (job_id, line);
create index if not exists journal_of_attempt on vgen.journal (attempt_id, line);

-- What the attempts that count in a purse come to.
create table if not exists vgen.purses (
    name text collate "C" primary key,
    spent numeric not null default 0 check (spent >= 0 and spent < 'Infinity'),
    held numeric not null default 0 check (held >= 0),
    in_doubt numeric not null default 0 check (in_doubt >= 0)
);

-- What providers have told of attempts by themselves.
create table if not exists vgen.notices (
    account text not null,
    message text not null,
    provider text not null,
    at timestamptz not null default clock_timestamp(),
    primary key (account, message)
);
create index if not exists notices_of_attempt on vgen.notices (account, provider);
create index if not exists notices_in_order on vgen.notices (at);

-- What a manifest says of each clip, in their order; a job's terms are all that it says otherwise. They
-- are not in the job's row, which every movement of its money locks and reads.
create table if not exists vgen.clips (
    job_id uuid not null references vgen.jobs,
    place integer not null,
    clip_index integer not null,
    record text not null,
    primary key (job_id, place)
);
create index if not exists clips_of_job on vgen.clips (job_id, clip_index);

-- In older ledgers the manifests are whole; their clips are taken out of them below.
do $$
begin
    if exists (
        select from pg_attribute
        where attrelid = 'vgen.jobs'::regclass and attname = 'manifest' and not attisdropped
    ) then
        alter table vgen.jobs rename column manifest to terms;
    end if;
end $$;

-- What older ledgers lack. The columns that repeat what a job's terms or a record say are for the lists
-- and sums; a job without `clips` is one of an older ledger, described below.
alter table vgen.claims add column if not exists opening text not null default '';
alter table vgen.jobs
    add column if not exists opening text not null default '',
    add column if not exists name text,
    add column if not exists folder text,
    add column if not exists backends text[],
    add column if not exists clips integer,
    add column if not exists min_clips integer,
    add column if not exists made integer,
    add column if not exists purses text[] not null default '{}',
    add column if not exists purse_limits numeric[] not null default '{}' check (
        cardinality(purse_limits) = cardinality(purses) and array_position(purse_limits, null) is null
        and 0 <= all (purse_limits) and 'Infinity' > all (purse_limits)
    );
alter table vgen.attempts
    add column if not exists purses text[] not null default '{}',
    add column if not exists backend text generated always as (
        substring(record from '"backend": ("(?:[^"\\]|\\.)*")')
    ) stored,
    add column if not exists account text generated always as (
        substring(record from '"account": ("(?:[^"\\]|\\.)*")')
    ) stored;
create index if not exists jobs_in_order on vgen.jobs (place);
create index if not exists verdicts_of_backend on vgen.attempts (backend, place) where money = 'settled';
create index if not exists keys_of_attempt on vgen.attempts (attempt_id) include (backend, account, purses);
create index if not exists spending on vgen.journal (at) include (attempt_id, spent) where spent <> 0;

-- What older ledgers have under the same names, with other arguments.
do $$
declare called regprocedure;
begin
    for called in
        select older.oid from pg_proc older
        where older.oid in (
            to_regprocedure('public.vgen_open_job(uuid, uuid, text, numeric, numeric, json)'),
            to_regprocedure('public.vgen_open_job(uuid, uuid, text, numeric, numeric, json, text)'),
            to_regprocedure('public.vgen_claim(uuid, integer, text, uuid, double precision)'),
            to_regprocedure('public.vgen_conclude(uuid, uuid, text)'),
            to_regprocedure('public.vgen_jobs()'),
            to_regprocedure('public.vgen_unsettled()'),
            to_regprocedure(
                'public.vgen_open_job(uuid, uuid, text, text, numeric, numeric, numeric, numeric, json)'
            ),
            to_regprocedure('vgen.described(text)'),
            to_regprocedure('vgen.release_planned(uuid, integer)'),
            to_regprocedure('vgen.plan(uuid, uuid, integer, numeric, text)'),
            to_regprocedure('vgen.admit(uuid, numeric, numeric)')
        )
        and pg_has_role(older.proowner, current_user, 'member')
    loop
        execute format('drop function %s', called);
    end loop;
end $$;

alter table vgen.jobs enable row level security;
alter table vgen.calls enable row level security;
alter table vgen.claims enable row level security;
alter table vgen.attempts enable row level security;
alter table vgen.journal enable row level security;
alter table vgen.purses enable row level security;
alter table vgen.clips enable row level security;
alter table vgen.notices enable row level security;


-- Internal functions.

-- VG001: over budget. VG003: the job was stopped. VG004: there is no such job. VG005: the claim has
-- passed on. VG006: the job has another opening. VG002: refused for any other reason.
create or replace function vgen.refuse(why text) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    raise exception using errcode = 'VG002', message = why;
end $$;

create or replace function vgen.locked(job uuid) returns vgen.jobs
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare found_job vgen.jobs;
begin
    select * into found_job from vgen.jobs where job_id = job for update;
    if not found then
        raise exception using errcode = 'VG004', message = 'the ledger has no job ' || job;
    end if;
    return found_job;
end $$;

-- Record a call, and return whether it is the first time.
create or replace function vgen.is_new(job uuid, call uuid) returns boolean
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    insert into vgen.calls values (call, job) on conflict do nothing;
    return found;
end $$;

-- Lock the job and check that the claim on the clip still has this epoch. The claim is locked, too,
-- so that under snapshot isolation a claim that was taken over since the snapshot is noticed.
create or replace function vgen.check_claim(job uuid, clip integer, of_epoch integer) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    perform vgen.locked(job);
    perform from vgen.claims
    where job_id = job and clip_index = clip and epoch = of_epoch for share;
    if not found then
        raise exception using
            errcode = 'VG005', message = format('the claim on clip %s has passed on', clip);
    end if;
end $$;

-- Raise VG003 if the job was stopped.
create or replace function vgen.check_going(job uuid) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    if (vgen.locked(job)).stopped then
        raise exception using
            errcode = 'VG003', message = 'job ' || job || ' was stopped';
    end if;
end $$;

-- Raise VG006 if the job was opened anew with another opening; an empty one fits any.
create or replace function vgen.check_opening(job uuid, opening text) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    if check_opening.opening not in ('', (vgen.locked(job)).opening) then
        raise exception using
            errcode = 'VG006', message = 'job ' || job || ' was opened anew with other prompts';
    end if;
end $$;

-- Raise VG003 or VG006 if the claim on the clip may not be used any more to begin something.
create or replace function vgen.check_going(job uuid, clip integer) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    perform vgen.check_going(job);
    perform vgen.check_opening(job, held.opening) from vgen.claims held
    where held.job_id = job and held.clip_index = clip;
end $$;

-- Lock purses until the transaction ends; those that are not there yet are made. The job is locked
-- before them, and they are in the order of their names, so that no two transactions can wait for each
-- other.
create or replace function vgen.lock_purses(names text[]) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    insert into vgen.purses (name)
    select distinct wanted collate "C" from unnest(names) as wanted order by 1
    on conflict do nothing;
    perform from vgen.purses where name = any (names) order by name for update;
end $$;

-- Return how much of a purse's money each job holds, with what counts as spent until it is measured.
create or replace function vgen.holders(purse text) returns json
language sql stable set search_path = pg_catalog, pg_temp as $$
    select coalesce(json_agg(json_build_array(job_id, total::text) order by job_id), '[]')
    from (
        select a.job_id, sum(a.held + a.in_doubt + case
            when a.money = 'settled' and a.custody = 'succeeded' and not a.metered
            then greatest(a.hold - coalesce(a.billed, 0), 0) else 0
        end) as total
        from vgen.attempts a
        where a.open and a.purses @> array[purse]
        group by a.job_id
    ) holding
    where total > 0
$$;

-- Check that the job's budget and each of its purses have room for `expected` beside what is spent and
-- held, and for `peak` beside what is spent; 0 always fits. `freed` of what the job holds is counted as
-- free, and all that it holds itself unless `own_counts`.
create or replace function vgen.check_limits(
    job uuid, expected numeric, peak numeric, freed numeric, own_counts boolean
) returns void language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    account record;
    asked numeric;
begin
    for account in
        select 0 as place, '' as purse, j.budget as most, j.spent,
            case when own_counts then j.held - freed + j.in_doubt else 0 end as held, j.overrun
        from vgen.jobs j where j.job_id = job
        union all
        select named.place, named.purse, named.most, coalesce(p.spent, 0),
            coalesce(p.held + p.in_doubt, 0) - case when own_counts then 0 else (
                select coalesce(sum(a.held + a.in_doubt), 0) from vgen.attempts a
                where a.job_id = job and a.open and a.purses @> array[named.purse]
            ) end,
            false
        from vgen.jobs j
        cross join unnest(j.purses, j.purse_limits) with ordinality as named(purse, most, place)
        left join vgen.purses p on p.name = named.purse
        where j.job_id = job
        order by place
    loop
        asked := greatest(expected, peak - account.held);
        if asked > 0 and (account.overrun or account.spent + account.held + asked > account.most) then
            raise exception using
                errcode = 'VG001',
                message = 'over budget',
                detail = json_build_object(
                    'limit', account.most::text, 'spent', account.spent::text,
                    'held', account.held::text, 'asked', asked::text,
                    'purse', account.purse, 'held_by', vgen.holders(account.purse)
                );
        end if;
    end loop;
end $$;

-- Write the job's total cost to the service's own table `public.jobs`, if there is one whose owner
-- has the current user's rights, since its triggers run with them. A lock or a failing trigger must not
-- stop the ledger: the next change, and the end of the job, write the sum again.
create or replace function vgen.tell_total_cost(job uuid, total numeric) returns void
language plpgsql set search_path = pg_catalog, pg_temp set lock_timeout = '100ms' as $$
declare id_type text;
begin
    select format_type(id.atttypid, null) into id_type
    from pg_class jobs, pg_attribute id, pg_attribute cost
    where jobs.oid = to_regclass('public.jobs')
        and pg_has_role(jobs.relowner, current_user, 'member')
        and id.attrelid = jobs.oid and id.attname = 'id'
        and cost.attrelid = jobs.oid and cost.attname = 'total_cost';
    if id_type in ('uuid', 'text', 'character varying') then
        execute format(
            'update public.jobs set total_cost = $1 where id in ('
            'select id from public.jobs where id = $2::%s for no key update skip locked)', id_type
        )
        using total, job::text;
    end if;
exception when query_canceled or assert_failure or others then
    raise warning 'vgen: public.jobs.total_cost of % is not up to date: %', job, sqlerrm;
end $$;

-- Append a line to the journal, and update the sums of the job and of the attempt's purses with it. The
-- purses are locked for as short as possible, and before the line, so that its place among all lines
-- that move their money is the order in which that was done.
create or replace function vgen.post(before vgen.attempts, after vgen.attempts, entry text)
returns void language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    moved_spent numeric := after.spent - coalesce(before.spent, 0);
    moved_held numeric := after.held - coalesce(before.held, 0);
    moved_doubt numeric := after.in_doubt - coalesce(before.in_doubt, 0);
    total numeric;
begin
    update vgen.jobs set
        spent = spent + moved_spent, held = held + moved_held, in_doubt = in_doubt + moved_doubt,
        overrun = overrun or after.overrun
    where job_id = after.job_id
    returning spent into total;
    if moved_spent <> 0 then
        perform vgen.tell_total_cost(after.job_id, total);
    end if;
    if after.purses <> '{}' and (moved_spent, moved_held, moved_doubt) <> (0, 0, 0) then
        perform vgen.lock_purses(after.purses);
        update vgen.purses set
            spent = spent + moved_spent, held = held + moved_held, in_doubt = in_doubt + moved_doubt
        where name = any (after.purses);
    end if;
    insert into vgen.journal (at, job_id, clip_index, attempt_id, entry, spent, held, in_doubt)
    values (
        clock_timestamp(), after.job_id, after.clip_index, after.attempt_id, entry,
        moved_spent, moved_held, moved_doubt
    );
end $$;

-- Return an attempt after a change: the table of allowed state transitions.
--
-- A change is an entry whose `reason`, `ticket`, `path` and `clip` are encoded as JSON twice, so that
-- parsing it leaves their escapes as they are.
create or replace function vgen.follow(before vgen.attempts, change json) returns vgen.attempts
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    kind text := change ->> 'entry';
    now_at text := before.money || ', ' || before.custody;
    bill numeric := change ->> 'billed';
    verdict text := coalesce(change ->> 'verdict', 'none');
    after vgen.attempts := before;
    allowed boolean;
begin
    allowed := case kind
        when 'Ticketed' then now_at in ('held, intended', 'in doubt, intended')
        when 'Released' then
            before.money <> 'released' and before.custody not in ('stored', 'void')
        when 'Doubted' then now_at = 'held, intended'
        when 'Settled' then now_at in ('held, ticketed', 'in doubt, ticketed')
        when 'WrittenOff' then now_at in (
            'held, intended', 'held, ticketed', 'in doubt, intended', 'in doubt, ticketed'
        )
        when 'Fetched' then now_at in ('settled, succeeded', 'settled, fetched')
        when 'Spooled' then now_at = 'settled, fetched'
        when 'Stored' then now_at in ('settled, fetched', 'settled, spooled', 'settled, stored')
        when 'Chosen' then now_at = 'settled, stored'
        when 'Lost' then now_at in ('settled, succeeded', 'settled, fetched', 'settled, spooled')
        else false
    end;
    if not allowed then
        perform vgen.refuse(format(
            'attempt %s is %s and %s: it cannot be %s',
            before.attempt_id, before.money, before.custody, lower(kind)
        ));
    end if;
    if kind in ('Released', 'Doubted', 'Settled', 'Lost', 'WrittenOff') then
        after.reason := change ->> 'reason';
    end if;
    if kind in ('Settled', 'Fetched') then
        after.billed := bill;
        after.overrun := before.overrun or bill > before.spent + before.held + before.in_doubt;
    end if;
    case kind
        when 'Ticketed' then
            after.custody := 'ticketed';
            after.ticket := change ->> 'ticket';
        when 'Released' then
            after.money := 'released';
            after.custody := 'void';
            after.billed := null;
        when 'Doubted' then
            after.money := 'in doubt';
        when 'Settled' then
            if verdict not in ('succeeded', 'failed', 'cancelled') then
                perform vgen.refuse(format(
                    'attempt %s is %s: that is no verdict', before.attempt_id, verdict
                ));
            end if;
            after.money := 'settled';
            after.custody := case verdict when 'succeeded' then 'succeeded' else 'void' end;
            after.metered := change ->> 'metered';
        when 'WrittenOff' then
            after.money := 'written off';
            after.custody := 'lost';
        when 'Fetched' then
            after.custody := 'fetched';
            after.path := change ->> 'path';
        when 'Spooled' then
            after.custody := 'spooled';
            after.path := change ->> 'path';
        when 'Stored', 'Chosen' then
            after.custody := 'stored';
            after.clip_record := change ->> 'clip';
            after.path := null;
        when 'Lost' then
            after.custody := 'lost';
    end case;
    return after;
end $$;

create or replace function vgen.move(
    before vgen.attempts, entry text, change json
) returns vgen.attempts language plpgsql set search_path = pg_catalog, pg_temp as $$
declare after vgen.attempts := vgen.follow(before, change);
begin
    if after is not distinct from before then
        return before;
    end if;
    update vgen.attempts set
        money = after.money, custody = after.custody, billed = after.billed,
        metered = after.metered, overrun = after.overrun, ticket = after.ticket,
        path = after.path, clip_record = after.clip_record, reason = after.reason
    where attempt_id = before.attempt_id
    returning * into after;
    perform vgen.post(before, after, entry);
    return after;
end $$;

-- Release what an older vgen has held for attempts that were never sent.
create or replace function vgen.release(planned vgen.attempts) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    perform vgen.move(
        planned, '{"reason": "never sent", "entry": "Released"}',
        '{"reason": "\"never sent\"", "entry": "Released"}'
    );
end $$;

create or replace function vgen.release_planned(job uuid) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare planned vgen.attempts;
begin
    for planned in
        select * from vgen.attempts where job_id = job and open and custody = 'planned' order by place
    loop
        perform vgen.release(planned);
    end loop;
end $$;

create or replace function vgen.told_account(job vgen.jobs) returns json
language sql immutable set search_path = pg_catalog, pg_temp as $$
    select json_build_object(
        'limit', job.budget::text, 'spent', job.spent::text, 'held', job.held::text,
        'in_doubt', job.in_doubt::text, 'overrun', job.overrun
    )
$$;

create or replace function vgen.told_attempt(a vgen.attempts) returns json
language sql stable set search_path = pg_catalog, pg_temp as $$
    select json_build_object(
        'record', a.record, 'money', a.money, 'custody', a.custody, 'billed', a.billed::text,
        'metered', a.metered, 'overrun', a.overrun, 'sent', a.sent, 'ticket', a.ticket,
        'path', a.path, 'clip', a.clip_record, 'reason', a.reason, 'epoch', a.epoch,
        'reserved_at', extract(epoch from a.reserved_at)::text, 'purses', a.purses
    )
$$;

-- Return a JSON text with every string in it encoded as JSON once more, but for the quotes around it.
create or replace function vgen.encoded_twice(spelled text) returns json
language sql immutable set search_path = pg_catalog, pg_temp as $$
    -- Chr(1) stands for each backslash that escapes: JSON cannot contain it.
    select replace(replace(replace(
        regexp_replace(spelled, '\\(.)', chr(1) || '\1', 'g'),
        chr(1) || '"', '\\\"'), chr(1) || '\', '\\\\'), chr(1), '\\'
    )::json
$$;

-- Reverse it.
create or replace function vgen.encoded_once(spelled text) returns text
language sql immutable set search_path = pg_catalog, pg_temp as $$
    select regexp_replace(spelled, '\\\\\\?(.)', '\\\1', 'g')
$$;

-- Return a manifest: a job's terms with some of its clips.
create or replace function vgen.manifest(terms text, clips text[]) returns text
language sql immutable set search_path = pg_catalog, pg_temp as $$
    select '{"clips": [' || array_to_string(clips, ', ') || '], ' || substr(terms, 2)
$$;

-- Return what the lists say of a job with these terms.
create or replace function vgen.described(
    job uuid, terms text,
    out name text, out folder text, out backends text[], out clips integer, out min_clips integer
) language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare found_in json := vgen.encoded_twice(terms);
begin
    name := '"' || coalesce(found_in ->> 'name', '') || '"';
    folder := '"' || coalesce(found_in ->> 'folder', '') || '"';
    clips := (select count(*) from vgen.clips c where c.job_id = job);
    min_clips := coalesce(found_in ->> 'min_clips', '0');
    backends := array(
        select '"' || given || '"' from json_array_elements_text(found_in -> 'backends') as given
    );
    if backends = '{}' then
        backends := array(
            select '"' || routed.backend || '"'
            from vgen.clips c
            cross join json_array_elements_text(vgen.encoded_twice(c.record) -> 'route')
                with ordinality as routed(backend, place)
            where c.job_id = job
            group by routed.backend order by min(array[c.place, routed.place])
        );
    end if;
end $$;

-- Take the clips of an older ledger's jobs out of what are their terms from now on.
insert into vgen.clips (job_id, place, clip_index, record)
select j.job_id, clip.place - 1, (clip.planned -> 'prompt' ->> 'clip_index')::integer,
    vgen.encoded_once(clip.planned::text)
from vgen.jobs j
cross join json_array_elements(vgen.encoded_twice(j.terms) -> 'clips')
    with ordinality as clip(planned, place)
where strpos(j.terms, '"clips": [') > 0;
update vgen.jobs set terms = (
    select '{' || string_agg(
        '"' || field.name || '": ' || vgen.encoded_once(field.value::text), ', ' order by field.place
    ) || '}'
    from json_each(vgen.encoded_twice(terms)) with ordinality as field(name, value, place)
    where field.name <> 'clips'
)
where strpos(terms, '"clips": [') > 0;

-- Describe the jobs of an older ledger; only their outcomes tell how many clips were made.
update vgen.jobs set
    (name, folder, backends, clips, min_clips) = (select * from vgen.described(job_id, terms)),
    made = substring(outcome from '^(\d+) of \d+ clips$')::integer
where clips is null;


-- The API: functions that vgen calls.

-- Record the job, or update it, if its limits allow what it needs; `call` makes it idempotent. `clips`
-- have indexes and records, `purses` names and limits.
create or replace function public.vgen_open_job(
    job uuid, call uuid, terms text, clips json, opening text, budget numeric, already_spent numeric,
    expected numeric, peak numeric, purses json
) returns json language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    account vgen.jobs;
    names text[];
    limits numeric[];
begin
    if not (already_spent >= 0 and already_spent < 'Infinity') then
        perform vgen.refuse(format('%s was spent: that is no amount', already_spent));
    end if;
    insert into vgen.jobs (job_id, terms, budget, spent)
    values (job, terms, budget, 0) on conflict do nothing;
    perform vgen.locked(job);
    if vgen.is_new(job, call) then
        select coalesce(array_agg(purse.name), '{}'), coalesce(array_agg(purse."limit"), '{}')
        into names, limits
        from json_to_recordset(purses) as purse(name text, "limit" numeric);
        insert into vgen.clips as known (job_id, place, clip_index, record)
        select job, given.place - 1, given.index, given.record
        from rows from (json_to_recordset(vgen_open_job.clips) as (index integer, record text))
            with ordinality as given(index, record, place)
        on conflict (job_id, place) do update set
            clip_index = excluded.clip_index, record = excluded.record
        where known.record <> excluded.record;
        delete from vgen.clips c
        where c.job_id = job and c.place >= json_array_length(vgen_open_job.clips);
        update vgen.jobs j set
            terms = vgen_open_job.terms, budget = vgen_open_job.budget,
            opening = vgen_open_job.opening, purses = names, purse_limits = limits,
            (name, folder, backends, clips, min_clips) = (
                select * from vgen.described(job, vgen_open_job.terms)
            ),
            overrun = false, outcome = '', made = null, stopped = false,
            spent = already_spent + (
                select coalesce(sum(a.spent), 0) from vgen.attempts a where a.job_id = job
            )
        where j.job_id = job;
        perform vgen.release_planned(job);
        perform vgen.check_limits(job, expected, peak, 0, false);
        account := vgen.locked(job);
        perform vgen.tell_total_cost(job, account.spent);
    end if;
    return vgen.told_account(vgen.locked(job));
end $$;

-- Claim a clip: return the epoch, or null while another owner holds it. `call` makes it idempotent:
-- the lease runs from the last repetition, unless the claim was released. With an `opening`, the claim
-- is for as long as the job has it.
create or replace function public.vgen_claim(
    job uuid, clip integer, owner text, call uuid, lease double precision, opening text default ''
) returns integer language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare given integer;
begin
    perform vgen.locked(job);
    perform vgen.check_opening(job, opening);
    insert into vgen.claims as held (job_id, clip_index, owner, epoch, call, expires_at, opening)
    values (job, clip, owner, 1, call, clock_timestamp() + make_interval(secs => lease), opening)
    on conflict (job_id, clip_index) do update set
        owner = excluded.owner, epoch = held.epoch + (held.call <> excluded.call)::integer,
        call = excluded.call, expires_at = excluded.expires_at, opening = excluded.opening
    where case held.call
        when excluded.call then held.expires_at > '-infinity'
        else held.expires_at <= clock_timestamp()
    end;
    select held.epoch into given from vgen.claims held
    where held.job_id = job and held.clip_index = clip and held.call = vgen_claim.call;
    return given;
end $$;

-- Return the owner and the epoch of the current claim on a clip, or null.
create or replace function public.vgen_holder(job uuid, clip integer) returns json
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
    select json_build_object('owner', held.owner, 'epoch', held.epoch) from vgen.claims held
    where held.job_id = job and held.clip_index = clip and held.expires_at > clock_timestamp()
$$;

-- Renew a claim for `lease` seconds.
create or replace function public.vgen_renew(
    job uuid, clip integer, epoch integer, lease double precision
) returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform vgen.check_claim(job, clip, epoch);
    perform vgen.check_going(job, clip);
    update vgen.claims held
    set expires_at = clock_timestamp() + make_interval(secs => vgen_renew.lease)
    where held.job_id = job and held.clip_index = clip;
end $$;

-- Release a claim; does nothing if it was taken over.
create or replace function public.vgen_release(job uuid, clip integer, epoch integer) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
    update vgen.claims held set expires_at = '-infinity'
    where held.job_id = job and held.clip_index = clip and held.epoch = vgen_release.epoch
$$;

-- Stop a job: from now on nothing of it is reserved, and no claim on it renewed.
create or replace function public.vgen_stop(job uuid) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform vgen.locked(job);
    update vgen.jobs set stopped = true where job_id = job;
end $$;

-- Hold the money for an attempt within the job's limits, just before it is sent.
create or replace function public.vgen_reserve(
    job uuid, clip integer, epoch integer, attempt uuid, hold numeric, record text
) returns json language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    before vgen.attempts;
    after vgen.attempts;
    names text[];
begin
    perform vgen.check_claim(job, clip, epoch);
    select * into before from vgen.attempts a
    where a.job_id = job and a.clip_index = clip and a.open;
    if before.sent then
        if (before.attempt_id, before.epoch, before.money, before.custody)
            is distinct from (attempt, epoch, 'held', 'intended')
        then
            perform vgen.refuse(format('clip %s has attempt %s open', clip, before.attempt_id));
        end if;
        return vgen.told_attempt(before);
    end if;
    perform vgen.check_going(job, clip);
    select j.purses into names from vgen.jobs j where j.job_id = job;
    perform vgen.lock_purses(names);
    perform vgen.check_limits(job, hold, 0, coalesce(before.hold, 0), true);
    if before.attempt_id is not null then
        perform vgen.release(before);
    end if;
    insert into vgen.attempts (
        attempt_id, job_id, clip_index, record, hold, custody, sent, epoch, reserved_at, purses
    )
    values (attempt, job, clip, record, hold, 'intended', true, epoch, clock_timestamp(), names)
    on conflict do nothing
    returning * into after;
    if not found then
        perform vgen.refuse(format('attempt %s was written down before', attempt));
    end if;
    perform vgen.post(null, after, '{"entry": "Reserved"}');
    return vgen.told_attempt(after);
end $$;

-- Apply an entry's `change` to an attempt in the expected state; the same again does nothing.
create or replace function public.vgen_advance(
    job uuid, clip integer, epoch integer, attempt uuid, money text, custody text,
    entry text, change json
) returns json language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    before vgen.attempts;
    last_entry text;
begin
    perform vgen.check_claim(job, clip, epoch);
    select * into before from vgen.attempts a
    where a.attempt_id = attempt and a.job_id = job and a.clip_index = clip;
    if not found then
        perform vgen.refuse(format('clip %s has no attempt %s', clip, attempt));
    end if;
    if (before.money, before.custody) = (money, custody) then
        return vgen.told_attempt(vgen.move(before, entry, change));
    end if;
    select j.entry into last_entry from vgen.journal j
    where j.attempt_id = attempt order by j.line desc limit 1;
    if last_entry <> entry then
        perform vgen.refuse(format(
            'attempt %s is %s and %s, not %s and %s',
            attempt, before.money, before.custody, money, custody
        ));
    end if;
    return vgen.told_attempt(before);
end $$;

-- Record the job's outcome, and how many clips were made if it came to its end; `call` makes it
-- idempotent, even after the job was opened again.
create or replace function public.vgen_conclude(
    job uuid, call uuid, outcome text, made integer default null
) returns json language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare account vgen.jobs := vgen.locked(job);
begin
    if vgen.is_new(job, call) then
        perform vgen.release_planned(job);
        update vgen.jobs j set outcome = vgen_conclude.outcome, made = vgen_conclude.made
        where j.job_id = job;
        account := vgen.locked(job);
        perform vgen.tell_total_cost(job, account.spent);
    end if;
    return vgen.told_account(account);
end $$;

create or replace function public.vgen_job(job uuid) returns json
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select json_build_object(
        'manifest', vgen.manifest(
            j.terms, array(select c.record from vgen.clips c where c.job_id = job order by c.place)
        ),
        'account', vgen.told_account(j), 'outcome', j.outcome,
        'stopped', j.stopped,
        'attempts', (
            select coalesce(json_agg(vgen.told_attempt(a) order by a.place), '[]')
            from vgen.attempts a where a.job_id = job
        )
    )
    from vgen.jobs j where j.job_id = job
$$;

create or replace function public.vgen_clip(job uuid, clip integer) returns json
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select json_build_object(
        'manifest', vgen.manifest(j.terms, array(
            select c.record from vgen.clips c where c.job_id = job and c.clip_index = clip
        )),
        'total', j.clips, 'stopped', j.stopped
    )
    from vgen.jobs j where j.job_id = job
$$;

create or replace function public.vgen_attempts(job uuid, clip integer) returns json
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select coalesce(json_agg(vgen.told_attempt(a) order by a.place), '[]')
    from vgen.attempts a where a.job_id = job and a.clip_index = clip
$$;

create or replace function public.vgen_attempt(attempt uuid) returns json
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select vgen.told_attempt(a) from vgen.attempts a where a.attempt_id = attempt
$$;

-- Return what was sent and is open yet, of one job or of all.
create or replace function public.vgen_unsettled(job uuid default null) returns json
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan as $$
declare found_open json;
begin
    select coalesce(json_agg(vgen.told_attempt(a) order by a.place), '[]') into found_open
    from vgen.attempts a where a.open and a.sent and (job is null or a.job_id = job);
    return found_open;
end $$;

create or replace function public.vgen_now() returns json
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
    select to_json(extract(epoch from clock_timestamp())::text)
$$;

create or replace function public.vgen_history(job uuid) returns json
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select coalesce(
        json_agg(
            json_build_object(
                'at', extract(epoch from j.at)::text, 'clip_index', j.clip_index,
                'attempt_id', j.attempt_id, 'entry', j.entry,
                'spent', j.spent::text, 'held', j.held::text, 'in_doubt', j.in_doubt::text
            )
            order by j.line
        ),
        '[]'
    )
    from vgen.journal j where j.job_id = job
$$;

-- The books: plans are made anew for each call, since they depend on what is asked for, and none is
-- worth compiling.

-- Return a page of jobs, those opened last first: opened from `since` on and before `until`, in one of
-- the `states` (none: in any), with ids that begin with `prefix`, and after the job `after`.
create or replace function public.vgen_jobs(
    since timestamptz default null, until timestamptz default null, states json default '[]',
    prefix text default '', after uuid default null, most integer default 50
) returns json language plpgsql stable security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan set jit = off as $$
declare
    wanted text[] := array(select json_array_elements_text(states));
    last_place bigint := (select j.place from vgen.jobs j where j.job_id = after);
    now_at timestamptz := clock_timestamp();
    page json;
begin
    select coalesce(json_agg(to_json(listed) order by listed.place desc), '[]') into page
    from (
        select found_job.* from (
            select j.place, j.job_id, extract(epoch from j.opened_at)::text as opened_at,
                j.name, j.folder, j.backends, j.clips,
                coalesce(j.made, least(j.clips, (
                    select count(distinct a.clip_index) from vgen.attempts a
                    where a.job_id = j.job_id and a.custody = 'stored'
                ))) as made,
                j.budget::text as "limit", j.spent::text as spent, j.held::text as held,
                j.in_doubt::text as in_doubt, j.overrun,
                case
                    when (
                        select true from vgen.claims c
                        where c.job_id = j.job_id and c.expires_at > now_at limit 1
                    ) then 'running'
                    when (
                        select true from vgen.attempts a
                        where a.job_id = j.job_id and a.open and a.sent limit 1
                    ) then 'open'
                    when j.stopped then 'stopped'
                    when j.made >= j.min_clips then 'finished'
                    when j.made is not null then 'short'
                    when (
                        select true from vgen.attempts a where a.job_id = j.job_id and a.sent limit 1
                    ) then 'stopped'
                    else 'never sent'
                end as state
            from vgen.jobs j
            where (since is null or j.opened_at >= since) and (until is null or j.opened_at < until)
                and (prefix = '' or starts_with(j.job_id::text, prefix))
                and (after is null or j.place < last_place)
        ) found_job
        where wanted = '{}' or found_job.state = any (wanted)
        order by found_job.place desc limit most
    ) listed;
    return page;
end $$;

-- Return what was booked as spent from `since` on and before `until`, summed up by the `keys`: backend,
-- account, purse, day.
create or replace function public.vgen_spending(
    since timestamptz default null, until timestamptz default null, keys json default '[]'
) returns json language plpgsql stable security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan set jit = off as $$
declare
    wanted text[] := array(select json_array_elements_text(keys));
    by_purse boolean := 'purse' = any (wanted);
    sums json;
begin
    select coalesce(json_agg(to_json(summed)), '[]') into sums
    from (
        select
            case when 'backend' = any (wanted) then coalesce(a.backend, '""') end as backend,
            case when 'account' = any (wanted) then coalesce(a.account, '""') end as account,
            case when by_purse then purse end as purse,
            case when 'day' = any (wanted) then (j.at at time zone 'UTC')::date end as day,
            sum(j.spent)::text as spent, count(distinct j.attempt_id) as attempts
        from vgen.attempts a
        join vgen.journal j using (attempt_id)
        cross join unnest(
            case when by_purse and a.purses <> '{}' then a.purses else array[''] end
        ) as purse
        where j.spent <> 0 and (since is null or j.at >= since) and (until is null or j.at < until)
        group by 1, 2, 3, 4
    ) summed;
    return sums;
end $$;

-- Return where the money of a purse stands.
create or replace function public.vgen_purse(name text) returns json
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select json_build_object(
        'spent', coalesce(sum(p.spent), 0)::text, 'held', coalesce(sum(p.held), 0)::text,
        'in_doubt', coalesce(sum(p.in_doubt), 0)::text
    )
    from vgen.purses p where p.name = vgen_purse.name
$$;

-- Return a backend's attempts that have a verdict, those sent last first, each with that entry.
create or replace function public.vgen_observed(backend text, most integer) returns json
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan set jit = off as $$
declare verdicts json;
begin
    select coalesce(json_agg(to_json(observed) order by observed.place desc), '[]') into verdicts
    from (
        select a.place, vgen.told_attempt(a) as attempt, extract(epoch from j.at)::text as at, j.entry
        from vgen.attempts a
        join vgen.journal j using (attempt_id)
        where a.backend = vgen_observed.backend and a.money = 'settled'
            and j.entry like '%"entry": "Settled"}'
        order by a.place desc limit most
    ) observed;
    return verdicts;
end $$;

-- Record what a provider has told, drop what is older than `kept` seconds, and return whether the
-- message is new.
create or replace function public.vgen_add_notice(
    account text, message text, provider text, kept double precision
) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    delete from vgen.notices n
    using (
        select old.account, old.message from vgen.notices old
        where old.at < clock_timestamp() - kept * interval '1 second' for update skip locked
    ) gone
    where (n.account, n.message) = (gone.account, gone.message);
    insert into vgen.notices values (account, message, provider) on conflict do nothing;
    return found;
end $$;

-- Return those of an account's attempts that its provider has told of.
create or replace function public.vgen_noticed(account text, providers json) returns json
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select coalesce(json_agg(asked), '[]')
    from json_array_elements_text(providers) as asked
    where exists (
        select from vgen.notices n
        where n.account = vgen_noticed.account and n.provider = asked
    )
$$;


-- Only `service_role`, if there is such a role, may call the API. Its functions must all belong to the
-- current user: replacing a function does not change its owner.
do $$
declare
    ours regprocedure[] := array[
        'public.vgen_open_job(uuid, uuid, text, json, text, numeric, numeric, numeric, numeric, json)',
        'public.vgen_claim(uuid, integer, text, uuid, double precision, text)',
        'public.vgen_holder(uuid, integer)',
        'public.vgen_renew(uuid, integer, integer, double precision)',
        'public.vgen_release(uuid, integer, integer)',
        'public.vgen_stop(uuid)',
        'public.vgen_reserve(uuid, integer, integer, uuid, numeric, text)',
        'public.vgen_advance(uuid, integer, integer, uuid, text, text, text, json)',
        'public.vgen_conclude(uuid, uuid, text, integer)',
        'public.vgen_job(uuid)',
        'public.vgen_clip(uuid, integer)',
        'public.vgen_attempts(uuid, integer)',
        'public.vgen_attempt(uuid)',
        'public.vgen_unsettled(uuid)',
        'public.vgen_now()',
        'public.vgen_history(uuid)',
        'public.vgen_jobs(timestamptz, timestamptz, json, text, uuid, integer)',
        'public.vgen_spending(timestamptz, timestamptz, json)',
        'public.vgen_purse(text)',
        'public.vgen_observed(text, integer)',
        'public.vgen_add_notice(text, text, text, double precision)',
        'public.vgen_noticed(text, json)'
    ];
    called regprocedure;
    role_name text;
begin
    select alien.oid into called from pg_proc alien
    where alien.pronamespace = 'public'::regnamespace
        and alien.proname in (select proname from pg_proc where oid = any (ours))
        and not pg_has_role(alien.proowner, current_user, 'member');
    if found then
        raise exception 'the function % belongs to somebody else', called;
    end if;
    for role_name in
        select 'public' union all
        select rolname from pg_roles where rolname in ('anon', 'authenticated', 'service_role')
    loop
        execute format('revoke all on schema vgen from %I', role_name);
        execute format('revoke all on all tables in schema vgen from %I', role_name);
        execute format('revoke all on all sequences in schema vgen from %I', role_name);
        execute format('revoke all on all functions in schema vgen from %I', role_name);
        foreach called in array ours loop
            execute format('revoke all on function %s from %I', called, role_name);
            if role_name = 'service_role' then
                execute format('grant execute on function %s to service_role', called);
            end if;
        end loop;
    end loop;
end $$;

notify pgrst, 'reload schema';

commit;
