"""A job that is opened anew with other prompts while a call makes it: the later opening counts."""

from __future__ import annotations

import pytest
import trio
from attrs import evolve, field, frozen
from trio.testing import MockClock

from tests.drive.jobs import JOB, PLENTY, Fakes, prompts, run_job
from vgen import Clips, JobFinished, Runner, Settings
from vgen.abc import Custody
from vgen.errors import JobReopenedError, VgenError
from vgen.records.job import Claim
from vgen.records.money import Need
from vgen.testing import FakeBackend, MemoryLedger, Succeed

PRESSED_AGAIN = 20.5
"""When the job is opened anew, in seconds."""

NOTICED = 20.0
"""How long a call in another process may take to notice it, in seconds."""


@frozen
class Call:
    """How a call has ended, and when."""

    at: float = field(factory=trio.current_time, init=False)
    clips: Clips | None = None
    error: VgenError | None = None


async def call(runner: Runner, *texts: str) -> Call:
    """Make the job with these prompts."""
    try:
        return Call(await runner.process(JOB, prompts(*texts), budget=PLENTY))
    except VgenError as error:
        return Call(error=error)


def fakes_of(*, concurrency: int = 3, ledger: MemoryLedger | None = None) -> Fakes:
    """Return fakes whose attempts take a minute."""
    backend = FakeBackend(default=Succeed(after=60))
    settings = Settings(concurrency=concurrency)
    return Fakes([backend], settings=settings, ledger=ledger or MemoryLedger())


async def call_twice(fakes: Fakes, *texts: str, one_runner: bool) -> tuple[Call, Call]:
    """Call for a, b and c, and later, on the same runner or another, for other prompts."""
    calls: dict[int, Call] = {}

    async def make(number: int, runner: Runner, *asked: str) -> None:
        calls[number] = await call(runner, *asked)

    async with fakes.runner() as runner, fakes.runner() as other, trio.open_nursery() as nursery:
        nursery.start_soon(make, 1, runner, *"abc")
        await trio.sleep(PRESSED_AGAIN)
        nursery.start_soon(make, 2, runner if one_runner else other, *texts)
    return calls[1], calls[2]


async def custodies(fakes: Fakes) -> list[Custody]:
    """Return the states of all attempts at the job."""
    job = await fakes.ledger.job(JOB)
    assert job is not None
    return [attempt.custody for attempt in job.attempts]


@pytest.mark.parametrize("one_runner", [True, False])
async def test_the_earlier_call_ends_at_once(
    autojump_clock: MockClock, *, one_runner: bool
) -> None:
    """It says why, and cancels nothing that it has sent."""
    fakes = fakes_of()
    first, second = await call_twice(fakes, *"ABC", one_runner=one_runner)
    assert isinstance(first.error, JobReopenedError)
    assert "opened anew with other prompts" in str(first.error)
    assert first.at - PRESSED_AGAIN < (1.0 if one_runner else NOTICED)
    assert second.clips is not None
    assert second.clips.successful_clips == 3
    outcomes = [event.outcome for event in fakes.events_of(JobFinished)]
    assert outcomes == [str(first.error), "3 of 3 clips"]
    assert "cancel" not in repr(fakes.backend)
    assert await custodies(fakes) == [Custody.STORED] * 6


@pytest.mark.parametrize("one_runner", [True, False])
async def test_the_earlier_call_sends_nothing_more(
    autojump_clock: MockClock, *, one_runner: bool
) -> None:
    """What it has not sent yet is sent with the later prompts only."""
    fakes = fakes_of(concurrency=1)
    await call_twice(fakes, *"ABC", one_runner=one_runner)
    assert sorted(fakes.backend.submitted[1:]) == ["A", "B", "C"]
    assert fakes.backend.submitted[0] in "abc"


async def test_one_edited_prompt_is_enough(autojump_clock: MockClock) -> None:
    """The clips whose prompts are as they were are the earlier call's, taken over."""
    fakes = fakes_of()
    first, second = await call_twice(fakes, *"aBc", one_runner=False)
    assert isinstance(first.error, JobReopenedError)
    assert second.clips is not None
    assert sorted(fakes.backend.submitted) == ["B", "a", "b", "c"]


async def test_the_same_prompts_work_together(autojump_clock: MockClock) -> None:
    """Another budget or another `min_clips` is no other opening."""
    fakes = fakes_of()
    clips: list[Clips] = []

    async def make(min_clips: int) -> None:
        async with fakes.runner() as runner:
            asked = prompts(*"abc")
            clips.append(
                await runner.process(JOB, asked, budget=PLENTY + min_clips, min_clips=min_clips)
            )

    async with trio.open_nursery() as nursery:
        nursery.start_soon(make, 3)
        await trio.sleep(PRESSED_AGAIN)
        nursery.start_soon(make, 2)
    assert [each.successful_clips for each in clips] == [3, 3]
    assert sorted(fakes.backend.submitted) == ["a", "b", "c"]


async def test_interrupted_it_cancels_nothing(autojump_clock: MockClock) -> None:
    """Ctrl-C before it has noticed leaves to the later call what was sent."""
    fakes = fakes_of()
    with trio.move_on_after(PRESSED_AGAIN + 1):
        async with (
            fakes.runner() as runner,
            fakes.runner() as other,
            trio.open_nursery() as nursery,
        ):
            nursery.start_soon(call, runner, *"abc")
            await trio.sleep(PRESSED_AGAIN)
            await other.open_job(JOB, prompts(*"ABC"), budget=PLENTY)
            await trio.sleep_forever()
    assert len(fakes.backend.running) == 3
    assert await custodies(fakes) == [Custody.TICKETED] * 3


async def test_a_clip_that_is_made_alone_ends_too(autojump_clock: MockClock) -> None:
    """`run_clip` of an earlier opening raises the error."""
    fakes = fakes_of()

    async def make(runner: Runner) -> None:
        with pytest.raises(JobReopenedError):
            await runner.run_clip(JOB, 0)

    async with fakes.runner() as runner:
        await runner.open_job(JOB, prompts(*"abc"), budget=PLENTY)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(make, runner)
            await trio.sleep(PRESSED_AGAIN)
            await runner.open_job(JOB, prompts(*"ABC"), budget=PLENTY)
    assert len(fakes.backend.running) == 1


class OpenedAtLast(MemoryLedger):
    """A ledger where the job is opened anew just when its last clip is finished."""

    releases = 0

    async def release(self, claim: Claim) -> None:
        await super().release(claim)
        self.releases += 1
        job = self.peek(claim.job_id)
        if self.releases == 3 and job is not None:
            await self.open_job(evolve(job.manifest, opening="another"), Need())


async def test_a_finished_job_is_not_counted_by_other_prompts(autojump_clock: MockClock) -> None:
    """Opened anew before its clips are counted, it has no number of clips either."""
    with pytest.raises(JobReopenedError):
        await run_job(fakes_of(ledger=OpenedAtLast()))
