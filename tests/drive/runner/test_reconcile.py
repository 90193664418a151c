"""Attempts that a process has left open: reconciled, or cancelled."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
import trio
from trio.testing import MockClock

from tests.drive.jobs import JOB, LEASE, PLENTY, Fakes, leave_open, prompts
from vgen import ClipGivenUp, JobFinished
from vgen.abc import Custody, Money
from vgen.drive.runner.reconcile import ELSEWHERE
from vgen.errors import JobStoppedError
from vgen.testing import FakeBackend, Hang


async def test_what_was_left_open_is_stored(autojump_clock: MockClock) -> None:
    """A clip that was paid for is stored, and no other is generated."""
    fakes = Fakes()
    attempt = await leave_open(fakes)
    await trio.sleep(LEASE)
    async with fakes.runner() as runner:
        assert [doubt.attempt_id for doubt in await runner.unsettled()] == [attempt.attempt_id]
        (found,) = await runner.reconcile(JOB)
        assert (found.attempt.custody, found.note) == (Custody.STORED, "")
        assert await runner.unsettled() == ()
    assert len(fakes.storage.files) == 2
    assert fakes.backend.submitted == ["a"]


async def test_a_clip_that_the_job_has_no_more_is_stored(autojump_clock: MockClock) -> None:
    """What was sent before the job was opened anew without it is paid, and kept too."""
    fakes = Fakes()
    attempt = await leave_open(fakes)
    await trio.sleep(LEASE)
    async with fakes.runner() as runner:
        asked = [prompt for prompt in prompts(*"abc") if prompt.clip_index]
        await runner.open_job(JOB, asked, budget=PLENTY, min_clips=2)
        (found,) = await runner.reconcile(JOB)
    assert (found.attempt.attempt_id, found.note) == (attempt.attempt_id, "")
    assert found.attempt.custody is Custody.STORED


async def test_what_never_arrived_is_released(autojump_clock: MockClock) -> None:
    """Its hold is released."""
    fakes = Fakes()
    await leave_open(fakes, accepted=False)
    await trio.sleep(LEASE)
    async with fakes.runner() as runner:
        (found,) = await runner.reconcile()
    assert found.attempt.money is Money.RELEASED


async def test_what_still_runs_stays(autojump_clock: MockClock) -> None:
    """`reconcile` does not wait for it, nor for what another process works on."""
    fakes = Fakes([FakeBackend(default=Hang())])
    await leave_open(fakes)
    async with fakes.runner() as runner:
        (found,) = await runner.reconcile()
        assert found.note == ELSEWHERE
        await trio.sleep(LEASE)
        (found,) = await runner.reconcile(JOB)
        assert (found.attempt.custody, found.note[:10]) == (Custody.TICKETED, "still open")
        assert await runner.reconcile(uuid4()) == ()


async def test_a_backend_that_is_not_in_the_route(autojump_clock: MockClock) -> None:
    """An attempt of a backend that the runner lacks stays open, with a note."""
    fakes = Fakes()
    await leave_open(fakes)
    await trio.sleep(LEASE)
    fakes.backends = [FakeBackend("other")]
    async with fakes.runner() as runner:
        (found,) = await runner.reconcile()
    assert "run again with fake" in found.note


async def test_a_job_is_stopped_from_elsewhere(autojump_clock: MockClock) -> None:
    """The runner that works on it stops within 20 seconds, and running it again finishes it."""
    fakes = Fakes([FakeBackend(script={"a": [Hang()], "b": [Hang()]})])
    stopped_at: list[float] = []

    async def run() -> None:
        async with fakes.runner() as runner:
            with pytest.raises(JobStoppedError):
                await runner.process(JOB, prompts(*"abc"), budget=PLENTY)
            stopped_at.append(trio.current_time())

    async with trio.open_nursery() as nursery, fakes.runner() as other:
        nursery.start_soon(run)
        await trio.sleep(15)
        asked = trio.current_time()
        await other.cancel(JOB)
    assert stopped_at[0] - asked <= 20
    assert fakes.backend.running == []
    job = await fakes.ledger.job(JOB)
    assert job is not None
    assert job.account.held + job.account.in_doubt == 0
    assert job.outcome == "cancelled"
    (finished,) = fakes.events_of(JobFinished)
    assert (finished.clips, finished.outcome) == (None, "cancelled")
    missing = {e.failure.clip_index: e.failure.reason for e in fakes.events_of(ClipGivenUp)}
    assert missing == {0: "the job was cancelled", 1: "the job was cancelled"}
    async with fakes.runner() as runner:
        clips = await runner.process(JOB, prompts(*"abc"), budget=PLENTY)
    assert clips.successful_clips == 3
    assert fakes.backend.submitted.count("c") == 1


async def test_the_runners_own_job_is_cancelled_at_once(autojump_clock: MockClock) -> None:
    """Its own jobs stop without waiting for a claim's renewal, and other jobs run on."""
    fakes = Fakes([FakeBackend(default=Hang())])

    async def process(job_id: UUID) -> None:
        with pytest.raises(JobStoppedError):
            await runner.process(job_id, prompts(*"abc"), budget=PLENTY)
        ended[job_id].set()

    other = uuid4()
    ended = {JOB: trio.Event(), other: trio.Event()}
    async with fakes.runner() as runner, trio.open_nursery() as nursery:
        nursery.start_soon(process, JOB)
        nursery.start_soon(process, other)
        await trio.sleep(5)
        await runner.cancel(JOB)
        with trio.fail_after(LEASE / 6):
            await ended[JOB].wait()
        assert not ended[other].is_set()
        await runner.cancel(other)
    assert fakes.backend.running == []


async def test_a_job_that_has_ended_cannot_be_cancelled(autojump_clock: MockClock) -> None:
    """Cancelling it changes nothing."""
    fakes = Fakes()
    async with fakes.runner() as runner:
        await runner.process(JOB, prompts(*"abc"), budget=PLENTY)
        assert await runner.cancel(JOB) == ()
        job = await runner.job(JOB)
    assert job is not None
    assert (job.outcome, job.stopped) == ("3 of 3 clips", False)


async def test_a_dead_processes_job_can_be_cancelled(autojump_clock: MockClock) -> None:
    """Its running attempts are cancelled at the provider, and settled."""
    fakes = Fakes([FakeBackend(default=Hang())])
    await leave_open(fakes)
    async with fakes.runner() as runner:
        (found,) = await runner.cancel(JOB)
    assert (found.attempt.money, found.note) == (Money.SETTLED, "")
    assert fakes.backend.running == []


async def test_cancelling_ends_where_another_process_does_not_let_go(
    autojump_clock: MockClock,
) -> None:
    """After the time of a claim and the grace its attempts are left, with a note."""
    fakes = Fakes([FakeBackend(default=Hang())])
    await leave_open(fakes)
    claim = await fakes.ledger.holder(JOB, 0)
    assert claim is not None
    await fakes.ledger.renew(claim, lease=10**6)
    async with fakes.runner() as runner:
        (found,) = await runner.cancel(JOB)
    assert (found.attempt.custody, found.note) == (Custody.INTENDED, ELSEWHERE)
    assert trio.current_time() < 2 * LEASE + fakes.settings.grace + 60
