"""A ledger's file that is removed or replaced under its process: noticed, and nothing lost."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest
from attrs import evolve

from tests.records.samples import a_manifest, an_attempt
from vgen import SQLiteLedger
from vgen.abc import Attempt, Claim, Custody, State, Ticket
from vgen.builtin.rescue import identity
from vgen.errors import LedgerError
from vgen.records.entry import Settled, Ticketed
from vgen.records.money import Need

JOB = UUID(int=1)
TICKET = Ticket("svd", "1")


async def send(ledger: SQLiteLedger, *, clip_index: int = 0) -> tuple[Claim, Attempt]:
    """Reserve an attempt at a clip of the job."""
    claim = await ledger.claim(JOB, clip_index, owner="me", lease=60)
    assert claim is not None
    return claim, await ledger.reserve(claim, an_attempt(JOB, clip_index))


def remove(path: Path) -> None:
    """Remove the file alone: what SQLite keeps beside it stays."""
    path.unlink()


def remove_folder(path: Path) -> None:
    """Remove all of the folder."""
    shutil.rmtree(path.parent)


@pytest.mark.parametrize("lose", [remove, remove_folder])
async def test_a_removed_file_is_written_again(
    ledger: SQLiteLedger, path: Path, lose: Callable[[Path], None]
) -> None:
    """The error says so; what has happened at the provider is still written down."""
    await ledger.open_job(a_manifest(JOB), Need())
    claim, attempt = await send(ledger)
    lose(path)
    ticketed = await ledger.advance(claim, attempt.attempt_id, attempt.state, Ticketed(TICKET))
    for call in (ledger.job(JOB), ledger.reserve(claim, attempt), ledger.conclude(JOB, "done")):
        with pytest.raises(LedgerError, match=rf"^{path}: .* is written there again: run the job"):
            await call
    lose(path)
    verdict = Settled(State.SUCCEEDED, Decimal("0.2"))
    await ledger.advance(claim, attempt.attempt_id, ticketed.state, verdict)
    await ledger.release(claim)
    await ledger.aclose()
    assert [file.name for file in path.parent.iterdir()] == ["vgen.db"]
    job = await SQLiteLedger(path).job(JOB)
    assert job is not None
    assert job.account.spent == Decimal("0.30")


async def test_a_replaced_file_is_left_alone(
    ledger: SQLiteLedger, path: Path, tmp_path: Path
) -> None:
    """What the old one had, and what happens yet, is beside it; the error names the file."""
    await ledger.open_job(a_manifest(JOB), Need())
    backup = tmp_path / "backup.db"
    await ledger.aclose()
    shutil.copy(path, backup)
    claim, attempt = await send(ledger)
    replacement = identity(backup)
    backup.replace(path)
    with pytest.raises(LedgerError, match=f"^{path}: .*; all that it had is in .*: put it back"):
        await ledger.renew(claim, lease=60)
    await ledger.advance(claim, attempt.attempt_id, attempt.state, Ticketed(TICKET))
    await ledger.aclose()
    (rescued,) = path.parent.glob("vgen-rescued-*.db")
    expected = evolve(attempt, ticket=TICKET, custody=Custody.TICKETED)
    assert await SQLiteLedger(rescued).attempt(attempt.attempt_id) == expected
    assert identity(path) == replacement


async def test_a_file_removed_at_the_very_end(ledger: SQLiteLedger, path: Path) -> None:
    """Closing notices it, once."""
    await ledger.open_job(a_manifest(JOB), Need())
    remove(path)
    with pytest.raises(LedgerError, match="written there again"):
        await ledger.aclose()
    await ledger.aclose()
    assert [job.job_id for job in await SQLiteLedger(path).jobs()] == [JOB]


async def test_what_cannot_be_written_again_is_told(ledger: SQLiteLedger, path: Path) -> None:
    """Where the folder's place is taken, the error says that and why."""
    await ledger.open_job(a_manifest(JOB), Need())
    remove_folder(path)
    path.parent.write_text("in its way")
    with pytest.raises(LedgerError, match="cannot be written anew"):
        await ledger.conclude(JOB, "done")


async def test_another_ledger_on_the_file_notices_too(
    ledger: SQLiteLedger, path: Path, clock: Callable[[], float]
) -> None:
    """The second to notice finds the file of the first, and writes beside it."""
    await ledger.open_job(a_manifest(JOB), Need())
    other = SQLiteLedger(path, clock=clock)
    await other.jobs()
    remove(path)
    with pytest.raises(LedgerError, match="written there again"):
        await ledger.conclude(JOB, "done")
    with pytest.raises(LedgerError, match="put it back"):
        await other.conclude(JOB, "done")
    await other.aclose()
    assert [job.job_id for job in await SQLiteLedger(path).jobs()] == [JOB]


def link(path: Path) -> None:
    """Put a link in its place that leads nowhere."""
    path.unlink()
    path.symlink_to(path.with_name("nowhere.db"))


async def test_a_file_that_became_a_link_to_nothing(ledger: SQLiteLedger, path: Path) -> None:
    """What it had is written beside the link: it leads to another's place."""
    await ledger.open_job(a_manifest(JOB), Need())
    link(path)
    with pytest.raises(LedgerError, match=r"; all that it had is in .*: put it back"):
        await ledger.conclude(JOB, "done")
    (rescued,) = path.parent.glob("vgen-rescued-*.db")
    assert [job.job_id for job in await SQLiteLedger(rescued).jobs()] == [JOB]
