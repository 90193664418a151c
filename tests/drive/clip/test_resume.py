"""Running a job again finishes it: nothing is paid for twice, nothing paid for is lost."""

from __future__ import annotations

import io
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest
import trio
from attrs import evolve
from PIL import Image
from trio.testing import MockClock

from tests.drive.jobs import JOB, PLENTY, Stage, prompts
from vgen import ClipStored, JobOpened
from vgen.abc import Attempt, Custody, Finding, Money, Prepared, Status, Ticket, Unknown
from vgen.errors import InsufficientClipsError, LedgerError, StorageError
from vgen.records.entry import Entry, Stored
from vgen.records.job import Claim
from vgen.records.money import Account
from vgen.testing import (
    CAPABILITIES,
    Break,
    FakeBackend,
    Hang,
    LoseAnswer,
    MemoryLedger,
    MemoryStorage,
    Refuse,
    Succeed,
    tiny_clip,
)


async def play(stage: Stage, *texts: str) -> None:
    """Run the job once, whatever comes of it."""
    async with stage.runner() as runner:
        await runner.process(JOB, prompts(*texts or "abc"), budget=PLENTY)


async def interrupt(stage: Stage, *, after: float) -> None:
    """Run the job and cancel it after some seconds."""
    with trio.move_on_after(after):
        await play(stage)


async def test_stored_clips_are_taken_as_they_are(autojump_clock: MockClock) -> None:
    """The second run of a finished job submits nothing and gives the same clips."""
    stage = Stage()
    await play(stage)
    await play(stage)
    assert len(stage.fake.submitted) == 3
    assert [event.made for event in stage.told(ClipStored)] == [True] * 3 + [False] * 3


async def test_only_what_is_missing_is_made(autojump_clock: MockClock) -> None:
    """A clip that was given up is made by the next run, at a price for it alone."""
    stage = Stage([FakeBackend(script={"a": [Refuse()]})])
    with pytest.raises(InsufficientClipsError):
        await play(stage)
    await play(stage)
    assert sorted(stage.fake.submitted) == ["a", "a", "b", "c"]


async def test_an_edited_prompt_makes_only_that_clip_anew(autojump_clock: MockClock) -> None:
    """A changed request is made again, and the others are kept."""
    stage = Stage()
    await play(stage)
    await play(stage, "a", "B", "c")
    assert sorted(stage.fake.submitted) == ["B", "a", "b", "c"]


async def test_a_stored_file_that_is_gone_is_made_anew(autojump_clock: MockClock) -> None:
    """A clip whose file has left the storage is no clip."""
    stage = Stage()
    await play(stage)
    del stage.storage.files[f"{JOB}/clip_001.mp4"]
    await play(stage)
    assert sorted(stage.fake.submitted) == ["a", "b", "b", "c"]


async def test_cancelling_cancels_at_the_provider_and_settles(autojump_clock: MockClock) -> None:
    """A cancelled job leaves nothing running and nothing held."""
    stage = Stage()
    await interrupt(stage, after=5)
    assert stage.fake.running == []
    job = await stage.ledger.job(JOB)
    assert job is not None
    assert job.account == Account(limit=PLENTY)
    assert job.outcome == "interrupted"
    await play(stage)
    assert len(stage.storage.files) == 3


async def test_cancelling_waits_for_a_submit_to_be_written_down(autojump_clock: MockClock) -> None:
    """Between intent and ticket cancellation waits: no accepted attempt goes unseen."""

    class Slow(FakeBackend):
        async def submit(self, prepared: Prepared, attempt_id: UUID) -> Ticket:
            ticket = await super().submit(prepared, attempt_id)
            await trio.sleep(20)
            return ticket

    stage = Stage([Slow()])
    await interrupt(stage, after=5)
    job = await stage.ledger.job(JOB)
    assert job is not None
    assert all(attempt.ticket for attempt in job.attempts)
    assert stage.fake.running == []


async def test_an_attempt_that_cannot_be_cancelled_stays_written_down(
    autojump_clock: MockClock,
) -> None:
    """Without a verdict within the grace the attempt stands as live, and a re-run waits for it."""

    class Deaf(FakeBackend):
        async def cancel(self, ticket: Ticket) -> Status:
            return (await self.status([ticket]))[ticket]

    stage = Stage([Deaf(default=Succeed(after=60))])
    await interrupt(stage, after=5)
    job = await stage.ledger.job(JOB)
    assert job is not None
    assert {attempt.state for attempt in job.attempts} == {(Money.HELD, Custody.TICKETED)}
    await play(stage)
    assert len(stage.fake.submitted) == 3


async def test_a_changed_request_stops_what_was_under_way(autojump_clock: MockClock) -> None:
    """An open attempt at the old request is cancelled before the new one is sent."""

    class Deaf(FakeBackend):
        deaf = True

        async def cancel(self, ticket: Ticket) -> Status:
            status = (await self.status([ticket]))[ticket]
            return status if self.deaf else await super().cancel(ticket)

    fake = Deaf(default=Succeed(after=60))
    stage = Stage([fake])
    await interrupt(stage, after=5)
    fake.deaf = False
    await play(stage, "a", "B", "c")
    first, second = await stage.ledger.attempts(JOB, 1)
    assert first.state == (Money.SETTLED, Custody.VOID)
    assert second.custody is Custody.STORED
    assert sorted(fake.submitted) == ["B", "a", "b", "c"]


async def test_a_prompt_that_is_taken_back_stops_what_was_under_way(
    autojump_clock: MockClock,
) -> None:
    """An attempt at an edited prompt is ended when the earlier clip is asked for again."""

    class Deaf(FakeBackend):
        deaf = False

        async def cancel(self, ticket: Ticket) -> Status:
            status = (await self.status([ticket]))[ticket]
            return status if self.deaf else await super().cancel(ticket)

    fake = Deaf(script={"B": [Hang()]})
    stage = Stage([fake])
    await play(stage)
    fake.deaf = True
    with trio.move_on_after(5):
        await play(stage, "a", "B", "c")
    fake.deaf = False
    await play(stage)
    assert fake.running == []
    assert sorted(fake.submitted) == ["B", "a", "b", "c"]


async def test_a_file_that_may_have_been_replaced_is_no_clip(autojump_clock: MockClock) -> None:
    """A prompt that is taken back never gets the file of the edited one in its place."""

    class Forgetful(MemoryLedger):
        full = False

        async def advance(
            self, claim: Claim, attempt_id: UUID, expected: tuple[Money, Custody], entry: Entry
        ) -> Attempt:
            if self.full and isinstance(entry, Stored):
                raise LedgerError("the disk is full")
            return await super().advance(claim, attempt_id, expected, entry)

    ledger = Forgetful()
    stage = Stage(ledger=ledger)
    await play(stage)
    ledger.full = True
    with pytest.raises(LedgerError, match="full"):
        await play(stage, "a", "B", "c")
    ledger.full = False
    await play(stage)
    assert sorted(stage.fake.submitted) == ["B", "a", "b", "b", "c"]


async def test_a_hold_that_was_never_used_prices_nothing(autojump_clock: MockClock) -> None:
    """A job that was opened for another prompt, and not run, leaves stored clips stored."""
    stage = Stage()
    await play(stage)
    async with stage.runner() as runner:
        await runner.open_job(JOB, prompts("a", "B", "c"), budget=PLENTY)
    await play(stage)
    assert [event.held for event in stage.told(JobOpened)][1:] == [Decimal("0.12"), 0]


async def leave_open(stage: Stage, *, accepted: bool) -> None:
    """Leave clip 0 as a process that died during its submit would."""
    async with stage.runner() as runner:
        await runner.open_job(JOB, prompts(*"abc"), budget=PLENTY)
    claim = await stage.ledger.claim(JOB, 0, owner="dead", lease=30)
    assert claim is not None
    (planned,) = await stage.ledger.attempts(JOB, 0)
    attempt = await stage.ledger.reserve(claim, planned)
    if accepted:
        prepared = await stage.fake.prepare(attempt.request, None)
        await stage.fake.submit(prepared, attempt.attempt_id)


@pytest.mark.parametrize("accepted", [True, False])
async def test_a_submit_of_a_dead_process_is_looked_up(
    autojump_clock: MockClock, *, accepted: bool
) -> None:
    """What may have been sent is found and waited for, or proved absent and sent."""
    stage = Stage()
    await leave_open(stage, accepted=accepted)
    await play(stage)
    assert stage.fake.submitted.count("a") == 1
    assert len(stage.storage.files) == 3


class Blind(FakeBackend):
    """A backend that cannot look for what it may have accepted."""

    async def find(self, attempt: Attempt) -> Finding:
        return Unknown()


async def test_a_doubt_that_cannot_be_proved_is_written_off(autojump_clock: MockClock) -> None:
    """On a backend that cannot look, the doubtful money counts as spent and the clip is free."""
    stage = Stage([Blind(capabilities=evolve(CAPABILITIES, can_find=False))])
    await leave_open(stage, accepted=True)
    await play(stage)
    first, second = await stage.ledger.attempts(JOB, 0)
    assert first.state == (Money.WRITTEN_OFF, Custody.LOST)
    assert second.custody is Custody.STORED


class Forgetful(FakeBackend):
    """A backend whose provider no longer keeps what would tell."""

    async def find(self, attempt: Attempt) -> Finding:
        return Unknown(for_good=True)


async def test_a_doubt_that_nothing_will_ever_tell_is_written_off(
    autojump_clock: MockClock,
) -> None:
    """The clip does not wait for ever: its doubtful money counts as spent, and it is made anew."""
    stage = Stage([Forgetful()])
    await leave_open(stage, accepted=True)
    await play(stage)
    first, second = await stage.ledger.attempts(JOB, 0)
    assert first.state == (Money.WRITTEN_OFF, Custody.LOST)
    assert second.custody is Custody.STORED


async def test_a_doubt_of_this_run_is_never_sent_again(autojump_clock: MockClock) -> None:
    """While the provider cannot tell, the clip waits in doubt and the money with it."""
    fake = Blind(
        script={"a": [LoseAnswer(Succeed())]}, capabilities=evolve(CAPABILITIES, can_find=False)
    )
    stage = Stage([fake])
    with pytest.raises(InsufficientClipsError):
        await play(stage)
    (attempt,) = await stage.ledger.attempts(JOB, 0)
    assert attempt.money is Money.IN_DOUBT
    assert fake.submitted.count("a") == 1


async def test_a_paid_clip_waits_for_its_storage(autojump_clock: MockClock) -> None:
    """When storage stays down the clip is not made again: the next run stores it."""
    stage = Stage(storage=MemoryStorage(faults=[Break("write", times=24)]))
    with pytest.raises(InsufficientClipsError) as caught:
        await play(stage)
    assert "write: it broke" in caught.value.clips.failures[0].reason
    await play(stage)
    assert len(stage.fake.submitted) == 3
    assert len(stage.storage.files) == 3


async def test_a_broken_download_is_fetched_again(autojump_clock: MockClock) -> None:
    """A file cut short on the way is downloaded once more, not generated once more."""

    class Flaky(FakeBackend):
        broken = 1

        async def fetch(self, ticket: Ticket, path: Path) -> None:
            cut, self.broken = self.broken, 0
            await super().fetch(ticket, path)
            if cut:
                path.write_bytes(tiny_clip(2.0)[:-200])  # noqa: ASYNC240 (no threads here)

    stage = Stage([Flaky()])
    await play(stage)
    assert len(stage.fake.submitted) == 3
    assert len([line for line in stage.fake.log if "fetch" in line]) == 4


async def test_two_runners_on_one_job_pay_once(autojump_clock: MockClock) -> None:
    """The second runner waits for the clips that the first one works on."""
    stage = Stage()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(play, stage)
        nursery.start_soon(play, stage)
    assert sorted(stage.fake.submitted) == ["a", "b", "c"]
    assert len(stage.fake.charges) == 3


async def test_a_claim_that_passed_on_ends_the_work(autojump_clock: MockClock) -> None:
    """Whoever loses its claim writes nothing more, and the error comes in no group."""

    class Forgetful(MemoryLedger):
        async def renew(self, claim: Claim, *, lease: float) -> None:
            raise LedgerError("the claim has passed on")

    stage = Stage([FakeBackend(default=Succeed(after=100))], ledger=Forgetful())
    with pytest.raises(LedgerError, match="passed on"):
        await play(stage)


async def test_a_ticket_that_cannot_be_written_is_in_the_error(autojump_clock: MockClock) -> None:
    """When the ledger fails after an acceptance, the error carries the ticket."""

    class Full(MemoryLedger):
        async def advance(
            self, claim: Claim, attempt_id: UUID, expected: tuple[Money, Custody], entry: Entry
        ) -> Attempt:
            raise LedgerError("the disk is full")

    stage = Stage(ledger=Full())
    with pytest.raises(LedgerError, match="disk is full") as caught:
        await play(stage)
    assert caught.value.ticket is not None
    assert caught.value.ticket.backend == "fake"


async def test_an_attempt_on_a_backend_that_is_not_at_hand(autojump_clock: MockClock) -> None:
    """An open attempt elsewhere is not paid for a second time here."""
    stage = Stage()
    await leave_open(stage, accepted=True)
    other = Stage([FakeBackend("other")], stage.storage, stage.ledger)
    with pytest.raises(InsufficientClipsError, match="run again with fake"):
        await play(other)
    assert "a" not in other.fake.submitted


async def test_an_attempt_on_another_account(autojump_clock: MockClock) -> None:
    """What one account has open is neither forgotten nor paid for again on another."""
    stage = Stage()
    await leave_open(stage, accepted=True)
    before = await stage.ledger.attempts(JOB, 0)
    other = Stage([FakeBackend()], stage.storage, stage.ledger)
    other.fake.account = "another"
    with pytest.raises(InsufficientClipsError, match="on account fake-account"):
        await play(other)
    assert "a" not in other.fake.submitted
    assert await stage.ledger.attempts(JOB, 0) == before


async def test_an_image_that_went_missing_between_the_steps(autojump_clock: MockClock) -> None:
    """An image read when the job was opened and gone when the clip runs gives way to text."""
    storage = MemoryStorage({"cat.png": png()})
    stage = Stage(storage=storage)
    async with stage.runner() as runner:
        await runner.open_job(JOB, prompts(*"abc", image="cat.png"), budget=PLENTY)
        storage.images["cat.png"] = StorageError("gone for now", retryable=True)
        clip = await runner.run_clip(JOB, 0)
    assert "without its image: gone for now" in repr(clip)
    assert stage.fake.prepared[0][1] is None


def png() -> bytes:
    """Give a small picture."""
    file = io.BytesIO()
    Image.new("RGB", (64, 48), (200, 120, 40)).save(file, "PNG")
    return file.getvalue()
