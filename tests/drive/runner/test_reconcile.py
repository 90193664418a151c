"""What a process has left open: asked after, called off, or cleared up by a person."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID, uuid4

import pytest
import trio
from attrs import evolve
from trio.testing import MockClock

from tests.drive.jobs import JOB, PLENTY, Stage, prompts
from vgen.abc import Attempt, Custody, Finding, Money, Unknown
from vgen.errors import ConfigurationError, InsufficientClipsError, JobStoppedError, NotFoundError
from vgen.testing import FakeBackend, Hang, LoseAnswer, Succeed
from vgen.testing.backend import CAPABILITIES

LEASE = 30.0


async def leave_open(stage: Stage, *, accepted: bool = True) -> Attempt:
    """Leave clip 0 as a process that died during its submit would, on another machine."""
    async with stage.runner() as runner:
        await runner.open_job(JOB, prompts(*"abc"), budget=PLENTY)
    claim = await stage.ledger.claim(JOB, 0, owner="dead", lease=LEASE)
    assert claim is not None
    (planned,) = await stage.ledger.attempts(JOB, 0)
    attempt = await stage.ledger.reserve(claim, planned)
    if accepted:
        prepared = await stage.fake.prepare(attempt.request, None)
        await stage.fake.submit(prepared, attempt.attempt_id)
    return attempt


async def test_what_was_left_open_is_stored(autojump_clock: MockClock) -> None:
    """A clip that was paid for comes into storage, without any other being made."""
    stage = Stage()
    attempt = await leave_open(stage)
    await trio.sleep(LEASE)
    async with stage.runner() as runner:
        assert [doubt.attempt_id for doubt in await runner.unsettled()] == [attempt.attempt_id]
        (found,) = await runner.reconcile(JOB)
        assert (found.attempt.custody, found.note) == (Custody.STORED, "")
        assert await runner.unsettled() == ()
    assert len(stage.storage.files) == 1
    assert stage.fake.submitted == ["a"]


async def test_what_never_arrived_is_released(autojump_clock: MockClock) -> None:
    """Its money is free again."""
    stage = Stage()
    await leave_open(stage, accepted=False)
    await trio.sleep(LEASE)
    async with stage.runner() as runner:
        (found,) = await runner.reconcile()
    assert found.attempt.money is Money.RELEASED


async def test_what_still_runs_stays(autojump_clock: MockClock) -> None:
    """It is asked after, not waited for; so is what another process is working on."""
    stage = Stage([FakeBackend(default=Hang())])
    await leave_open(stage)
    async with stage.runner() as runner:
        (found,) = await runner.reconcile()
        assert found.note == "another process is working on it"
        await trio.sleep(LEASE)
        (found,) = await runner.reconcile(JOB)
        assert (found.attempt.custody, found.note[:10]) == (Custody.TICKETED, "still open")
        assert await runner.reconcile(uuid4()) == ()


async def test_a_backend_that_is_not_at_hand(autojump_clock: MockClock) -> None:
    """What nobody can be asked after stays open, with a reason."""
    stage = Stage()
    await leave_open(stage)
    await trio.sleep(LEASE)
    stage.backends = [FakeBackend("other")]
    async with stage.runner() as runner:
        (found,) = await runner.reconcile()
    assert "run again with fake" in found.note


async def test_a_job_is_stopped_from_elsewhere(autojump_clock: MockClock) -> None:
    """Whoever runs it hears of it, nothing runs on, and the same job again finishes it."""
    stage = Stage([FakeBackend(script={"a": [Hang()], "b": [Hang()]})])
    heard: list[float] = []

    async def run() -> None:
        async with stage.runner() as runner:
            with pytest.raises(JobStoppedError):
                await runner.process(JOB, prompts(*"abc"), budget=PLENTY)
            heard.append(trio.current_time())

    async with trio.open_nursery() as nursery, stage.runner() as other:
        nursery.start_soon(run)
        await trio.sleep(15)
        asked = trio.current_time()
        await other.cancel(JOB)
    assert heard[0] - asked <= 20
    assert stage.fake.running == []
    job = await stage.ledger.job(JOB)
    assert job is not None
    assert job.account.held + job.account.in_doubt == 0
    assert job.outcome == "cancelled"
    async with stage.runner() as runner:
        clips = await runner.process(JOB, prompts(*"abc"), budget=PLENTY)
    assert clips.successful_clips == 3
    assert stage.fake.submitted.count("c") == 1


async def test_the_runners_own_job_is_called_off_at_once(autojump_clock: MockClock) -> None:
    """It need not wait for a renewal to hear of it; so for another's, which is left alone."""
    stage = Stage([FakeBackend(default=Hang())])

    async def process(job_id: UUID) -> None:
        with pytest.raises(JobStoppedError):
            await runner.process(job_id, prompts(*"abc"), budget=PLENTY)
        ended[job_id] = trio.current_time()

    other, ended = uuid4(), dict[UUID, float]()
    async with stage.runner() as runner, trio.open_nursery() as nursery:
        nursery.start_soon(process, JOB)
        nursery.start_soon(process, other)
        await trio.sleep(5)
        await runner.cancel(JOB)
        assert ended == {JOB: 5.0}
        await runner.cancel(other)
    assert stage.fake.running == []


async def test_a_job_that_has_ended_cannot_be_called_off(autojump_clock: MockClock) -> None:
    """It stays as it is."""
    stage = Stage()
    async with stage.runner() as runner:
        await runner.process(JOB, prompts(*"abc"), budget=PLENTY)
        assert await runner.cancel(JOB) == ()
        job = await runner.job(JOB)
    assert job is not None
    assert (job.outcome, job.stopped) == ("3 of 3 clips", False)


async def test_a_dead_processes_job_is_called_off(autojump_clock: MockClock) -> None:
    """What it left running is cancelled at the provider, and settled."""
    stage = Stage([FakeBackend(default=Hang())])
    await leave_open(stage)
    async with stage.runner() as runner:
        (found,) = await runner.cancel(JOB)
    assert (found.attempt.money, found.note) == (Money.SETTLED, "")
    assert stage.fake.running == []


class Blind(FakeBackend):
    """A backend whose provider does not tell what it has accepted."""

    async def find(self, attempt: Attempt) -> Finding:
        return Unknown()


async def doubtful() -> tuple[Stage, Attempt]:
    """Give a job with a submit that nobody can clear up."""
    blind = Blind(script={"a": [LoseAnswer(Succeed())]}, capabilities=evolve(CAPABILITIES))
    stage = Stage([blind])
    async with stage.runner() as runner:
        with pytest.raises(InsufficientClipsError):
            await runner.process(JOB, prompts(*"abc"), budget=PLENTY)
    (attempt,) = await stage.ledger.unsettled()
    return stage, attempt


@pytest.mark.parametrize("paid", [True, False])
async def test_a_person_clears_a_doubt_up(autojump_clock: MockClock, *, paid: bool) -> None:
    """Paid, its money counts as spent; not paid, it is free; the clip is free either way."""
    stage, attempt = await doubtful()
    before = stage.ledger.peek(JOB)
    assert before is not None
    async with stage.runner() as runner:
        cleared = await runner.resolve(attempt.attempt_id, paid=paid)
        assert cleared.money is (Money.WRITTEN_OFF if paid else Money.RELEASED)
        clips = await runner.process(JOB, prompts(*"abc"), budget=PLENTY)
    assert clips.successful_clips == 3
    after = stage.ledger.peek(JOB)
    assert after is not None
    again = before.account.spent / 2
    assert after.account.spent == before.account.spent + again + (attempt.hold if paid else 0)


async def test_what_was_written_off_can_be_corrected(autojump_clock: MockClock) -> None:
    """Once the bill shows that it was not paid, its money is free again."""
    stage, attempt = await doubtful()
    async with stage.runner() as runner:
        await runner.resolve(attempt.attempt_id, paid=True)
        assert (await runner.resolve(attempt.attempt_id, paid=True)).money is Money.WRITTEN_OFF
        corrected = await runner.resolve(attempt.attempt_id, paid=False)
    assert corrected.money is Money.RELEASED
    job = stage.ledger.peek(JOB)
    assert job is not None
    assert job.account.in_doubt == Decimal(0)


async def test_nothing_else_can_be_resolved(autojump_clock: MockClock) -> None:
    """What the provider can be asked after is not for a person to say."""
    stage = Stage()
    async with stage.runner() as runner:
        await runner.process(JOB, prompts(*"abc"), budget=PLENTY)
        (stored, *_) = await stage.ledger.attempts(JOB, 0)
        with pytest.raises(ConfigurationError, match="nothing is in doubt"):
            await runner.resolve(stored.attempt_id, paid=True)
        with pytest.raises(NotFoundError, match="no attempt"):
            await runner.resolve(uuid4(), paid=True)
