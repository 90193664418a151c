"""A provider's limit on creates: its pace is learned, one probe at a time."""

from __future__ import annotations

import math
from collections import deque
from functools import partial
from string import ascii_letters
from uuid import UUID

import pytest
import trio
from trio.testing import MockClock

from tests.drive.jobs import JOB, PLENTY, Fakes, prompts
from vgen.abc import Prepared, Ticket
from vgen.errors import RateLimitedError
from vgen.records.settings import Settings
from vgen.testing import FakeBackend, RateLimit, Succeed

RENDERING = 30.0
NAMES = [f"{first}{second}" for first in ascii_letters for second in "ab"]


class LimitedBackend(FakeBackend):
    """A fake that accepts `burst` creates in any `period` seconds, or as a bucket that refills.

    With `tells`, a refusal says when the next create will be accepted.
    """

    def __init__(
        self, *, burst: int, period: float, bucket: bool = False, tells: bool = False
    ) -> None:
        super().__init__("limited", default=Succeed(after=RENDERING))
        self.burst, self.period, self.tells = burst, period, tells
        self.refusals = 0
        self.times: deque[float] = deque()
        self._bucket = bucket
        self._full_at = -math.inf

    async def submit(self, prepared: Prepared, attempt_id: UUID) -> Ticket:
        """Refuse what comes too early."""
        wait = self._wait()
        if wait > 0:
            self.refusals += 1
            raise RateLimitedError("throttled", retry_after=math.ceil(wait) if self.tells else None)
        self.times.append(trio.current_time())
        return await super().submit(prepared, attempt_id)

    def _wait(self) -> float:
        """Return for how many seconds more nothing is accepted."""
        now = trio.current_time()
        if self._bucket:
            each = self.period / self.burst
            taken = max(0.0, self._full_at - now) / each
            if taken > self.burst - 1 + 1e-9:
                return (taken - self.burst + 1) * each
            self._full_at = max(now, self._full_at) + each
            return 0.0
        if len(self.times) < self.burst:
            return 0.0
        if not self.burst:
            return math.inf
        return self.times[-self.burst] + self.period - now


async def run_clips(backend: LimitedBackend, count: int, *, concurrency: int) -> float:
    """Make so many clips, all of them, and return how many seconds that took."""
    fakes = Fakes([backend], settings=Settings(concurrency=concurrency, poll_interval=1.0))
    began = trio.current_time()
    async with fakes.runner() as runner:
        await runner.process(JOB, prompts(*NAMES[:count]), budget=PLENTY, min_clips=count)
    return trio.current_time() - began


@pytest.mark.parametrize("tells", [False, True], ids=["says nothing", "says when"])
@pytest.mark.parametrize(
    ("count", "burst", "period", "bucket"),
    [(30, 1, 10.0, False), (30, 6, 60.0, False), (30, 6, 60.0, True), (100, 6, 60.0, False)],
    ids=["one in 10 s", "six in any minute", "a bucket of six", "100 clips"],
)
async def test_six_creates_a_minute_are_nearly_all_used(
    autojump_clock: MockClock, *, count: int, burst: int, period: float, bucket: bool, tells: bool
) -> None:
    """A job takes hardly longer than the limit asks for, and no clip is given up.

    Few creates are refused beyond those that were under way at once before the limit was known.
    """
    backend = LimitedBackend(burst=burst, period=period, bucket=bucket, tells=tells)
    took = await run_clips(backend, count, concurrency=30)
    ideal = (count - burst) * period / burst + RENDERING
    assert took <= 1.1 * ideal + 30
    assert backend.refusals <= (30 - burst) + count // 4 + 5


async def test_a_slower_limit_is_learned_anew(autojump_clock: MockClock) -> None:
    """When an account that took one create in 5 s takes one in 20 s, it is not asked for ever."""
    backend = LimitedBackend(burst=1, period=5.0)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(partial(run_clips, backend, 40, concurrency=40))
        await trio.sleep(100)
        backend.period, before = 20.0, backend.refusals
        taken = len(backend.times)
    assert backend.times[-1] - backend.times[taken] <= 1.25 * 20 * (40 - taken)
    assert backend.refusals - before <= 20


async def test_a_limit_that_is_lifted_is_noticed(autojump_clock: MockClock) -> None:
    """After some calm the pace quickens by a tenth a time, until a create is refused."""
    backend = LimitedBackend(burst=1, period=10.0)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(partial(run_clips, backend, 60, concurrency=60))
        await trio.sleep(200)
        backend.period = 0.0
        taken = len(backend.times)
    assert backend.times[-1] - backend.times[taken] <= 5 * (60 - taken)


async def test_one_refusal_slows_nothing_down_for_long(autojump_clock: MockClock) -> None:
    """After a single rate limit that names its pause, clips go out as before."""
    backend = FakeBackend(script={"a": [RateLimit(retry_after=5)]}, default=Succeed(after=10))
    fakes = Fakes([backend], settings=Settings(concurrency=30, poll_interval=1.0))
    async with fakes.runner() as runner:
        await runner.process(JOB, prompts("a", *NAMES[:30]), budget=PLENTY)
    assert trio.current_time() <= 25


async def test_an_account_that_takes_nothing_is_left_by_all_its_clips_together(
    autojump_clock: MockClock,
) -> None:
    """After half an hour of rate limits those that wait for their turn go on, without asking."""
    first = LimitedBackend(burst=0, period=math.inf)
    second = FakeBackend("second", default=Succeed(after=1))
    fakes = Fakes([first, second], settings=Settings(concurrency=3, poll_interval=1.0))
    async with fakes.runner() as runner:
        clips = await runner.process(JOB, prompts(*NAMES[:50]), budget=PLENTY)
    assert {clip.backend for clip in clips.clips} == {"second"}
    assert 1800 <= trio.current_time() < 2400
    assert first.refusals < 40
