"""A forecast holds: whole jobs of six kinds cost and take what was foretold of them.

Daily a job of each kind is played; with `VGEN_FORECAST_JOBS=240` as many, forty of each kind.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from random import Random
from statistics import median
from uuid import UUID

import pytest
import trio
from attrs import evolve, frozen
from trio.testing import MockClock

from tests.drive.jobs import Fakes
from vgen import ClipPrompt, Settings
from vgen.abc import Capabilities, Price
from vgen.errors import GenerationError, InsufficientClipsError
from vgen.records.forecast import Forecast
from vgen.testing import Fail, FakeBackend, MemoryLedger, Succeed
from vgen.testing.backend import CAPABILITIES
from vgen.testing.behaviours import Behaviour

JOBS = int(os.environ.get("VGEN_FORECAST_JOBS", "6"))
"""How many jobs are compared with their forecasts, all kinds together."""

SETTINGS = Settings(concurrency=3)
BUDGET = Decimal(100)
SECONDS = 0.25
"""The length of the clips: the shorter, the faster the tests."""


@frozen
class Kind:
    """A kind of jobs: `backends` makes the fakes for one job, from its randomness and prompts."""

    backends: Callable[[Random, Sequence[str]], list[FakeBackend]]
    clips: int = 6
    past_jobs: int = 4
    min_clips: int = 4
    settings: Settings = SETTINGS


def scripted(
    name: str,
    draw: Callable[[], Behaviour],
    texts: Sequence[str],
    *,
    price: str = "0.10",
    capabilities: Capabilities = CAPABILITIES,
) -> FakeBackend:
    """Return a fake that does with each attempt what is drawn for it, at a price per clip."""
    script = {text: [draw() for _ in range(12)] for text in texts}
    return FakeBackend(name, script, price=Price(Decimal(price)), capabilities=capabilities)


def bill(amount: float) -> Decimal:
    """Return a bill that a provider names, to a hundredth of a cent."""
    return Decimal(str(round(amount, 4)))


def steady(random: Random, texts: Sequence[str]) -> list[FakeBackend]:
    """Every attempt takes ten seconds and costs the price."""
    return [scripted("steady", lambda: Succeed(after=10.0), texts)]


def long_tails(random: Random, texts: Sequence[str]) -> list[FakeBackend]:
    """One attempt in thirty takes four times as long as usual, and is billed by its time."""

    def draw() -> Behaviour:
        seconds = min(random.lognormvariate(3.0, 0.6), 110.0)
        return Succeed(after=seconds, billed=bill(0.001 * seconds))

    return [scripted("long", draw, texts, price="0.12")]


def failing(random: Random, texts: Sequence[str]) -> list[FakeBackend]:
    """One attempt in five fails, and is billed."""

    def draw() -> Behaviour:
        if random.random() < 0.2:
            return Fail(after=random.uniform(3, 12), billed=Decimal("0.04"))
        return Succeed(after=random.uniform(8, 20))

    return [scripted("failing", draw, texts)]


def falling_back(random: Random, texts: Sequence[str]) -> list[FakeBackend]:
    """The cheap backend fails most attempts, some for good; the dear one makes the rest."""

    def cheap() -> Behaviour:
        if random.random() < 0.6:
            refused = random.random() < 0.5
            error = GenerationError("refused") if refused else Fail().error
            return Fail(after=random.uniform(3, 6), error=error, billed=Decimal("0.01"))
        return Succeed(after=random.uniform(8, 15))

    return [
        scripted("cheap", cheap, texts, price="0.02"),
        scripted("dear", lambda: Succeed(after=random.uniform(25, 40)), texts, price="0.30"),
    ]


def one_slot(random: Random, texts: Sequence[str]) -> list[FakeBackend]:
    """One attempt at a time."""
    one = evolve(CAPABILITIES, max_concurrent=1)
    return [
        scripted("single", lambda: Succeed(after=random.uniform(5, 25)), texts, capabilities=one)
    ]


def varying_bills(random: Random, texts: Sequence[str]) -> list[FakeBackend]:
    """Bills vary, and are half of the table on average."""

    def draw() -> Behaviour:
        return Succeed(
            after=random.choice([9.0, 12.0, 30.0]), billed=bill(0.1 * random.betavariate(2, 2))
        )

    return [scripted("varying", draw, texts)]


KINDS: Mapping[str, Kind] = {
    "steady": Kind(steady),
    "long tails": Kind(long_tails),
    "failing": Kind(failing),
    "falling back": Kind(falling_back),
    "one slot": Kind(one_slot, clips=4, past_jobs=6),
    "varying bills": Kind(varying_bills),
}


@frozen
class Compared:
    """A job beside its forecast: what it really cost, how long it really took."""

    forecast: Forecast
    cost: Decimal
    seconds: float


def prompts(number: int, clips: int) -> list[ClipPrompt]:
    """Return the prompts of a job, like no other's."""
    return [ClipPrompt(i, f"job {number}, clip {i}", SECONDS) for i in range(clips)]


async def play(
    fakes: Fakes, job_id: UUID, wanted: Sequence[ClipPrompt], min_clips: int
) -> Forecast:
    """Plan a job and run it, whether or not it has enough clips; return what was foretold."""
    async with fakes.runner() as runner:
        plan = await runner.plan(wanted, job_id=job_id, budget=BUDGET, min_clips=min_clips)
        with suppress(InsufficientClipsError):
            await runner.process(job_id, wanted, budget=BUDGET, min_clips=min_clips)
    return plan.forecast


async def compare(kind: Kind, seed: int) -> Compared:
    """Fill a ledger with earlier jobs, forecast one more, and run it."""
    random = Random(seed)  # noqa: S311 - what is drawn is no secret
    ledger, number = MemoryLedger(), kind.past_jobs
    for past in range(number):
        wanted = prompts(past, kind.clips)
        await play(fakes_for(kind, wanted, random, ledger), UUID(int=past), wanted, 1)
    began, wanted = trio.current_time(), prompts(number, kind.clips)
    fakes = fakes_for(kind, wanted, random, ledger)
    foretold = await play(fakes, UUID(int=number), wanted, kind.min_clips)
    job = ledger.peek(UUID(int=number))
    assert job is not None
    return Compared(foretold, job.account.spent, trio.current_time() - began)


def fakes_for(
    kind: Kind, wanted: Sequence[ClipPrompt], random: Random, ledger: MemoryLedger
) -> Fakes:
    """Return the fakes that one job is run on."""
    backends = kind.backends(random, [prompt.prompt for prompt in wanted])
    return Fakes(backends, ledger=ledger, settings=kind.settings)


@pytest.mark.parametrize("kind", KINDS)
def test_jobs_keep_within_their_forecasts(kind: str) -> None:
    """Each of the four bounds of cost and time holds for 19 in 20 jobs, and is of use.

    A bound that were always kept for being far away would be of none: half of the upper ones are at
    most four times the median.
    """
    jobs = [
        trio.run(compare, KINDS[kind], seed, clock=MockClock(autojump_threshold=0))
        for seed in range(1, 1 + max(1, JOBS // len(KINDS)))
    ]
    missed = {
        "cost below": sum(job.cost < job.forecast.cost.low for job in jobs),
        "cost above": sum(job.cost > job.forecast.cost.high for job in jobs),
        "time below": sum(job.seconds < job.forecast.seconds.low for job in jobs),
        "time above": sum(job.seconds > job.forecast.seconds.high for job in jobs),
        "budget short": sum(job.cost > job.forecast.recommended for job in jobs),
    }
    assert max(missed.values()) <= len(jobs) // 20, missed
    assert median(job.forecast.cost.high / job.forecast.cost.median for job in jobs) <= 4
    assert median(job.forecast.seconds.high / job.forecast.seconds.median for job in jobs) <= 4
