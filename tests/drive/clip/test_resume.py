"""Running a job again finishes it: nothing is paid for twice, nothing paid for is lost."""

from __future__ import annotations

import io
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest
import trio
from PIL import Image
from trio.testing import MockClock

from tests.drive.jobs import JOB, PLENTY, Fakes, leave_open, prompts, run_job
from vgen import ClipStored, JobOpened
from vgen.abc import Attempt, Custody, Money, Prepared, Status, Ticket
from vgen.errors import InsufficientClipsError, LedgerError, StorageError
from vgen.records.entry import Entry, Stored
from vgen.records.job import Claim
from vgen.records.money import Account
from vgen.testing import (
    Break,
    FakeBackend,
    Hang,
    MemoryLedger,
    MemoryStorage,
    Refuse,
    Succeed,
    image_only,
    tiny_clip,
)

CLIP = f"{JOB}/clip_001.mp4"


async def interrupt(fakes: Fakes, *, after: float) -> None:
    """Run the job and cancel it after some seconds."""
    with trio.move_on_after(after):
        await run_job(fakes)


async def test_stored_clips_are_kept(autojump_clock: MockClock) -> None:
    """The second run of a finished job submits nothing and returns the same clips."""
    fakes = Fakes()
    await run_job(fakes)
    await run_job(fakes)
    assert len(fakes.backend.submitted) == 3
    assert [event.made for event in fakes.events_of(ClipStored)] == [True] * 3 + [False] * 3


async def test_only_missing_clips_are_generated(autojump_clock: MockClock) -> None:
    """The next run generates only the clips that were given up."""
    fakes = Fakes([FakeBackend(script={"a": [Refuse()]})])
    with pytest.raises(InsufficientClipsError):
        await run_job(fakes)
    await run_job(fakes)
    assert sorted(fakes.backend.submitted) == ["a", "a", "b", "c"]


async def test_only_the_clip_of_an_edited_prompt_is_generated_again(
    autojump_clock: MockClock,
) -> None:
    """The other clips are kept."""
    fakes = Fakes()
    await run_job(fakes)
    await run_job(fakes, "a", "B", "c")
    assert sorted(fakes.backend.submitted) == ["B", "a", "b", "c"]


async def test_cancelling_cancels_at_the_provider_and_settles(autojump_clock: MockClock) -> None:
    """A cancelled job leaves nothing running and nothing held."""
    fakes = Fakes()
    await interrupt(fakes, after=5)
    assert fakes.backend.running == []
    job = await fakes.ledger.job(JOB)
    assert job is not None
    assert job.account == Account(limit=PLENTY)
    assert job.outcome == "interrupted"
    await run_job(fakes)
    assert len(fakes.storage.files) == 6


async def test_cancelling_waits_for_a_tickets_recording(autojump_clock: MockClock) -> None:
    """Cancellation waits until a submit has ended and its ticket is in the ledger."""

    class Slow(FakeBackend):
        async def submit(self, prepared: Prepared, attempt_id: UUID) -> Ticket:
            ticket = await super().submit(prepared, attempt_id)
            await trio.sleep(20)
            return ticket

    fakes = Fakes([Slow()])
    await interrupt(fakes, after=5)
    job = await fakes.ledger.job(JOB)
    assert job is not None
    assert all(attempt.ticket for attempt in job.attempts)
    assert fakes.backend.running == []


async def test_an_attempt_that_cannot_be_cancelled_stays_open(
    autojump_clock: MockClock,
) -> None:
    """Without a verdict within the grace, the attempt stays held, and the next run waits for it."""

    class IgnoresCancel(FakeBackend):
        async def cancel(self, ticket: Ticket) -> Status:
            return (await self.status([ticket]))[ticket]

    fakes = Fakes([IgnoresCancel(default=Succeed(after=60))])
    await interrupt(fakes, after=5)
    job = await fakes.ledger.job(JOB)
    assert job is not None
    assert {attempt.state for attempt in job.attempts} == {(Money.HELD, Custody.TICKETED)}
    await run_job(fakes)
    assert len(fakes.backend.submitted) == 3


async def test_an_open_attempt_at_a_changed_request_becomes_a_take(
    autojump_clock: MockClock,
) -> None:
    """It is paid, so it is waited for and kept, before the new request is sent."""

    class IgnoresCancel(FakeBackend):
        ignores = True

        async def cancel(self, ticket: Ticket) -> Status:
            status = (await self.status([ticket]))[ticket]
            return status if self.ignores else await super().cancel(ticket)

    fake = IgnoresCancel(default=Succeed(after=60))
    fakes = Fakes([fake])
    await interrupt(fakes, after=5)
    fake.ignores = False
    await run_job(fakes, "a", "B", "c")
    first, second = await fakes.ledger.attempts(JOB, 1)
    assert first.custody is second.custody is Custody.STORED
    assert first.clip is not None
    assert first.clip.reference == fakes.take(1)
    assert fakes.storage.files[CLIP] != fakes.storage.files[fakes.take(1)]
    fake.submitted.clear()
    await run_job(fakes)
    assert fakes.storage.files[CLIP] == fakes.storage.files[fakes.take(1)]
    assert fake.submitted == []


async def test_an_undone_edit_cancels_the_open_attempt(
    autojump_clock: MockClock,
) -> None:
    """The attempt at the edited prompt is cancelled, and the earlier clip is kept."""

    class IgnoresCancel(FakeBackend):
        ignores = False

        async def cancel(self, ticket: Ticket) -> Status:
            status = (await self.status([ticket]))[ticket]
            return status if self.ignores else await super().cancel(ticket)

    fake = IgnoresCancel(script={"B": [Hang()]})
    fakes = Fakes([fake])
    await run_job(fakes)
    fake.ignores = True
    with trio.move_on_after(5):
        await run_job(fakes, "a", "B", "c")
    fake.ignores = False
    await run_job(fakes)
    assert fake.running == []
    assert sorted(fake.submitted) == ["B", "a", "b", "c"]


async def test_an_undone_edit_has_its_own_file_back(autojump_clock: MockClock) -> None:
    """Also where the ledger could not write down that the edited clip was stored."""

    class Forgetful(MemoryLedger):
        full = False

        async def advance(
            self, claim: Claim, attempt_id: UUID, expected: tuple[Money, Custody], entry: Entry
        ) -> Attempt:
            if self.full and isinstance(entry, Stored):
                raise LedgerError("the disk is full")
            return await super().advance(claim, attempt_id, expected, entry)

    ledger = Forgetful()
    fakes = Fakes(ledger=ledger)
    await run_job(fakes)
    ledger.full = True
    with pytest.raises(LedgerError, match="full"):
        await run_job(fakes, "a", "B", "c")
    ledger.full = False
    await run_job(fakes)
    assert sorted(fakes.backend.submitted) == ["B", "a", "b", "c"]
    assert fakes.storage.files[CLIP] == fakes.storage.files[fakes.take(1)]


async def test_a_job_that_was_opened_and_not_run_changes_no_clip(autojump_clock: MockClock) -> None:
    """Opened with another prompt and not run, it keeps its stored clips, and needs nothing new."""
    fakes = Fakes()
    await run_job(fakes)
    async with fakes.runner() as runner:
        await runner.open_job(JOB, prompts("a", "B", "c"), budget=PLENTY)
    await run_job(fakes)
    assert [event.expected for event in fakes.events_of(JobOpened)][1:] == [Decimal("0.12"), 0]


async def test_a_paid_clip_waits_for_its_storage(autojump_clock: MockClock) -> None:
    """When storage stays down, the clip is not generated again: the next run stores it."""
    fakes = Fakes(storage=MemoryStorage(faults=[Break("write", times=24)]))
    with pytest.raises(InsufficientClipsError) as caught:
        await run_job(fakes)
    assert "write: it broke" in caught.value.clips.failures[0].reason
    await run_job(fakes)
    assert len(fakes.backend.submitted) == 3
    assert len(fakes.storage.files) == 6


async def test_a_broken_download_is_fetched_again(autojump_clock: MockClock) -> None:
    """A truncated file is downloaded again, not generated again."""

    class TruncatesOnce(FakeBackend):
        broken = 1

        async def fetch(self, ticket: Ticket, path: Path) -> None:
            cut, self.broken = self.broken, 0
            await super().fetch(ticket, path)
            if cut:
                path.write_bytes(tiny_clip(2.0)[:-200])  # noqa: ASYNC240 (no threads here)

    fakes = Fakes([TruncatesOnce()])
    await run_job(fakes)
    assert len(fakes.backend.submitted) == 3
    assert len([line for line in fakes.backend.log if "fetch" in line]) == 4


async def test_two_runners_on_one_job_pay_once(autojump_clock: MockClock) -> None:
    """The second runner waits for the clips that the first one works on."""
    fakes = Fakes()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(run_job, fakes)
        nursery.start_soon(run_job, fakes)
    assert sorted(fakes.backend.submitted) == ["a", "b", "c"]
    assert len(fakes.backend.charges) == 3


async def test_a_claim_that_cannot_be_renewed_ends_the_job(autojump_clock: MockClock) -> None:
    """A runner whose ledger refuses a renewal raises `LedgerError`, in no exception group."""

    class Full(MemoryLedger):
        async def renew(self, claim: Claim, *, lease: float) -> None:
            raise LedgerError("the disk is full")

    fakes = Fakes([FakeBackend(default=Succeed(after=100))], ledger=Full())
    with pytest.raises(LedgerError, match="disk is full"):
        await run_job(fakes)


async def test_a_ticket_that_cannot_be_written_is_in_the_error(autojump_clock: MockClock) -> None:
    """When the ledger fails after an acceptance, the error carries the ticket."""

    class Full(MemoryLedger):
        async def advance(
            self, claim: Claim, attempt_id: UUID, expected: tuple[Money, Custody], entry: Entry
        ) -> Attempt:
            raise LedgerError("the disk is full")

    fakes = Fakes(ledger=Full())
    with pytest.raises(LedgerError, match="disk is full") as caught:
        await run_job(fakes)
    assert caught.value.ticket is not None
    assert caught.value.ticket.backend == "fake"


async def test_an_attempt_on_a_backend_that_is_not_in_the_route(autojump_clock: MockClock) -> None:
    """A clip with an open attempt on another backend is not submitted here."""
    fakes = Fakes()
    await leave_open(fakes, accepted=True)
    other = Fakes([FakeBackend("other")], fakes.storage, fakes.ledger)
    with pytest.raises(InsufficientClipsError, match="run again with fake"):
        await run_job(other)
    assert "a" not in other.backend.submitted


async def test_an_attempt_on_another_account(autojump_clock: MockClock) -> None:
    """A clip with an open attempt on one account is not submitted on another."""
    fakes = Fakes()
    await leave_open(fakes, accepted=True)
    before = await fakes.ledger.attempts(JOB, 0)
    other = Fakes([FakeBackend()], fakes.storage, fakes.ledger)
    other.backend.account = "another"
    with pytest.raises(InsufficientClipsError, match="on account fake-account"):
        await run_job(other)
    assert "a" not in other.backend.submitted
    assert await fakes.ledger.attempts(JOB, 0) == before


async def test_an_image_that_is_gone_when_its_clip_runs(autojump_clock: MockClock) -> None:
    """A clip is generated from text if its image is gone after the job was opened."""
    storage = MemoryStorage({"cat.png": png()})
    fakes = Fakes(storage=storage)
    async with fakes.runner() as runner:
        await runner.open_job(JOB, prompts(*"abc", image="cat.png"), budget=PLENTY)
        storage.images["cat.png"] = StorageError("gone for now", retryable=True)
        clip = await runner.run_clip(JOB, 0)
    assert "without its image: gone for now" in repr(clip)
    assert fakes.backend.prepared[0][1] is None


def png() -> bytes:
    """Return a small picture."""
    file = io.BytesIO()
    Image.new("RGB", (64, 48), (200, 120, 40)).save(file, "PNG")
    return file.getvalue()


async def test_a_clip_that_cannot_do_without_its_image(autojump_clock: MockClock) -> None:
    """It is given up, with the reason, where no backend of its route works from text."""
    storage = MemoryStorage({"cat.png": png()})
    fakes = Fakes([FakeBackend(capabilities=image_only())], storage=storage)
    async with fakes.runner() as runner:
        await runner.open_job(JOB, prompts(*"abc", image="cat.png"), budget=PLENTY)
        storage.images["cat.png"] = StorageError("gone for now", retryable=True)
        clip = await runner.run_clip(JOB, 0)
    assert "no backend can make it without its image: gone for now" in repr(clip)
    assert fakes.backend.submitted == []
