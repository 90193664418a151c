"""What a call of a fake costs does not depend on how much the fake holds."""

from __future__ import annotations

from uuid import UUID

import trio
from trio.testing import MockClock

from tests.drive.jobs import PLENTY, Fakes, prompts
from tests.work import counted_calls
from vgen import JobQuery, Settings
from vgen.abc import Purse
from vgen.testing import FakeBackend, Succeed

FEW, MANY = 17, 51
"""Jobs of six clips each."""

AT_ONCE = 17
MORE = 1.05
"""How much more work a clip may be among many jobs: none, but for chance in Trio's order."""


async def test_a_clip_is_no_more_work_among_many_jobs(autojump_clock: MockClock) -> None:
    """With three times the jobs in them, a clip on the fakes takes as many calls of functions."""
    await calls_a_clip(1)  # what is loaded or compiled at the first use
    few, many = await calls_a_clip(FEW), await calls_a_clip(MANY)
    assert many < MORE * few


async def calls_a_clip(jobs: int) -> float:
    """Run so many jobs, some of them side by side, and count the calls for each of their clips."""
    fakes = Fakes([FakeBackend(default=Succeed())], settings=Settings(concurrency=20))
    limiter = trio.CapacityLimiter(AT_ONCE)
    async with fakes.runner() as runner:

        async def run(number: int) -> None:
            async with limiter:
                await runner.process(
                    UUID(int=number), prompts(*"abcdef"), budget=PLENTY, purses={"all": PLENTY * 99}
                )

        for number in range(FEW):  # estimates learn from so many attempts, and no more
            await run(number)
        with counted_calls() as calls:
            async with trio.open_nursery() as nursery:
                for number in range(FEW, FEW + jobs):
                    nursery.start_soon(run, number)
            await runner.unsettled()
            await runner.jobs(JobQuery(after=UUID(int=FEW), limit=9))
            await fakes.ledger.purse(Purse("all", PLENTY))
    return calls.count / (6 * jobs)
