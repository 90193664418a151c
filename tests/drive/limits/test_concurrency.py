"""Limits, pauses and retries: when attempts are sent."""

from __future__ import annotations

from decimal import Decimal
from functools import partial

import pytest
import trio
from attrs import evolve
from trio.testing import MockClock

from tests.drive.jobs import JOB, PLENTY, Fakes, prompts
from vgen import ClipStored, RetryScheduled
from vgen.abc import Price
from vgen.errors import InsufficientClipsError, ModelUnavailableError, RateLimitedError
from vgen.records.settings import Settings
from vgen.testing import CAPABILITIES, Fail, FakeBackend, Hang, RateLimit, Refuse, Succeed


async def test_no_more_than_the_limit_is_in_flight(autojump_clock: MockClock) -> None:
    """The fake never sees more attempts at once than the concurrency allows."""
    fakes = Fakes(settings=Settings(concurrency=2))
    async with fakes.runner() as runner:
        await runner.process(JOB, prompts(*"abcdef"), budget=PLENTY)
    assert fakes.backend.most_running == 2


async def test_a_backend_limits_what_it_takes_at_once(autojump_clock: MockClock) -> None:
    """`max_concurrent` of a backend holds below the runner's own limit."""
    fake = FakeBackend(capabilities=evolve(CAPABILITIES, max_concurrent=1))
    fakes = Fakes([fake])
    async with fakes.runner() as runner:
        await runner.process(JOB, prompts(*"abc"), budget=PLENTY)
    assert fake.most_running == 1


async def test_retries_wait_two_then_four_seconds(autojump_clock: MockClock) -> None:
    """A failed attempt is followed by another after 2 s and then 4 s, with a little jitter."""
    fakes = Fakes([FakeBackend(script={"a": [Fail(), Fail(billed=Decimal("0.03"))]})])
    async with fakes.runner() as runner:
        clips = await runner.process(JOB, prompts("a", "b", "c"), budget=PLENTY)
    first, second = [event.delay for event in fakes.events_of(RetryScheduled)]
    assert 2 <= first <= 2.2
    assert 4 <= second <= 4.4
    assert clips.clips[0].retry_count == 2
    assert clips.clips[0].cost == Decimal("0.15")


async def test_the_providers_own_pause_wins(autojump_clock: MockClock) -> None:
    """A longer retry-after than our own backoff is honoured."""
    limited = Refuse(RateLimitedError("slow down", retry_after=30))
    fakes = Fakes([FakeBackend(script={"a": [limited]})])
    async with fakes.runner() as runner:
        await runner.process(JOB, prompts("a", "b", "c"), budget=PLENTY)
    assert fakes.events_of(RetryScheduled)[0].delay >= 30


async def test_the_limiter_is_free_while_a_clip_backs_off(autojump_clock: MockClock) -> None:
    """Capacity is for work in flight: a clip that backs off lets others run."""
    fakes = Fakes(
        [FakeBackend(script={"a": [Fail(after=1)]}, default=Succeed(after=1))],
        settings=Settings(concurrency=1, poll_interval=0.5, backoff=1000),
    )
    async with fakes.runner() as runner:
        clips = await runner.process(JOB, prompts(*"abcd"), budget=PLENTY)
    done = [event.clip.clip_index for event in fakes.events_of(ClipStored)]
    assert done[-1] == 0
    assert clips.successful_clips == 4


async def test_an_unavailable_model_is_replaced_by_the_next(autojump_clock: MockClock) -> None:
    """The clip moves to the next backend, with all attempts there and a hold at its price."""
    down = FakeBackend("svd", default=Refuse(ModelUnavailableError("down")))
    expensive = FakeBackend(
        "cog", script={"a": [Fail(), Fail()]}, price=Price(Decimal(1), Decimal("0.5"))
    )
    fakes = Fakes([down, expensive])
    async with fakes.runner() as runner:
        clips = await runner.process(JOB, prompts("a", "b", "c"), budget=PLENTY)
    assert {clip.backend for clip in clips.clips} == {"cog"}
    assert clips.total_cost == 6
    assert sorted(down.submitted) == ["a", "b", "c"]


async def test_a_rate_limit_pauses_the_whole_account(autojump_clock: MockClock) -> None:
    """Asked to wait for 30 s, no clip is submitted for 30 s, and no slot is held meanwhile."""
    fake = FakeBackend(default=RateLimit(retry_after=30))
    fakes = Fakes([fake], settings=Settings(concurrency=1))
    async with fakes.runner() as runner, trio.open_nursery() as nursery:
        nursery.start_soon(partial(runner.process, JOB, prompts("a", "b", "c"), budget=PLENTY))
        await trio.sleep(29)
        assert (len(fake.submitted), runner.statistics().in_flight) == (1, 0)
        fake.stop_faults()
    assert (len(fake.submitted), set(fake.submitted)) == (4, {"a", "b", "c"})


async def test_a_rate_limit_uses_up_no_attempt(autojump_clock: MockClock) -> None:
    """However often a submit is rate limited, the clip keeps all its attempts."""
    limited = [RateLimit(retry_after=10)] * 6
    fake = FakeBackend(script={"a": [*limited, Fail(), *limited, Fail(), Succeed()]})
    fakes = Fakes([fake])
    async with fakes.runner() as runner:
        clips = await runner.process(JOB, prompts("a", "b", "c"), budget=PLENTY)
    assert clips.successful_clips == 3


async def test_endless_rate_limits_end_a_clip(autojump_clock: MockClock) -> None:
    """Half an hour of nothing but rate limits ends a clip, with the provider's message."""
    fakes = Fakes([FakeBackend(default=RateLimit(retry_after=1))])
    async with fakes.runner() as runner:
        began = trio.current_time()
        with pytest.raises(InsufficientClipsError, match="too many requests"):
            await runner.process(JOB, prompts("a", "b", "c"), budget=PLENTY)
    assert 1800 <= trio.current_time() - began < 3000
    assert len(fakes.backend.submitted) < 200


@pytest.mark.parametrize(("limit", "ends"), [(None, 120), (50, 50), (5000, 120)])
async def test_an_attempt_runs_no_longer_than_its_hold_covers(
    autojump_clock: MockClock, limit: float | None, ends: float
) -> None:
    """`Settings.attempt_timeout` can only shorten the backend's limit."""
    fake = FakeBackend(default=Hang())
    fakes = Fakes([fake], settings=Settings(attempt_timeout=limit, attempts=1))
    async with fakes.runner() as runner:
        began = trio.current_time()
        with pytest.raises(InsufficientClipsError):
            await runner.process(JOB, prompts("a", "b", "c"), budget=PLENTY)
    assert fake.running == []
    assert ends <= trio.current_time() - began < ends + 20
