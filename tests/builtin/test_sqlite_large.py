"""What a call of the SQLite ledger costs depends on neither its jobs nor their clips."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal
from pathlib import Path
from uuid import UUID

from attrs import evolve, frozen

from tests.records.samples import CLIP, a_manifest, an_attempt
from vgen import JobQuery, SQLiteLedger
from vgen.abc import Claim, Entry, Fetched, Manifest, Need, Purse, Settled, State, Stored, Ticketed
from vgen.records.status import Ticket

from .statements import Statements

JOB = UUID(int=1)
FEW, MANY = 4, 120
PURSE = Purse("team", Decimal(10_000))
COST = Decimal("0.30")

ENTRIES: tuple[Entry, ...] = (
    Ticketed(Ticket("svd", "p")),
    Settled(State.SUCCEEDED, COST, metered=True),
    Fetched("/c.mp4", COST),
    Stored(CLIP),
)


def a_job(number: int, clips: int) -> Manifest:
    """Return a job's manifest, with money enough."""
    manifest = a_manifest(UUID(int=number), clips=clips, budget="10000")
    return evolve(manifest, opening="now", purses=(PURSE,), backends=("svd",))


async def made(ledger: SQLiteLedger, manifest: Manifest, clip_index: int) -> Claim:
    """Make a clip of a job."""
    job_id = manifest.job_id
    claim = await ledger.claim(job_id, clip_index, owner="me", lease=60, opening="now")
    assert claim is not None
    attempt = await ledger.reserve(claim, an_attempt(job_id, clip_index))
    for entry in ENTRIES:
        attempt = await ledger.advance(claim, attempt.attempt_id, attempt.state, entry)
    await ledger.release(claim)
    return claim


async def held(path: Path, *, jobs: int, clips: int) -> SQLiteLedger:
    """Return a ledger with so many jobs of so many clips, all of them made but for the last one."""
    ledger = SQLiteLedger(path)
    for number in range(1, jobs + 1):
        manifest = a_job(number, clips)
        await ledger.open_job(manifest, Need())
        for clip_index in range(clips - 1):
            await made(ledger, manifest, clip_index)
        if number > 1:
            await ledger.conclude(manifest.job_id, "done", made=clips)
    return ledger


def calls_of(ledger: SQLiteLedger, clips: int) -> Mapping[str, Callable[[], Awaitable[object]]]:
    """Return calls for the last clip of the first job, and for the lists of all."""
    last = clips - 1
    return {
        "make a clip": lambda: made(ledger, a_job(1, clips), last),
        "clip": lambda: ledger.clip(JOB, last),
        "attempts": lambda: ledger.attempts(JOB, last),
        "holder": lambda: ledger.holder(JOB, last),
        "unsettled": ledger.unsettled,
        "unsettled of a job": lambda: ledger.unsettled(JOB),
        "purse": lambda: ledger.purse(PURSE),
        "observed": lambda: ledger.observed("svd", limit=2),
        "conclude": lambda: ledger.conclude(JOB, "done", made=clips),
        "jobs": lambda: ledger.jobs(JobQuery(limit=2)),
        "open another": lambda: ledger.open_job(a_job(9_999, FEW), Need(Decimal(1))),
        "noticed": lambda: ledger.noticed("me", ["p1"]),
    }


@frozen
class Cost:
    """What a call takes: statements, rows, and tens of SQLite's instructions."""

    statements: int
    rows: int
    instructions: int

    def is_no_more_than(self, other: Cost, *, times: float = 1) -> bool:
        """Whether it is at most so many times another, but for splits of the tables' pages."""
        return (
            self.statements <= times * other.statements
            and self.rows <= times * other.rows
            and self.instructions <= 1.1 * times * other.instructions + 2
        )


async def cost(statements: Statements, call: Callable[[], Awaitable[object]]) -> Cost:
    """Return what a call takes."""
    statements.clear()
    await call()
    return Cost(len(statements.ran), statements.rows, statements.instructions)


async def costs(statements: Statements, path: Path, *, jobs: int, clips: int) -> Mapping[str, Cost]:
    """Return what each call of a ledger takes that holds so much."""
    ledger = await held(path, jobs=jobs, clips=clips)
    found = {name: await cost(statements, call) for name, call in calls_of(ledger, clips).items()}
    await ledger.aclose()
    return found


async def test_a_call_costs_no_more_in_a_large_job(statements: Statements, tmp_path: Path) -> None:
    """However many clips and attempts a job has, a step of one clip runs and reads as much."""
    small = await costs(statements, tmp_path / "small.db", jobs=2, clips=FEW)
    large = await costs(statements, tmp_path / "large.db", jobs=2, clips=MANY)
    assert [name for name in small if not large[name].is_no_more_than(small[name])] == []


async def test_a_call_costs_no_more_among_many_jobs(statements: Statements, tmp_path: Path) -> None:
    """However many jobs a ledger has, a step of one of them runs and reads as much."""
    few = await costs(statements, tmp_path / "few.db", jobs=FEW, clips=2)
    many = await costs(statements, tmp_path / "many.db", jobs=MANY, clips=2)
    assert [name for name in few if not many[name].is_no_more_than(few[name])] == []


async def test_a_whole_job_costs_as_much_a_clip(statements: Statements, tmp_path: Path) -> None:
    """Opened, read, opened again and read from its journal, a large job costs as much a clip."""
    small = await costs_of_whole(statements, tmp_path / "small.db", FEW)
    large = await costs_of_whole(statements, tmp_path / "large.db", MANY)
    for few, many in zip(small, large, strict=True):
        assert many.is_no_more_than(few, times=(MANY - 1) / (FEW - 1))


async def costs_of_whole(statements: Statements, path: Path, clips: int) -> list[Cost]:
    """Return what each call takes that is about a whole job."""
    ledger = await held(path, jobs=1, clips=clips)
    calls: list[Callable[[], Awaitable[object]]] = [
        lambda: ledger.open_job(a_job(2, clips), Need(Decimal(1))),
        lambda: ledger.job(JOB),
        lambda: ledger.open_job(a_job(1, clips), Need(Decimal(1))),
        lambda: ledger.open_job(a_job(1, clips - 1), Need(Decimal(1))),
        lambda: ledger.history(JOB),
    ]
    found = [await cost(statements, call) for call in calls]
    await ledger.aclose()
    return found
