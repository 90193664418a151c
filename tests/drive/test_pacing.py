"""Limits, pauses and retries: who may go when."""

from __future__ import annotations

from decimal import Decimal
from functools import partial

import trio
from attrs import evolve
from trio.testing import MockClock

from vgen import ClipStored, RetryScheduled
from vgen.abc import Price
from vgen.errors import ModelUnavailableError, RateLimitedError
from vgen.records.settings import Settings
from vgen.testing import CAPABILITIES, Fail, FakeBackend, RateLimit, Refuse, Succeed

from .jobs import JOB, PLENTY, Stage, prompts


async def test_no_more_than_the_limit_is_in_flight(autojump_clock: MockClock) -> None:
    """The fake never sees more attempts at once than the concurrency allows."""
    stage = Stage(settings=Settings(concurrency=2))
    async with stage.runner() as runner:
        await runner.process(JOB, prompts(*"abcdef"), budget=PLENTY)
    assert stage.fake.most_running == 2


async def test_a_backend_limits_what_it_takes_at_once(autojump_clock: MockClock) -> None:
    """`max_concurrent` of a backend holds below the runner's own limit."""
    fake = FakeBackend(capabilities=evolve(CAPABILITIES, max_concurrent=1))
    stage = Stage([fake])
    async with stage.runner() as runner:
        await runner.process(JOB, prompts(*"abc"), budget=PLENTY)
    assert fake.most_running == 1


async def test_retries_wait_two_then_four_seconds(autojump_clock: MockClock) -> None:
    """A failed attempt is followed by another after 2 s and then 4 s, with a little jitter."""
    stage = Stage([FakeBackend(script={"a": [Fail(), Fail(billed=Decimal("0.03"))]})])
    async with stage.runner() as runner:
        clips = await runner.process(JOB, prompts("a", "b", "c"), budget=PLENTY)
    first, second = [event.delay for event in stage.told(RetryScheduled)]
    assert 2 <= first <= 2.2
    assert 4 <= second <= 4.4
    assert clips.clips[0].retry_count == 2
    assert clips.clips[0].cost == Decimal("0.15")


async def test_the_providers_own_pause_wins(autojump_clock: MockClock) -> None:
    """A longer retry-after than our own backoff is honoured."""
    limited = Refuse(RateLimitedError("slow down", retry_after=30))
    stage = Stage([FakeBackend(script={"a": [limited]})])
    async with stage.runner() as runner:
        await runner.process(JOB, prompts("a", "b", "c"), budget=PLENTY)
    assert stage.told(RetryScheduled)[0].delay >= 30


async def test_the_limiter_is_free_while_a_clip_backs_off(autojump_clock: MockClock) -> None:
    """Capacity is for work in flight: a clip that backs off lets others run."""
    limited = Refuse(RateLimitedError("slow down", retry_after=1000))
    stage = Stage(
        [FakeBackend(script={"a": [limited]}, default=Succeed(after=1))],
        settings=Settings(concurrency=1, poll_interval=0.5),
    )
    async with stage.runner() as runner:
        clips = await runner.process(JOB, prompts(*"abcd"), budget=PLENTY)
    done = [event.clip.clip_index for event in stage.told(ClipStored)]
    assert done[-1] == 0
    assert clips.successful_clips == 4


async def test_an_unavailable_model_hands_over_at_its_own_price(autojump_clock: MockClock) -> None:
    """The clip moves to the next backend with a fresh count, held at that backend's price."""
    down = FakeBackend("svd", default=Refuse(ModelUnavailableError("down")))
    dear = FakeBackend(
        "cog", script={"a": [Fail(), Fail()]}, price=Price(Decimal(1), Decimal("0.5"))
    )
    stage = Stage([down, dear])
    async with stage.runner() as runner:
        clips = await runner.process(JOB, prompts("a", "b", "c"), budget=PLENTY)
    assert {clip.backend for clip in clips.clips} == {"cog"}
    assert clips.total_cost == 6
    assert sorted(down.submitted) == ["a", "b", "c"]


async def test_a_rate_limit_pauses_the_whole_account(autojump_clock: MockClock) -> None:
    """Told to wait 30 s, nobody submits for 30 s, and no place is held meanwhile."""
    fake = FakeBackend(default=RateLimit(retry_after=30))
    stage = Stage([fake], settings=Settings(concurrency=1))
    async with stage.runner() as runner, trio.open_nursery() as nursery:
        nursery.start_soon(partial(runner.process, JOB, prompts("a", "b", "c"), budget=PLENTY))
        await trio.sleep(29)
        assert (len(fake.submitted), runner.statistics().in_flight) == (1, 0)
        fake.calm()
    assert (len(fake.submitted), set(fake.submitted)) == (4, {"a", "b", "c"})
