"""Whole jobs: their clips, errors, money and events."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

import pytest
import trio
from trio.testing import MockClock

from tests.drive.jobs import JOB, PLENTY, Fakes, prompts
from vgen import ClipGivenUp, ClipProgress, JobFinished, JobOpened
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
    """Clips are in `clip_index` order, with true durations, costs and URLs."""
    fakes = Fakes([FakeBackend(script={"a": [Succeed(after=60)], "b": [Succeed(after=5)]})])
    async with fakes.runner() as runner:
        clips = await runner.process(JOB, prompts("a", "b", "c"), budget=PLENTY)
    assert [clip.clip_index for clip in clips.clips] == [0, 1, 2]
    assert (clips.total_clips, clips.successful_clips, clips.failed_clips) == (3, 3, 0)
    first = clips.clips[0]
    assert first.actual_duration == first.target_duration == 2.0
    assert first.cost == Decimal("0.10") + Decimal("0.01") * 2
    assert first.video_url == f"memory:{JOB}/clip_000.mp4"
    assert first.ignored == ("width", "height")
    assert clips.total_cost == sum(charge.amount for charge in fakes.backend.charges)
    assert 60 <= clips.total_generation_time < 70


async def test_three_clips_or_an_error(autojump_clock: MockClock) -> None:
    """Two clips of four are too few; the error carries them and why the others failed."""
    refused = Refuse(GenerationError("content policy"))
    fakes = Fakes([FakeBackend(script={"a": [refused], "b": [Fail()] * 3})])
    async with fakes.runner() as runner:
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


async def test_nothing_more_starts_once_min_clips_are_out_of_reach(
    autojump_clock: MockClock,
) -> None:
    """Clips that have not started are not submitted; running attempts may finish and are kept."""
    refused = Refuse(GenerationError("no"))
    fake = FakeBackend(
        script={"a": [Succeed(after=40)], "b": [refused], "c": [refused]},
        default=Succeed(after=50),
    )
    fakes = Fakes([fake], settings=Settings(concurrency=3))
    async with fakes.runner() as runner:
        with pytest.raises(InsufficientClipsError) as caught:
            await runner.process(JOB, prompts(*"abcd"), budget=PLENTY, min_clips=3)
    assert len(fake.submitted) <= 3 + 1
    not_started = [f for f in caught.value.clips.failures if "no longer reach" in f.reason]
    started = {clip.clip_index for clip in caught.value.clips.clips}
    assert len(started) + len(not_started) == 2
    job = await fakes.ledger.job(JOB)
    assert job is not None
    assert job.account.held == 0


async def test_nothing_starts_while_the_last_failure_is_recorded(
    autojump_clock: MockClock,
) -> None:
    """Nothing starts after the verdict that puts `min_clips` out of reach, on a slow ledger too."""
    fakes = Fakes(
        [FakeBackend(default=Fail(error=GenerationError("no")))],
        ledger=MemoryLedger([Delay("advance", seconds=5, times=9)]),
        settings=Settings(concurrency=1),
    )
    async with fakes.runner() as runner:
        with pytest.raises(InsufficientClipsError):
            await runner.process(JOB, prompts("a", "b", "c"), budget=PLENTY)
    assert len(fakes.backend.submitted) == 1


async def test_first_attempts_that_do_not_fit_are_refused_together(
    autojump_clock: MockClock,
) -> None:
    """Over budget, nothing is sent; the error has limit, spent, held and asked."""
    fakes = Fakes()
    async with fakes.runner() as runner:
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
    assert fakes.backend.submitted == []
    assert await fakes.ledger.job(JOB) is None


async def test_a_retry_waits_for_the_jobs_own_money(autojump_clock: MockClock) -> None:
    """A retry that would pass the budget waits until other holds are settled for less."""
    cheap = Succeed(after=30, billed=Decimal("0.01"))
    fake = FakeBackend(
        script={"a": [Fail(after=1, billed=Decimal("0.05"))], "b": [cheap], "c": [cheap]}
    )
    fakes = Fakes([fake])
    async with fakes.runner() as runner:
        clips = await runner.process(JOB, prompts("a", "b", "c"), budget=Decimal("0.36"))
    assert clips.successful_clips == 3
    assert clips.total_cost <= Decimal("0.36")


async def test_a_retry_without_any_money_to_come_gives_up(autojump_clock: MockClock) -> None:
    """When no hold of the job can be settled for less, clips that wait for money are given up."""
    fake = FakeBackend(default=Fail(billed=Decimal("0.12")))
    fakes = Fakes([fake])
    async with fakes.runner() as runner:
        with pytest.raises(InsufficientClipsError) as caught:
            await runner.process(JOB, prompts("a", "b", "c"), budget=Decimal("0.40"))
    assert all(
        "over budget" in f.reason or "reach" in f.reason for f in caught.value.clips.failures
    )
    assert len(fake.submitted) == 3


async def test_no_credit_stops_the_job(autojump_clock: MockClock) -> None:
    """An account that is refused ends the job with its error, and nothing more is sent."""
    fakes = Fakes(
        [FakeBackend(default=Refuse(AccountError("no credit")))], settings=Settings(concurrency=1)
    )
    async with fakes.runner() as runner:
        with pytest.raises(AccountRefusedError, match="no credit") as caught:
            await runner.process(JOB, prompts(*"abcd"), budget=PLENTY)
    assert len(fakes.backend.submitted) == 1
    assert caught.value.clips.total_cost == 0
    assert isinstance(caught.value.__cause__, AccountError)


@pytest.mark.parametrize("then", [None, Succeed()])
async def test_a_lost_answer_is_looked_up_before_anything_is_sent_again(
    autojump_clock: MockClock, then: Succeed | None
) -> None:
    """An accepted submit is found and waited for; one that never arrived is sent again."""
    fakes = Fakes([FakeBackend(script={"a": [LoseAnswer(then)]})])
    async with fakes.runner() as runner:
        clips = await runner.process(JOB, prompts("a", "b", "c"), budget=PLENTY)
    assert clips.successful_clips == 3
    assert fakes.backend.submitted.count("a") == (1 if then else 2)
    assert len(fakes.backend.charges) == 3


async def test_a_hanging_attempt_is_cancelled_at_the_provider(autojump_clock: MockClock) -> None:
    """After the run limit the attempt is cancelled there, settled, and tried again."""
    fakes = Fakes([FakeBackend(script={"a": [Hang()]})])
    async with fakes.runner() as runner:
        clips = await runner.process(JOB, prompts("a", "b", "c"), budget=PLENTY)
    assert clips.successful_clips == 3
    assert any("cancel 'a'" in line for line in fakes.backend.log)
    assert fakes.backend.running == []


@pytest.mark.parametrize(
    ("content", "word"),
    [(b"<html>not yours</html>", "HTML"), (tiny_clip(2.0, shade=16), "black")],
    ids=["page", "black"],
)
async def test_an_unusable_file_fails_its_attempt(
    autojump_clock: MockClock, content: bytes, word: str
) -> None:
    """A file that is no video, or black, is paid for, recorded as lost, and generated again."""
    fakes = Fakes([FakeBackend(script={"a": [Spoil(content)]})])
    async with fakes.runner() as runner:
        clips = await runner.process(JOB, prompts("a", "b", "c"), budget=PLENTY)
    attempts = await fakes.ledger.attempts(JOB, 0)
    assert [a.custody for a in attempts] == [Custody.LOST, Custody.STORED]
    assert word.lower() in attempts[0].reason.lower()
    assert clips.clips[0].cost == Decimal("0.24")
    assert clips.total_cost == sum(charge.amount for charge in fakes.backend.charges)


async def test_a_clip_off_its_target_is_kept_and_marked(autojump_clock: MockClock) -> None:
    """A clip outside the tolerance was paid for, so it is kept, and billed by its true length."""
    fakes = Fakes([FakeBackend(script={"a": [Succeed(seconds=5.0)]})])
    async with fakes.runner() as runner:
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
    fakes = Fakes([fake])
    async with fakes.runner() as runner:
        with pytest.raises(InsufficientClipsError):
            await runner.process(JOB, prompts("a", "b", "c"), budget=PLENTY)
    job = await fakes.ledger.job(JOB)
    assert job is not None
    assert job.account.overrun
    assert job.account.spent == sum(charge.amount for charge in fake.charges)
    assert fake.submitted.count("b") == 1


async def test_a_clip_without_its_image_is_generated_from_text(autojump_clock: MockClock) -> None:
    """After three failed reads the clip is generated from its text, and its notes say so."""

    class Timed(MemoryStorage):
        times: ClassVar[list[float]] = []

        async def read(self, reference: str, *, max_bytes: int) -> bytes:
            self.times.append(trio.current_time())
            return await super().read(reference, max_bytes=max_bytes)

    storage = Timed({"cat.png": StorageError("the storage is down", retryable=True)})
    fakes = Fakes(storage=storage, settings=Settings(backoff=2.0))
    async with fakes.runner() as runner:
        clips = await runner.process(JOB, prompts(*"abc", image="cat.png"), budget=PLENTY)
    assert storage.times == [0.0, 2.0, 6.0]
    assert "without its image: the storage is down" in clips.clips[0].notes[0]
    assert all(image is None for _, image in fakes.backend.prepared)


async def test_a_backend_that_needs_an_image_refuses_a_job_without(
    autojump_clock: MockClock,
) -> None:
    """A job with a clip that no backend can generate is refused before anything is sent."""
    fakes = Fakes([FakeBackend(capabilities=image_only())])
    async with fakes.runner() as runner:
        with pytest.raises(InvalidPromptsError, match=r"clip_prompts\[2\]\.scene_reference_url"):
            await runner.process(JOB, prompts(*"abc"), budget=PLENTY)
    assert await fakes.ledger.job(JOB) is None


async def test_storing_is_retried(
    autojump_clock: MockClock,
) -> None:
    """When storing fails, the clip is stored again, not generated again."""
    fakes = Fakes(storage=MemoryStorage(faults=[Break("write", times=2)]))
    async with fakes.runner() as runner:
        clips = await runner.process(JOB, prompts("a", "b", "c"), budget=PLENTY)
    assert clips.successful_clips == 3
    assert len(fakes.backend.submitted) == 3


async def test_fewer_prompts_than_needed_are_refused(autojump_clock: MockClock) -> None:
    """A job with fewer prompts than `min_clips` is refused before anything is sent."""
    async with Fakes().runner() as runner:
        with pytest.raises(InvalidPromptsError, match="2 cannot make the 3"):
            await runner.process(JOB, prompts("a", "b"), budget=PLENTY)
        with pytest.raises(InvalidPromptsError, match="min_clips"):
            await runner.process(JOB, prompts("a", "b"), budget=PLENTY, min_clips=0)


async def test_a_job_reports_its_events(autojump_clock: MockClock) -> None:
    """From opened to finished, with progress from 50 to 85 percent that never falls."""
    fakes = Fakes([FakeBackend(script={"a": [Refuse()]})])
    async with fakes.runner() as runner:
        await runner.process(JOB, prompts(*"abcd"), budget=PLENTY)
    assert isinstance(fakes.events[0], JobOpened)
    assert isinstance(fakes.events[-1], JobFinished)
    assert fakes.events[-1].outcome == "3 of 4 clips"
    points = [event.percent for event in fakes.events_of(ClipProgress)]
    assert points == sorted(points)
    assert points[0] >= 50
    assert points[-1] == 85
    assert [event.failure.clip_index for event in fakes.events_of(ClipGivenUp)] == [0]


async def test_a_job_in_three_steps(autojump_clock: MockClock) -> None:
    """Open, run each clip, conclude: from different runners that share the ledger."""
    fakes = Fakes()
    async with fakes.runner() as first:
        manifest = await first.open_job(JOB, prompts(*"abc"), budget=PLENTY)
        assert fakes.backend.submitted == []
    async with fakes.runner() as second, trio.open_nursery() as nursery:
        for planned in manifest.clips:
            nursery.start_soon(second.run_clip, JOB, planned.clip_index)
    async with fakes.runner() as third:
        clips = await third.conclude(JOB)
        assert [clip.clip_index for clip in clips.clips] == [0, 1, 2]
        with pytest.raises(NotFoundError, match="no clip 7"):
            await third.run_clip(JOB, 7)


async def test_concluding_early_fails_clips_that_were_not_run(autojump_clock: MockClock) -> None:
    """A clip that was not run is a failure with that reason, another with its last attempt's."""
    fakes = Fakes([FakeBackend(script={"c": [Fail()] * 3})])
    async with fakes.runner() as runner:
        await runner.open_job(JOB, prompts(*"abc"), budget=PLENTY)
        await runner.run_clip(JOB, 1)
        await runner.run_clip(JOB, 2)
        with pytest.raises(InsufficientClipsError, match="1 of 3") as caught:
            await runner.conclude(JOB)
    reasons = [failure.reason for failure in caught.value.clips.failures]
    assert reasons == ["not started", "the model failed"]
    job = await fakes.ledger.job(JOB)
    assert job is not None
    assert job.account.held == 0
    assert {a.money for a in job.attempts} == {Money.SETTLED}


async def test_a_place_that_cannot_be_written_is_found_out_first(
    autojump_clock: MockClock,
) -> None:
    """All clips that could not be stored are named in one error; nothing is held or sent."""

    class Full(MemoryStorage):
        async def check_writable(self, key: str) -> None:
            if not key.endswith("clip_001.mp4"):
                raise StorageError(f"{key}: no room")

    fakes = Fakes(storage=Full())
    async with fakes.runner() as runner:
        with pytest.raises(StorageError, match=r"clip_000.mp4: no room; .*clip_002.mp4: no room$"):
            await runner.process(JOB, prompts(*"abc"), budget=PLENTY)
    assert await fakes.ledger.job(JOB) is None
    assert fakes.backend.submitted == []
