"""A budget of about what a job costs is enough, and none is ever passed.

Daily a few random jobs are run; with `VGEN_BUDGET_JOBS=200` as many.
"""

from __future__ import annotations

import os
from decimal import Decimal
from random import Random
from uuid import UUID

import trio
from attrs import frozen
from trio.testing import MockClock

from tests.drive.jobs import JOB, PLENTY, Fakes, prompts
from vgen import Spending, SpendingKey
from vgen.abc import Manifest, Price, Ticketed
from vgen.drive.attempt.create import new_attempt
from vgen.errors import BudgetExceededError, InsufficientClipsError
from vgen.testing import Fail, FakeBackend, Succeed
from vgen.testing.behaviours import Behaviour

JOBS = int(os.environ.get("VGEN_BUDGET_JOBS", "12"))
FACTORS = [Decimal(factor) / 4 for factor in range(4, 9)]
"""The budgets, as multiples of what is expected."""

ENOUGH = Decimal("1.5")


@frozen
class Job:
    """A random job: its clips' behaviours, what each costs and what is held, in US dollars."""

    scripts: dict[str, list[Behaviour]]
    price: Decimal
    hold: Decimal

    def fakes(self) -> Fakes:
        """Return the fakes that it runs on, as they were."""
        price = Price(self.price)
        return Fakes([FakeBackend(script=self.scripts, price=price, hold=self.hold)])

    async def runs_within(self, budget: Decimal) -> bool:
        """Run it, check that its provider was paid no more, and return whether it succeeded."""
        fakes = self.fakes()
        async with fakes.runner() as runner:
            try:
                await runner.process(JOB, prompts(*self.scripts), budget=budget)
            except (BudgetExceededError, InsufficientClipsError):
                succeeded = False
            else:
                succeeded = True
        assert sum(charge.amount for charge in fakes.backend.charges) <= budget
        job = fakes.ledger.peek(JOB)
        assert job is None or not job.account.overrun
        return succeeded


def random_job(seed: int) -> Job:
    """Draw a job: one attempt in eight fails, half of those billed; bills vary about the price."""
    random = Random(seed)  # noqa: S311 - what is drawn is no secret
    price = Decimal("0.10")

    def draw() -> Behaviour:
        if random.random() < 1 / 8:
            return Fail(after=5, billed=price / 4 if random.random() < 1 / 2 else Decimal(0))
        bill = price * Decimal(str(round(random.uniform(0.8, 1.2), 2)))
        return Succeed(after=random.uniform(5, 40), billed=bill)

    clips = random.randint(3, 10)
    texts = "abcdefghij"[:clips]
    # The last of the clips that are needed must still fit when all others have cost their price.
    most = 2.2 if clips < 6 else 3.4
    hold = price * Decimal(str(round(random.uniform(1.2, most), 2)))
    return Job({text: [draw() for _ in range(6)] for text in texts}, price, hold)


async def played() -> tuple[int, int]:
    """Play each job without a limit, with enough, and with one of the budgets in turn.

    Returns how many succeed without a limit, and how many of those with enough.
    """
    free = limited = 0
    for seed in range(JOBS):
        job = random_job(seed)
        expected = job.price * len(job.scripts)
        await job.runs_within(expected * FACTORS[seed % len(FACTORS)])
        if await job.runs_within(PLENTY):
            free += 1
            limited += await job.runs_within(expected * ENOUGH)
    return free, limited


def test_a_budget_of_about_what_it_costs_is_enough() -> None:
    """With half as much again as is expected, 95 % of the jobs succeed that would without it."""
    free, limited = trio.run(played, clock=MockClock(autojump_threshold=0))
    assert free > JOBS * 3 // 4
    assert limited >= 0.95 * free, f"{limited} of {free}"


async def test_a_job_gets_narrower_when_money_gets_short(autojump_clock: MockClock) -> None:
    """Clips wait for the money of others, and all are made with one held at a time."""
    fakes = Fakes([FakeBackend(price=Price(Decimal("0.10")), hold=Decimal("0.35"))])
    async with fakes.runner() as runner:
        clips = await runner.process(JOB, prompts(*"abcdef"), budget=Decimal("0.85"))
    assert clips.successful_clips == 6
    assert fakes.backend.most_running == 2


async def test_money_of_another_job_is_waited_for(autojump_clock: MockClock) -> None:
    """Two jobs share a purse that holds one attempt at a time: all their clips are made."""
    fakes = Fakes([FakeBackend(price=Price(Decimal("0.10")), hold=Decimal("0.35"))])
    purse = {"us": Decimal("0.85")}

    async def run(job_id: UUID, texts: str) -> None:
        async with fakes.runner() as runner:
            await runner.process(job_id, prompts(*texts), budget=PLENTY, purses=purse)

    async with trio.open_nursery() as nursery:
        for number, texts in enumerate(("abc", "def")):
            nursery.start_soon(run, UUID(int=number), texts)
    assert len(fakes.backend.charges) == 6
    assert await fakes.ledger.spending(by=[SpendingKey.PURSE]) == (
        Spending(Decimal("0.60"), 6, purse="us"),
    )


async def test_the_same_command_finishes_a_job_that_was_killed(autojump_clock: MockClock) -> None:
    """What is in flight holds more than it will cost: a re-run within the same budget waits."""
    fakes = Fakes([FakeBackend(price=Price(Decimal("0.10")), hold=Decimal("0.35"))])
    budget = Decimal("0.85")
    async with fakes.runner() as runner:
        manifest = await runner.open_job(JOB, prompts(*"abcdef"), budget=budget)
    for index in range(2):
        await leave_open(fakes, manifest, index)
    async with fakes.runner() as runner:
        clips = await runner.process(JOB, prompts(*"abcdef"), budget=budget)
    assert clips.successful_clips == 6
    assert len(fakes.backend.charges) == 6


async def leave_open(fakes: Fakes, manifest: Manifest, index: int) -> None:
    """Leave a clip's attempt as a process would that was killed after its submit."""
    claim = await fakes.ledger.claim(JOB, index, owner="dead", lease=1.0)
    assert claim is not None
    planned = manifest.clip(index)
    new = new_attempt(JOB, planned, fakes.backend, planned.request, number=1)
    sent = await fakes.ledger.reserve(claim, new)
    prepared = await fakes.backend.prepare(sent.request, None)
    ticket = await fakes.backend.submit(prepared, sent.attempt_id)
    await fakes.ledger.advance(claim, sent.attempt_id, sent.state, Ticketed(ticket))
