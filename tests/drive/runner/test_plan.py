"""A plan before paying: what a job would come to, with nothing sent and nothing written."""

from __future__ import annotations

from decimal import Decimal
from typing import Self
from uuid import UUID

import pytest
from attrs import evolve
from trio.testing import MockClock

import vgen
from tests.drive.jobs import JOB, PLENTY, Fakes, leave_open, prompts, run_job
from vgen import ClipFate, Source
from vgen.abc import Capabilities, ClipRequest, Price, Quote
from vgen.errors import BudgetExceededError, ConfigurationError, InvalidPromptsError
from vgen.records.entry import Doubted
from vgen.testing import FakeBackend, MemoryLedger, MemoryStorage, Succeed
from vgen.testing.backend import CAPABILITIES

CENTS = Decimal("0.12")
"""What a clip of two seconds costs."""


async def test_a_plan_sends_and_writes_nothing(autojump_clock: MockClock) -> None:
    """No attempt, no job, no event: as if it had not been asked for."""
    fakes = Fakes()
    async with fakes.runner() as runner:
        plan = await runner.plan(prompts(*"abc"), budget=PLENTY)
    assert [(clip.fate, clip.route) for clip in plan.clips] == [(ClipFate.MAKE, ("fake",))] * 3
    assert (plan.expected, plan.worst, plan.least) == (3 * CENTS, 3 * CENTS, 3 * CENTS)
    assert (plan.spent, plan.budget, plan.refusal) == (Decimal(0), PLENTY, "")
    assert fakes.backend.log == []
    assert (await fakes.ledger.jobs(), fakes.events, fakes.storage.files) == ((), [], {})


async def test_a_plan_of_a_job_that_has_begun(autojump_clock: MockClock) -> None:
    """What is stored is kept, what is in flight is finished, and only the rest costs anything."""
    fakes = Fakes()
    await leave_open(fakes)
    async with fakes.runner() as runner:
        await runner.run_clip(JOB, 1)
        plan = await runner.plan(prompts(*"abc"), job_id=JOB)
    assert [clip.fate for clip in plan.clips] == [ClipFate.FINISH, ClipFate.KEEP, ClipFate.MAKE]
    assert (plan.spent, plan.expected, plan.least) == (CENTS, CENTS, 3 * CENTS)
    assert plan.budget == PLENTY


async def test_a_budget_that_is_too_small_is_part_of_the_plan(autojump_clock: MockClock) -> None:
    """The plan says why the job would be refused, in the refusal's words, and what is enough."""
    fakes = Fakes([FakeBackend(price=Price(CENTS), hold=Decimal("0.40"))])
    async with fakes.runner() as runner:
        short = await runner.plan(prompts(*"abc"), budget=Decimal("0.30"))
        assert short.refusal.endswith(f"and ${short.least} would be enough")
        with pytest.raises(BudgetExceededError) as caught:
            await runner.open_job(JOB, prompts(*"abc"), budget=Decimal("0.30"))
        assert str(caught.value) == short.refusal
        assert short.least == 2 * CENTS + Decimal("0.40")
        assert short.recommended >= short.least
        clips = await runner.process(JOB, prompts(*"abc"), budget=short.least)
    assert clips.successful_clips == 3


@pytest.mark.parametrize("doubted", [False, True])
async def test_a_plan_refuses_what_has_begun_in_the_same_words(
    autojump_clock: MockClock, *, doubted: bool
) -> None:
    """What is in flight or in doubt is told there too."""
    fakes, little = Fakes(), Decimal("0.20")
    attempt, claim = await leave_open(fakes), await fakes.ledger.holder(JOB, 0)
    assert claim is not None
    if doubted:
        doubt = Doubted("no answer in time")
        await fakes.ledger.advance(claim, attempt.attempt_id, attempt.state, doubt)
    async with fakes.runner() as runner:
        plan = await runner.plan(prompts(*"abc"), job_id=JOB, budget=little)
        with pytest.raises(BudgetExceededError) as caught:
            await runner.open_job(JOB, prompts(*"abc"), budget=little)
    assert str(caught.value) == plan.refusal


async def test_a_purse_that_is_too_small_is_part_of_the_plan(autojump_clock: MockClock) -> None:
    """Without a budget, too."""
    fakes = Fakes()
    async with fakes.runner() as runner:
        plan = await runner.plan(prompts(*"abc"), purses={"us": Decimal("0.35")})
    assert plan.budget is None
    assert plan.refusal.startswith("over purse us: of $0.35, $0 is spent")


async def test_wrong_input_is_refused_as_by_a_job(autojump_clock: MockClock) -> None:
    """In one line for each problem, all at once."""
    fakes = Fakes([FakeBackend(capabilities=evolve(CAPABILITIES, text=False))])
    async with fakes.runner() as runner:
        with pytest.raises(InvalidPromptsError) as planned:
            await runner.plan(prompts(*"ab"), redo=[7])
        with pytest.raises(InvalidPromptsError) as opened:
            await runner.open_job(JOB, prompts(*"ab"), redo=[7])
    assert planned.value.problems == opened.value.problems


async def test_plans_learn_from_what_was_billed(autojump_clock: MockClock) -> None:
    """After eight clips at a third of the price, estimates follow the bills, and say so."""
    cheap = Succeed(after=7, billed=CENTS / 3)
    fakes = Fakes([FakeBackend(default=cheap)])
    async with fakes.runner() as runner:
        before = await runner.plan(prompts(*"ABC"))
        await run_job(fakes, *"abcdefgh")
        after = await runner.plan(prompts(*"ABC"))
    assert {clip.estimate.source for clip in before.clips} == {Source.DECLARED}
    assert {clip.estimate.source for clip in after.clips} == {Source.OBSERVED}
    assert (before.expected, after.expected) == (3 * CENTS, CENTS)
    assert after.clips[0].estimate.seconds is not None
    assert after.clips[0].estimate.seconds.median >= 7
    assert after.forecast.cost.low <= CENTS <= after.forecast.cost.high


class ClosableStorage(MemoryStorage):
    """A storage that knows whether it was closed."""

    closed = False

    async def aclose(self) -> None:
        self.closed = True


class ClosableLedger(MemoryLedger):
    """A ledger that knows whether it was closed."""

    closed = False

    async def aclose(self) -> None:
        self.closed = True


async def test_no_backend_need_be_open(autojump_clock: MockClock) -> None:
    """One that cannot be opened can be planned with; storage and ledger are closed."""

    class Locked(FakeBackend):
        async def __aenter__(self) -> Self:
            raise ConfigurationError("no account")

    storage, ledger = ClosableStorage(), ClosableLedger()
    plan = await vgen.plan(prompts(*"abc"), backends=[Locked()], storage=storage, ledger=ledger)
    assert plan.expected == 3 * CENTS
    assert isinstance(plan.job_id, UUID)
    assert storage.closed
    assert ledger.closed


def durations(*seconds: float) -> Capabilities:
    """Return what a backend can do that makes clips of these lengths only."""
    return evolve(CAPABILITIES, durations=seconds, any_duration=False)


async def test_a_plan_tells_lengths_and_what_is_ignored(autojump_clock: MockClock) -> None:
    """Before anything is paid: the length that the first backend makes, the fields it ignores."""
    fakes = Fakes([FakeBackend(capabilities=durations(6.0))])
    async with fakes.runner() as runner:
        plan = await runner.plan(prompts(*"abc"))
    assert {(clip.target, clip.duration) for clip in plan.clips} == {(2.0, 6.0)}
    assert plan.clips[0].ignored == ("width", "height")


class Wordless(FakeBackend):
    """A backend whose clips lack something, of which its quotes tell."""

    def quote(self, request: ClipRequest) -> Quote:
        return evolve(super().quote(request), notes=("made without a caption: too small",))


async def test_what_a_clip_will_lack_is_in_its_plan_and_its_record(
    autojump_clock: MockClock,
) -> None:
    """What a backend's quote notes is told before anything is sent, and stays with the clip."""
    fakes = Fakes([Wordless()])
    async with fakes.runner() as runner:
        plan = await runner.plan(prompts(*"abc"))
        clips = await runner.process(JOB, prompts(*"abc"), budget=PLENTY)
    notes = {plan.clips[0].notes, *(clip.notes for clip in clips.clips)}
    assert notes == {("made without a caption: too small",)}
