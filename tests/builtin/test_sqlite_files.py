"""The ledger's file: made when needed, waited for, and left alone where it is no ledger."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import AsyncIterator, Generator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest
import trio
from attrs import evolve
from trio.testing import MockClock

from tests.records.samples import a_manifest, an_attempt
from vgen import SQLiteLedger, from_json, to_json
from vgen.abc import Custody, JobClip, Manifest, Money, PlannedClip
from vgen.builtin.schema import BOOKS
from vgen.errors import BudgetExceededError, ConfigurationError, LedgerError, VgenError
from vgen.records.books import JobState, SpendingKey
from vgen.records.money import ZERO, Need

JOB = UUID(int=1)


def files_in(folder: Path) -> list[Path]:
    """What is in a folder."""
    return list(folder.iterdir())


def content(path: Path) -> bytes:
    """What is in a file."""
    return path.read_bytes()


@contextmanager
def read_only(path: Path) -> Generator[None]:
    """Let nobody write the file or beside it."""
    path.chmod(0o400)
    path.parent.chmod(0o500)
    try:
        yield
    finally:
        path.parent.chmod(0o700)


async def test_reading_makes_no_file(ledger: SQLiteLedger, path: Path) -> None:
    """Whoever only looks leaves no file behind, and finds nothing."""
    assert await ledger.jobs() == ()
    assert await ledger.job(JOB) is None
    assert await ledger.attempts(JOB, 0) == ()
    assert await ledger.history(JOB) == ()
    with pytest.raises(LedgerError):
        await ledger.claim(JOB, 0, owner="me", lease=1)
    with pytest.raises(LedgerError):
        await ledger.conclude(JOB, "")
    assert files_in(path.parent) == []


async def test_any_name_will_do(tmp_path: Path) -> None:
    """A file's name is a name, whatever it means in URLs or to SQLite."""
    for name in ("a b?mode=memory#%41.db", ":memory:", "caf\udce9.db"):
        path = tmp_path / name
        ledger = SQLiteLedger(path)
        await ledger.open_job(a_manifest(JOB), Need())
        await ledger.aclose()
        assert path.is_file()


async def test_it_says_what_it_is(ledger: SQLiteLedger, path: Path) -> None:
    """The file is named, and whether it is open."""
    assert repr(ledger) == f"<SQLiteLedger {str(path)!r}: closed>"
    await ledger.open_job(a_manifest(JOB), Need())
    assert repr(ledger) == f"<SQLiteLedger {str(path)!r}: open>"
    await ledger.aclose()
    await ledger.aclose()
    assert repr(ledger) == f"<SQLiteLedger {str(path)!r}: closed>"
    assert [job.job_id for job in await ledger.jobs()] == [JOB]


def another(path: Path, *statements: str) -> None:
    """Make a SQLite database of another kind."""
    with sqlite3.connect(path) as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


def make_text(path: Path) -> None:
    """A file of words."""
    path.write_text("Dear diary, today I was taken for a database." * 50)


def make_other(path: Path) -> None:
    """Another program's database."""
    another(path, "CREATE TABLE jobs (job_id TEXT)", "PRAGMA user_version = 1")


def make_named(path: Path) -> None:
    """Another program's database that is empty but for its name."""
    another(path, "PRAGMA application_id = 7")


def make_newer(path: Path) -> None:
    """A ledger of a version to come."""
    another(path, "CREATE TABLE jobs (x)", "PRAGMA application_id = 0x7667656E")
    another(path, "PRAGMA user_version = 99")


@pytest.mark.parametrize("make", [make_text, make_other, make_named, make_newer])
async def test_what_is_no_ledger_is_left_alone(
    ledger: SQLiteLedger, path: Path, make: object
) -> None:
    """One error names the file and what it is, and not a byte of it is changed."""
    assert callable(make)
    make(path)
    before = content(path)
    for _ in range(2):
        with pytest.raises(ConfigurationError, match=str(path)):
            await ledger.open_job(a_manifest(JOB), Need())
        with pytest.raises(ConfigurationError, match=str(path)):
            await ledger.jobs()
    assert content(path) == before
    assert files_in(path.parent) == [path]


async def test_a_directory_is_no_ledger(tmp_path: Path) -> None:
    """The error names it."""
    with pytest.raises(LedgerError, match=f"{tmp_path}: unable to open"):
        await SQLiteLedger(tmp_path).jobs()


async def test_a_missing_folder_is_not_made(tmp_path: Path) -> None:
    """The error names the file that has no place."""
    path = tmp_path / "no" / "vgen.db"
    with pytest.raises(LedgerError, match=f"{path}: unable to open"):
        await SQLiteLedger(path).open_job(a_manifest(JOB), Need())
    assert files_in(tmp_path) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
async def test_a_file_that_cannot_be_written_is_named(ledger: SQLiteLedger, path: Path) -> None:
    """The error names the file, and what it holds stays."""
    await ledger.open_job(a_manifest(JOB), Need())
    await ledger.aclose()
    with read_only(path), pytest.raises(LedgerError, match=str(path)):
        await ledger.open_job(a_manifest(JOB), Need())


async def test_a_record_that_cannot_be_read_is_told(ledger: SQLiteLedger, path: Path) -> None:
    """A line that somebody has changed by hand is one error that names file and field."""
    await ledger.open_job(a_manifest(JOB), Need())
    claim = await ledger.claim(JOB, 0, owner="me", lease=60)
    assert claim is not None
    await ledger.reserve(claim, an_attempt(JOB))
    another(path, """UPDATE jobs SET account = '{"limit": "much"}'""")
    with pytest.raises(LedgerError, match=rf"{path}: cannot be read: .*Account\.limit"):
        await ledger.job(JOB)
    another(path, "UPDATE journal SET entry = '{}'")
    with pytest.raises(LedgerError, match=f"{path}: cannot be read: entry"):
        await ledger.history(JOB)


@pytest.fixture
async def locked(ledger: SQLiteLedger, path: Path) -> AsyncIterator[sqlite3.Connection]:
    """Another program's lock on the ledger, until it rolls back."""
    await ledger.open_job(a_manifest(JOB), Need())
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    yield connection
    connection.close()


async def test_a_locked_file_can_be_read(
    ledger: SQLiteLedger, locked: sqlite3.Connection, path: Path
) -> None:
    """Whoever reads waits for no writer, and takes no lock that a writer would wait for."""
    assert locked.in_transaction
    assert [job.job_id for job in await ledger.jobs()] == [JOB]
    other = SQLiteLedger(path)
    assert await other.spending() == ()
    locked.execute("ROLLBACK")
    with sqlite3.connect(path, timeout=0) as writer:
        writer.execute("UPDATE jobs SET outcome = 'done'")
    await other.aclose()


async def test_a_locked_file_is_waited_for(
    ledger: SQLiteLedger, locked: sqlite3.Connection, autojump_clock: MockClock
) -> None:
    """A call succeeds as soon as the lock is gone, within the ledger's patience."""

    async def unlock() -> None:
        await trio.sleep(30)
        locked.execute("ROLLBACK")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(unlock)
        await ledger.conclude(JOB, "done")
    assert autojump_clock.current_time() >= 30


async def test_a_locked_file_is_not_waited_for_for_ever(
    ledger: SQLiteLedger, locked: sqlite3.Connection, autojump_clock: MockClock
) -> None:
    """After a minute the error says that the file is locked."""
    assert locked.in_transaction
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.sleep, 61)
        with pytest.raises(LedgerError, match="locked"):
            await ledger.conclude(JOB, "done")
        assert autojump_clock.current_time() >= 60


async def test_waiting_for_a_locked_file_can_be_cancelled(
    ledger: SQLiteLedger, locked: sqlite3.Connection, autojump_clock: MockClock
) -> None:
    """Whoever gives up waiting gets away, and nothing of the call is done later."""
    with trio.move_on_after(1) as scope:
        await ledger.conclude(JOB, "late")
    assert scope.cancelled_caught
    assert autojump_clock.current_time() < 60
    locked.execute("ROLLBACK")
    job = await ledger.job(JOB)
    assert job is not None
    assert job.outcome == ""


async def test_a_cancelled_call_writes_nothing(ledger: SQLiteLedger) -> None:
    """Who is cancelled before the call begins leaves no job behind."""
    with trio.CancelScope() as scope:
        scope.cancel()
        with pytest.raises(trio.Cancelled):
            await ledger.open_job(a_manifest(JOB), Need())
    assert await ledger.jobs() == ()


async def test_closing_cannot_be_cut_short(ledger: SQLiteLedger, path: Path) -> None:
    """A cancelled task lets go of the file all the same."""
    await ledger.open_job(a_manifest(JOB), Need())
    with trio.CancelScope() as scope:
        scope.cancel()
        await ledger.aclose()
    assert "closed" in repr(ledger)
    assert files_in(path.parent) == [path]


async def test_errors_leave_the_ledger_usable(ledger: SQLiteLedger) -> None:
    """After a refusal the same connection goes on, with no transaction left open."""
    with pytest.raises(BudgetExceededError):
        await ledger.open_job(a_manifest(JOB, budget="0.10"), Need(Decimal("0.11")))
    with pytest.raises(VgenError):
        await ledger.conclude(JOB, "")
    await ledger.open_job(a_manifest(JOB), Need())
    assert [job.job_id for job in await ledger.jobs()] == [JOB]


DROP_OPENINGS = [f"ALTER TABLE {table} DROP COLUMN opening" for table in ("claims", "jobs")]
OLDER = {
    1: [*DROP_OPENINGS, "ALTER TABLE jobs DROP COLUMN stopped"],
    2: DROP_OPENINGS,
    3: [],
    4: BOOKS,
}
"""What makes a ledger of version 3 one of each version."""


@pytest.fixture(params=OLDER)
def older(path: Path, request: pytest.FixtureRequest) -> Path:
    """A ledger that an older vgen has written: a finished job, and one with a planned attempt."""
    version: int = request.param
    with sqlite3.connect(path) as connection:
        connection.executescript(Path(__file__).with_name("older_ledger.sql").read_text("utf-8"))
        for statement in OLDER[version]:
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {version}")
    connection.close()
    return path


async def test_an_older_ledger_is_moved_on(ledger: SQLiteLedger, older: Path) -> None:
    """What an older vgen has written down is there, and can be worked on."""
    assert await trio.Path(older).exists()
    finished, planned = JOB, UUID(int=2)
    manifests = manifests_in(older)
    for job_id in (finished, planned):
        found = await ledger.job(job_id)
        assert found is not None
        assert found.manifest == manifests[str(job_id)]
        for index, clip in enumerate(found.manifest.clips):
            alone = JobClip(evolve(found.manifest, clips=(clip,)), len(found.manifest.clips))
            assert await ledger.clip(job_id, index) == alone
    newest, oldest = await ledger.jobs()
    assert (oldest.job_id, oldest.state) == (finished, JobState.FINISHED)
    assert (oldest.clips, oldest.made, oldest.backends) == (3, 3, ("one",))
    assert (newest.job_id, newest.state) == (planned, JobState.STOPPED)
    assert newest.account.held > 0
    spent = oldest.account.spent + newest.account.spent
    assert spent > 0
    assert [one.spent for one in await ledger.spending()] == [spent]
    assert [one.spent for one in await ledger.spending(by=[SpendingKey.PURSE])] == [spent]
    assert len(await ledger.observed("one", limit=9)) == 4
    job = await ledger.job(planned)
    assert job is not None
    account = await ledger.open_job(evolve(job.manifest, opening="anew"), Need())
    assert (account.held, account.spent) == (ZERO, newest.account.spent)
    claim = await ledger.claim(planned, 1, owner="me", lease=60, opening="anew")
    assert claim is not None
    await ledger.reserve(claim, an_attempt(planned, 1))
    await ledger.stop(planned)
    assert (await ledger.jobs())[0].state is JobState.RUNNING


def manifests_in(path: Path) -> dict[str, Manifest]:
    """The manifests in an older ledger, by the ids of their jobs."""
    with sqlite3.connect(path) as connection:
        rows = connection.execute("SELECT job_id, manifest FROM jobs").fetchall()
    connection.close()
    return {job_id: from_json(manifest, Manifest) for job_id, manifest in rows}


async def test_an_older_ledger_keeps_its_texts(ledger: SQLiteLedger, path: Path) -> None:
    """Whatever stands in a prompt or a name is what it was."""
    texts = ["\0", "caf\udce9", '\\"', "\\\\", '", "clips": [', "\n\t\\n", "€ 🎬", ""]
    clips = tuple(prompted(clip, text) for clip in a_manifest(JOB).clips for text in texts)
    before = evolve(a_manifest(JOB), clips=clips, name="".join(texts), folder="\\")
    await ledger.open_job(before, Need())
    await ledger.aclose()
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TABLE clips")
        connection.execute("DROP TABLE notices")
        connection.execute("DROP INDEX unsettled")
        connection.execute("DROP INDEX claims_in_force")
        connection.execute("ALTER TABLE jobs RENAME COLUMN terms TO manifest")
        connection.execute("UPDATE jobs SET manifest = ?", (to_json(before),))
        connection.execute("PRAGMA user_version = 4")
    connection.close()
    job = await ledger.job(JOB)
    assert job is not None
    assert job.manifest == before


def prompted(clip: PlannedClip, text: str) -> PlannedClip:
    """Return the clip with other words in it."""
    return evolve(clip, notes=(text,), request=evolve(clip.request, prompt=text))


async def test_an_older_ledger_that_cannot_be_written_is_named(
    ledger: SQLiteLedger, older: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It cannot be moved on: the error says that it is an older one, and it stays as it is."""
    before = content(older)
    monkeypatch.setattr("os.access", refused)
    with pytest.raises(ConfigurationError, match=f"{older}: is a ledger of version [1-4], not 6"):
        await ledger.jobs()
    assert content(older) == before


def refused(_path: Path, _mode: int, *, effective_ids: bool) -> bool:
    """Say that a file cannot be written, as the system says it of a read-only disk."""
    del effective_ids
    return False


async def test_a_file_that_cannot_be_written_can_be_read(
    ledger: SQLiteLedger, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The books of a ledger on a read-only disk can be read, and nothing is made beside it."""
    await ledger.open_job(a_manifest(JOB), Need())
    await ledger.aclose()
    monkeypatch.setattr("os.access", refused)
    assert [job.job_id for job in await ledger.jobs()] == [JOB]
    assert files_in(path.parent) == [path]


async def test_another_kind_of_file_that_cannot_be_written(
    ledger: SQLiteLedger, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is no ledger either way."""
    make_text(path)
    monkeypatch.setattr("os.access", refused)
    with pytest.raises(ConfigurationError, match="is no vgen ledger"):
        await ledger.jobs()


async def test_what_an_older_vgen_has_planned_gives_way(ledger: SQLiteLedger, older: Path) -> None:
    """Money that it held for an attempt that was never sent is free for one that is."""
    job_id = UUID(int=2)
    await ledger.jobs()
    another(older, "UPDATE jobs SET stopped = 0")
    (planned,) = await ledger.attempts(job_id, 1)
    assert planned.custody is Custody.PLANNED
    claim = await ledger.claim(job_id, 1, owner="me", lease=60)
    assert claim is not None
    sent = await ledger.reserve(claim, an_attempt(job_id, 1))
    released, now = await ledger.attempts(job_id, 1)
    assert (released.money, now) == (Money.RELEASED, sent)
