"""What is told of a job and written down, field by field."""

from __future__ import annotations

from decimal import Decimal

from attrs import evolve
from trio.testing import MockClock

from tests.drive.jobs import JOB, Fakes
from vgen import (
    AttemptSubmitted,
    Clip,
    ClipProgress,
    ClipPrompt,
    ClipQueued,
    Clips,
    ClipStored,
    FallBackReason,
    JobFinished,
    JobOpened,
    MoneyCorrected,
    MoneyHeld,
    MoneySettled,
    RetryScheduled,
    Settings,
)
from vgen.abc import Attempt, ClipRequest, Custody, Money, StoredFile, Ticket
from vgen.records.job import Job, Manifest, PlannedClip
from vgen.records.money import Account, Purse
from vgen.testing import Fail, FakeBackend, MemoryStorage, Succeed
from vgen.testing.behaviours import Behaviour
from vgen.testing.clips import tiny_picture

PROMPT = ClipPrompt(3, "a cat", 2.5, "a dog", "cat.png", metadata={"seed": 7})
BILL = Decimal("0.02")
HOLD = Decimal("0.125")


def make_fakes() -> Fakes:
    """Fakes whose first attempt at the clip fails, and whose second is longer than was asked."""
    script: list[Behaviour] = [Fail(after=1, billed=BILL), Succeed(after=4, seconds=3.0)]
    return Fakes(
        [FakeBackend(script={"a cat": script}), FakeBackend("second")],
        storage=MemoryStorage({"cat.png": tiny_picture()}),
        settings=Settings(poll_interval=2.0),
    )


async def run_job(fakes: Fakes) -> tuple[Clips, Job]:
    """Run a job of this clip with every option."""
    async with fakes.runner() as runner:
        clips = await runner.process(
            JOB,
            [PROMPT],
            budget=Decimal(2),
            already_spent=Decimal("0.5"),
            min_clips=1,
            fall_back_on=[FallBackReason.REFUSED],
            rerolls=2,
            purses={"team": Decimal(9)},
            name="cats",
            folder="clips",
        )
    job = await fakes.ledger.job(JOB)
    assert job is not None
    return clips, job


async def test_a_job_and_its_attempts(autojump_clock: MockClock) -> None:
    """The ledger has what was asked for, with all options, and what became of each attempt."""
    fakes = make_fakes()
    clips, job = await run_job(fakes)
    (planned,) = job.manifest.clips
    generation = fakes.settings.generation
    request = ClipRequest(
        prompt="a cat",
        duration=2.5,
        width=generation.width,
        height=generation.height,
        fps=generation.fps,
        motion=generation.motion,
        steps=generation.steps,
        negative_prompt="a dog",
        seed=7,
        image="cat.png",
        image_sha256=planned.request.image_sha256,
        metadata={"seed": 7},
    )
    assert planned == PlannedClip(PROMPT, request, planned.fingerprint, ("fake", "second"))
    assert job.manifest == Manifest(
        job_id=JOB,
        clips=(planned,),
        generation=generation,
        budget=Decimal(2),
        already_spent=Decimal("0.5"),
        min_clips=1,
        opening=job.manifest.opening,
        backends=("fake", "second"),
        fall_back_on=(FallBackReason.REFUSED,),
        rerolls=2,
        purses=(Purse("team", Decimal(9)),),
        name="cats",
        folder="clips",
    )
    assert job.account == Account(Decimal(2), spent=clips.total_cost, overrun=True)
    assert job.outcome == "1 of 1 clips"
    failed, stored = job.attempts
    assert failed == Attempt(
        attempt_id=failed.attempt_id,
        job_id=JOB,
        clip_index=3,
        number=1,
        backend="fake",
        account="fake-account",
        request=request,
        fingerprint=planned.fingerprint,
        hold=HOLD,
        money=Money.SETTLED,
        custody=Custody.VOID,
        billed=BILL,
        metered=True,
        sent=True,
        ticket=Ticket("fake", str(failed.attempt_id), "fake-account", "1"),
        reason="the model failed",
        epoch=1,
        reserved_at=failed.reserved_at,
        purses=("team",),
    )
    assert stored == evolve(
        failed,
        attempt_id=stored.attempt_id,
        number=2,
        custody=Custody.STORED,
        billed=Decimal("0.13"),
        metered=False,
        overrun=True,
        ticket=Ticket("fake", str(stored.attempt_id), "fake-account", "1"),
        clip=clips.clips[0],
        reason="",
        reserved_at=stored.reserved_at,
    )


async def test_a_clip(autojump_clock: MockClock) -> None:
    """Its record says where it is, how it was made, what it has cost, and what the file is."""
    fakes = make_fakes()
    clips, job = await run_job(fakes)
    (clip,) = clips.clips
    key = f"{JOB}/clip_003.mp4"
    take = StoredFile(
        f"{JOB}/takes/clip_003-2-{job.attempts[1].attempt_id.hex[:8]}.mp4",
        len(fakes.storage.files[key]),
        clip.sha256,
    )
    assert clip == Clip(
        clip_index=3,
        video_url=f"memory:{key}",
        actual_duration=3.0,
        target_duration=2.5,
        duration_diff=0.5,
        cost=Decimal("0.15"),
        retry_count=1,
        generation_time=clips.total_generation_time,
        requested_duration=2.5,
        within_tolerance=True,
        backend="fake",
        reference=key,
        sha256=clip.sha256,
        container="mp4",
        codec="h264",
        width=64,
        height=64,
        fps=8.0,
        frames=24,
        seed=7,
        ignored=("width", "height"),
        take=take,
        file=evolve(take, reference=key),
    )
    assert clips == Clips.of(
        JOB, [clip], total_cost=Decimal("0.65"), seconds=clips.total_generation_time
    )


async def test_events(autojump_clock: MockClock) -> None:
    """An observer hears of each step and of all money that moves, in order."""
    fakes = make_fakes()
    clips, job = await run_job(fakes)
    failed, stored = [each.attempt_id for each in job.attempts]
    (retry,) = fakes.events_of(RetryScheduled)
    progress = fakes.events_of(ClipProgress)
    assert [event for event in fakes.events if event not in progress] == [
        JobOpened(JOB, (3,), HOLD),
        ClipQueued(JOB, 3, "fake"),
        MoneyHeld(JOB, 3, failed, "fake", HOLD),
        AttemptSubmitted(JOB, 3, "fake", 1, HOLD),
        MoneySettled(JOB, 3, failed, "fake", Money.SETTLED, HOLD, BILL),
        RetryScheduled(JOB, 3, "the model failed", retry.delay),
        ClipQueued(JOB, 3, "fake"),
        MoneyHeld(JOB, 3, stored, "fake", HOLD),
        AttemptSubmitted(JOB, 3, "fake", 2, HOLD),
        MoneySettled(JOB, 3, stored, "fake", Money.SETTLED, HOLD, HOLD),
        MoneyCorrected(JOB, 3, stored, "fake", Decimal("0.005")),
        ClipStored(JOB, clips.clips[0]),
        JobFinished(JOB, clips, "1 of 1 clips"),
    ]
    furthest = 0.0
    for event in progress:
        furthest = max(furthest, event.fraction)
        percent = round(50 + 35 * furthest, 2)
        assert event == ClipProgress(JOB, 3, event.fraction, percent, event.seconds_left)
    assert progress[-1] == ClipProgress(JOB, 3, 1.0, 85.0, 0.0)
