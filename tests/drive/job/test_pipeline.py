"""Whole jobs: what comes out, and in what order."""

from __future__ import annotations

from decimal import Decimal

import pytest
import trio
from trio.testing import MockClock

from tests.drive.jobs import JOB, PLENTY, Stage, prompts
from vgen import ClipGivenUp, JobFinished, JobOpened, JobProgress
from vgen.abc import Custody, Money
from vgen.errors import (
    AccountError,
    AccountRefusedError,
    BudgetExceededError,
    GenerationError,
    InsufficientClipsError,
    InvalidPromptsError,
    NotFoundError,
    StorageError,
)
from vgen.records.settings import Settings
from vgen.testing import (
    Break,
    Delay,
    Fail,
    FakeBackend,
    Hang,
    LoseAnswer,
    MemoryLedger,
    MemoryStorage,
    Refuse,
    Spoil,
    Succeed,
    image_only,
    tiny_clip,
)


async def test_clips_come_in_order_whatever_finishes_first(autojump_clock: MockClock) -> None:
    """Clips are in `clip_index` order, with true durations, costs and places."""
    stage = Stage([FakeBackend(script={"a": [Succeed(after=60)], "b": [Succeed(after=5)]})])
    async with stage.runner() as runner:
        clips = await runner.process(JOB, prompts("a", "b", "c"), budget=PLENTY)
    assert [clip.clip_index for clip in clips.clips] == [0, 1, 2]
    assert (clips.total_clips, clips.successful_clips, clips.failed_clips) == (3, 3, 0)
    first = clips.clips[0]
    assert first.actual_duration == first.target_duration == 2.0
    assert first.cost == Decimal("0.10") + Decimal("0.01") * 2
    assert first.video_url == f"memory:{JOB}/clip_000.mp4"
    assert first.ignored == ("width", "height")
    assert clips.total_cost == sum(charge.amount for charge in stage.fake.charges)
    assert 60 <= clips.total_generation_time < 70


async def test_three_clips_or_an_error(autojump_clock: MockClock) -> None:
    """Two clips of four are too few; the error carries them and why the others failed."""
    refused = Refuse(GenerationError("content policy"))
    stage = Stage([FakeBackend(script={"a": [refused], "b": [Fail()] * 3})])
    async with stage.runner() as runner:
        with pytest.raises(InsufficientClipsError) as caught:
            await runner.process(JOB, prompts(*"abcd"), budget=PLENTY)
    clips = caught.value.clips
    assert [clip.clip_index for clip in clips.clips] == [2, 3]
    assert caught.value.required == 3
    assert [failure.reason for failure in clips.failures] == [
        "content policy",
        "the model failed",
    ]
    assert [tried.backend for tried in clips.failures[1].tried] == ["fake"] * 3


async def test_when_three_are_out_of_reach_nothing_more_starts(autojump_clock: MockClock) -> None:
    """What has not started is not submitted; what runs may finish and is kept."""
    refused = Refuse(GenerationError("no"))
    fake = FakeBackend(
        script={"a": [Succeed(after=40)], "b": [refused], "c": [refused]},
        default=Succeed(after=50),
    )
    stage = Stage([fake], settings=Settings(concurrency=3))
    async with stage.runner() as runner:
        with pytest.raises(InsufficientClipsError) as caught:
            await runner.process(JOB, prompts(*"abcd"), budget=PLENTY, min_clips=3)
    assert len(fake.submitted) <= 3 + 1
    not_started = [f for f in caught.value.clips.failures if "no longer reach" in f.reason]
    started = {clip.clip_index for clip in caught.value.clips.clips}
    assert len(started) + len(not_started) == 2
    job = await stage.ledger.job(JOB)
    assert job is not None
    assert job.account.held == 0


async def test_a_lost_job_starts_nothing_while_it_is_written_down(
    autojump_clock: MockClock,
) -> None:
    """From the verdict on that puts three out of reach, however slow the ledger is."""
    stage = Stage(
        [FakeBackend(default=Fail(error=GenerationError("no")))],
        ledger=MemoryLedger([Delay("advance", seconds=5, times=9)]),
        settings=Settings(concurrency=1),
    )
    async with stage.runner() as runner:
        with pytest.raises(InsufficientClipsError):
            await runner.process(JOB, prompts("a", "b", "c"), budget=PLENTY)
    assert len(stage.fake.submitted) == 1


async def test_first_attempts_that_do_not_fit_are_refused_together(
    autojump_clock: MockClock,
) -> None:
    """Over budget, nothing is sent; the error names limit, spent, held and asked."""
    stage = Stage()
    async with stage.runner() as runner:
        with pytest.raises(BudgetExceededError) as caught:
            await runner.process(
                JOB, prompts("a", "b", "c"), budget=Decimal("0.40"), already_spent=Decimal("0.05")
            )
    error = caught.value
    assert (error.limit, error.spent, error.held, error.asked) == (
        Decimal("0.40"),
        Decimal("0.05"),
        Decimal(0),
        Decimal("0.36"),
    )
    assert stage.fake.submitted == []
    assert await stage.ledger.job(JOB) is None


async def test_a_retry_waits_for_the_jobs_own_money(autojump_clock: MockClock) -> None:
    """A retry that would pass the budget waits until other holds are settled for less."""
    cheap = Succeed(after=30, billed=Decimal("0.01"))
    fake = FakeBackend(
        script={"a": [Fail(after=1, billed=Decimal("0.05"))], "b": [cheap], "c": [cheap]}
    )
    stage = Stage([fake])
    async with stage.runner() as runner:
        clips = await runner.process(JOB, prompts("a", "b", "c"), budget=Decimal("0.36"))
    assert clips.successful_clips == 3
    assert clips.total_cost <= Decimal("0.36")


async def test_a_retry_that_no_money_can_come_for_gives_up(autojump_clock: MockClock) -> None:
    """When nothing of the job's can move any more, clips that wait for money end."""
    fake = FakeBackend(default=Fail(billed=Decimal("0.12")))
    stage = Stage([fake])
    async with stage.runner() as runner:
        with pytest.raises(InsufficientClipsError) as caught:
            await runner.process(JOB, prompts("a", "b", "c"), budget=Decimal("0.40"))
    assert all(
        "over budget" in f.reason or "reach" in f.reason for f in caught.value.clips.failures
    )
    assert len(fake.submitted) == 3


async def test_no_credit_stops_the_job(autojump_clock: MockClock) -> None:
    """An account that is refused ends the job with its error, and nothing more is sent."""
    stage = Stage(
        [FakeBackend(default=Refuse(AccountError("no credit")))], settings=Settings(concurrency=1)
    )
    async with stage.runner() as runner:
        with pytest.raises(AccountRefusedError, match="no credit") as caught:
            await runner.process(JOB, prompts(*"abcd"), budget=PLENTY)
    assert len(stage.fake.submitted) == 1
    assert caught.value.clips.total_cost == 0
    assert isinstance(caught.value.__cause__, AccountError)


@pytest.mark.parametrize("then", [None, Succeed()])
async def test_a_lost_answer_is_looked_up_before_anything_is_sent_again(
    autojump_clock: MockClock, then: Succeed | None
) -> None:
    """An accepted submit is found and waited for; one that never arrived is sent again."""
    stage = Stage([FakeBackend(script={"a": [LoseAnswer(then)]})])
    async with stage.runner() as runner:
        clips = await runner.process(JOB, prompts("a", "b", "c"), budget=PLENTY)
    assert clips.successful_clips == 3
    assert stage.fake.submitted.count("a") == (1 if then else 2)
    assert len(stage.fake.charges) == 3


async def test_a_hanging_attempt_is_cancelled_at_the_provider(autojump_clock: MockClock) -> None:
    """After the run limit the attempt is cancelled there, settled, and tried again."""
    stage = Stage([FakeBackend(script={"a": [Hang()]})])
    async with stage.runner() as runner:
        clips = await runner.process(JOB, prompts("a", "b", "c"), budget=PLENTY)
    assert clips.successful_clips == 3
    assert any("cancel 'a'" in line for line in stage.fake.log)
    assert stage.fake.running == []


@pytest.mark.parametrize(
    ("content", "word"),
    [(b"<html>not yours</html>", "HTML"), (tiny_clip(2.0, shade=16), "black")],
    ids=["page", "black"],
)
async def test_a_useless_file_fails_its_attempt(
    autojump_clock: MockClock, content: bytes, word: str
) -> None:
    """A file that is no video, or black, is paid for, written down as lost, and made anew."""
    stage = Stage([FakeBackend(script={"a": [Spoil(content)]})])
    async with stage.runner() as runner:
        clips = await runner.process(JOB, prompts("a", "b", "c"), budget=PLENTY)
    attempts = await stage.ledger.attempts(JOB, 0)
    assert [a.custody for a in attempts] == [Custody.LOST, Custody.STORED]
    assert word.lower() in attempts[0].reason.lower()
    assert clips.clips[0].cost == Decimal("0.24")
    assert clips.total_cost == sum(charge.amount for charge in stage.fake.charges)


async def test_a_clip_off_its_target_is_kept_and_marked(autojump_clock: MockClock) -> None:
    """A clip outside the tolerance is paid, so it is kept, and billed by its true length."""
    stage = Stage([FakeBackend(script={"a": [Succeed(seconds=5.0)]})])
    async with stage.runner() as runner:
        clips = await runner.process(JOB, prompts("a", "b", "c"), budget=PLENTY)
    clip = clips.clips[0]
    assert (clip.actual_duration, clip.duration_diff, clip.within_tolerance) == (5.0, 3.0, False)
    assert clip.cost == Decimal("0.15")


async def test_a_bill_above_its_hold_is_booked_in_full(autojump_clock: MockClock) -> None:
    """An overrun is booked as it is and nothing that costs money is sent after it."""
    fake = FakeBackend(
        script={"a": [Succeed(after=1, billed=Decimal(5))], "b": [Fail(after=9)]},
        default=Succeed(after=20),
    )
    stage = Stage([fake])
    async with stage.runner() as runner:
        with pytest.raises(InsufficientClipsError):
            await runner.process(JOB, prompts("a", "b", "c"), budget=PLENTY)
    job = await stage.ledger.job(JOB)
    assert job is not None
    assert job.account.overrun
    assert job.account.spent == sum(charge.amount for charge in fake.charges)
    assert fake.submitted.count("b") == 1


async def test_an_image_that_cannot_be_had_gives_way_to_text(autojump_clock: MockClock) -> None:
    """After three tries the clip is made from its text, and its record says so."""
    storage = MemoryStorage({"cat.png": StorageError("the storage is down", retryable=True)})
    stage = Stage(storage=storage)
    async with stage.runner() as runner:
        clips = await runner.process(JOB, prompts(*"abc", image="cat.png"), budget=PLENTY)
    assert storage.reads == ["cat.png"] * 3
    assert "without its image: the storage is down" in clips.clips[0].notes[0]
    assert all(image is None for _, image in stage.fake.prepared)


async def test_a_backend_that_needs_an_image_refuses_a_job_without(
    autojump_clock: MockClock,
) -> None:
    """A clip that no backend can make is refused with the job, before anything is sent."""
    stage = Stage([FakeBackend(capabilities=image_only())])
    async with stage.runner() as runner:
        with pytest.raises(InvalidPromptsError, match=r"clip_prompts\[2\]\.scene_reference_url"):
            await runner.process(JOB, prompts(*"abc"), budget=PLENTY)
    assert await stage.ledger.job(JOB) is None


async def test_storage_that_is_down_for_a_while_costs_no_second_clip(
    autojump_clock: MockClock,
) -> None:
    """Storing is tried again; the clip is generated once."""
    stage = Stage(storage=MemoryStorage(faults=[Break("write", times=2)]))
    async with stage.runner() as runner:
        clips = await runner.process(JOB, prompts("a", "b", "c"), budget=PLENTY)
    assert clips.successful_clips == 3
    assert len(stage.fake.submitted) == 3


async def test_fewer_prompts_than_needed_are_refused(autojump_clock: MockClock) -> None:
    """A job that could never reach its clips is refused before anything is sent."""
    async with Stage().runner() as runner:
        with pytest.raises(InvalidPromptsError, match="2 cannot make the 3"):
            await runner.process(JOB, prompts("a", "b"), budget=PLENTY)
        with pytest.raises(InvalidPromptsError, match="min_clips"):
            await runner.process(JOB, prompts("a", "b"), budget=PLENTY, min_clips=0)


async def test_events_tell_the_story(autojump_clock: MockClock) -> None:
    """From opened to finished, with progress from 50 to 85 percent that never falls."""
    stage = Stage([FakeBackend(script={"a": [Refuse()]})])
    async with stage.runner() as runner:
        await runner.process(JOB, prompts(*"abcd"), budget=PLENTY)
    assert isinstance(stage.events[0], JobOpened)
    assert isinstance(stage.events[-1], JobFinished)
    assert stage.events[-1].outcome == "3 of 4 clips"
    points = [event.percent for event in stage.told(JobProgress)]
    assert points == sorted(points)
    assert points[0] >= 50
    assert points[-1] == 85
    assert [event.failure.clip_index for event in stage.told(ClipGivenUp)] == [0]


async def test_an_observer_that_raises_changes_nothing(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    """What an observer raises is told off in the log."""

    def broken(event: object) -> None:
        raise ZeroDivisionError

    stage = Stage(observer=broken)
    async with stage.runner() as runner:
        clips = await runner.process(JOB, prompts(*"abc"), budget=PLENTY)
    assert clips.successful_clips == 3
    assert "the observer raised on JobOpened" in caplog.text


async def test_a_job_in_three_steps(autojump_clock: MockClock) -> None:
    """Open, run each clip, conclude: from different runners that share the ledger."""
    stage = Stage()
    async with stage.runner() as first:
        manifest = await first.open_job(JOB, prompts(*"abc"), budget=PLENTY)
        assert stage.fake.submitted == []
    async with stage.runner() as second, trio.open_nursery() as nursery:
        for planned in manifest.clips:
            nursery.start_soon(second.run_clip, JOB, planned.clip_index)
    async with stage.runner() as third:
        clips = await third.conclude(JOB)
        assert [clip.clip_index for clip in clips.clips] == [0, 1, 2]
        with pytest.raises(NotFoundError, match="no clip 7"):
            await third.run_clip(JOB, 7)


async def test_concluding_too_early_counts_what_is_there(autojump_clock: MockClock) -> None:
    """A clip that nobody has run is a failure that says so; its hold is released."""
    stage = Stage()
    async with stage.runner() as runner:
        await runner.open_job(JOB, prompts(*"abc"), budget=PLENTY)
        await runner.run_clip(JOB, 1)
        with pytest.raises(InsufficientClipsError, match="1 of 3") as caught:
            await runner.conclude(JOB)
    assert caught.value.clips.failures[0].reason == "not started"
    job = await stage.ledger.job(JOB)
    assert job is not None
    assert job.account.held == 0
    assert {a.money for a in job.attempts} == {Money.RELEASED, Money.SETTLED}
