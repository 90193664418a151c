"""The rules that never break, over random whole jobs in virtual time."""

from __future__ import annotations

from decimal import Decimal

import trio
from attrs import field, frozen
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from trio.testing import MockClock

from vgen import Settings
from vgen.abc import Money, Price
from vgen.errors import (
    AccountError,
    BudgetExceededError,
    GenerationError,
    InsufficientClipsError,
    ModelUnavailableError,
    RateLimitedError,
)
from vgen.records.job import Job
from vgen.testing import (
    Act,
    Fail,
    FakeBackend,
    Hang,
    LoseAnswer,
    MemoryStorage,
    Refuse,
    Spoil,
    Succeed,
)

from .jobs import JOB, Stage, prompts

CENTS = st.integers(0, 40).map(lambda cents: Decimal(cents) / 100)
SECONDS = st.sampled_from([0.5, 3.0, 30.0, 90.0, 200.0])
ACTS = st.one_of(
    st.builds(Succeed, after=SECONDS, seconds=st.sampled_from([None, 1.0, 2.0])),
    st.builds(Fail, after=SECONDS, billed=st.sampled_from([Decimal(0), Decimal("0.05")])),
    st.just(Hang()),
    st.builds(LoseAnswer, st.none() | st.builds(Succeed, after=SECONDS)),
    st.builds(Spoil, st.just(b"not a clip"), after=SECONDS),
    st.sampled_from(
        [
            Refuse(GenerationError("refused")),
            Refuse(RateLimitedError("slow down", retry_after=7)),
            Refuse(ModelUnavailableError("down")),
            Refuse(AccountError("no credit")),
        ]
    ),
)
SCRIPT = st.fixed_dictionaries({}, optional={name: st.lists(ACTS, max_size=4) for name in "abcdef"})


@frozen
class Plan:
    """Everything that decides a random job but Trio's own order."""

    clips: int
    first: dict[str, list[Act]]
    second: dict[str, list[Act]] = field(factory=dict[str, list[Act]])
    budget: Decimal = Decimal(2)
    min_clips: int = 1
    concurrency: int = 2
    broken_writes: int = 0
    latency: float = 0.0
    cancel_after: float | None = None


PLANS = st.builds(
    Plan,
    clips=st.integers(3, 6),
    first=SCRIPT,
    second=SCRIPT,
    budget=CENTS.map(lambda cents: cents * 10),
    min_clips=st.integers(1, 3),
    concurrency=st.integers(1, 4),
    broken_writes=st.sampled_from([0, 0, 1, 7]),
    latency=st.sampled_from([0.0, 0.0, 0.7]),
    cancel_after=st.sampled_from([None, None, 0.0, 1.0, 4.0, 33.0, 150.0]),
)


async def play(plan: Plan) -> None:
    """Run the plan, run it again without a cancellation, and check the books after each."""
    stage = Stage(
        [
            FakeBackend("one", plan.first, default=Succeed(after=5), latency=plan.latency),
            FakeBackend("two", plan.second, price=Price(Decimal("0.30"), Decimal("0.1"))),
        ],
        storage=MemoryStorage(broken_writes=plan.broken_writes),
        settings=Settings(concurrency=plan.concurrency),
    )
    for deadline in (plan.cancel_after, None):
        with trio.move_on_after(deadline if deadline is not None else float("inf")):
            async with stage.runner() as runner:
                try:
                    clips = await runner.process(
                        JOB,
                        prompts(*"abcdef"[: plan.clips]),
                        budget=plan.budget,
                        min_clips=plan.min_clips,
                    )
                except (InsufficientClipsError, AccountError, BudgetExceededError):
                    pass
                else:
                    assert clips.successful_clips >= plan.min_clips
        await check(stage, plan)


async def check(stage: Stage, plan: Plan) -> None:
    """Hold ledger, fakes and storage against the rules."""
    job = await stage.ledger.job(JOB)
    fakes = [backend for backend in stage.backends if isinstance(backend, FakeBackend)]
    charged = sum((c.amount for fake in fakes for c in fake.charges), Decimal(0))
    if job is None:
        assert charged == 0
        return
    await check_budget(stage, plan)
    assert charged <= job.account.spent + job.account.held + job.account.in_doubt
    if not any(attempt.is_open for attempt in job.attempts):
        assert charged == job.account.spent
    doubtful = {a.attempt_id for a in job.attempts if a.money is Money.IN_DOUBT}
    for fake in fakes:
        assert set(fake.running) <= doubtful, "something was left running"
    check_attempts(job)


async def check_budget(stage: Stage, plan: Plan) -> None:
    """At every line of the journal, spent + held + in doubt stay within the budget."""
    spent = held = in_doubt = Decimal(0)
    for line in await stage.ledger.history(JOB):
        spent += line.movement.spent
        held += line.movement.held
        in_doubt += line.movement.in_doubt
        assert spent + held + in_doubt <= plan.budget
        assert min(spent, held, in_doubt) >= 0
    job = await stage.ledger.job(JOB)
    assert job is not None
    assert (job.account.spent, job.account.held, job.account.in_doubt) == (spent, held, in_doubt)


def check_attempts(job: Job) -> None:
    """Every attempt adds up, and no clip has two open or is paid for twice."""
    for index in {attempt.clip_index for attempt in job.attempts}:
        attempts = job.of_clip(index)
        assert sum(attempt.is_open for attempt in attempts) <= 1
        assert sum(attempt.clip is not None for attempt in attempts) <= 1
    for attempt in job.attempts:
        assert attempt.money is not Money.HELD, "a hold was left standing"


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(PLANS)
def test_no_random_job_breaks_a_rule(plan: Plan) -> None:
    """Budget, single payment, accounting and completeness hold, also when run again."""
    trio.run(play, plan, clock=MockClock(autojump_threshold=0))
