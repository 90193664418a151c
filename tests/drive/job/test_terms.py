"""A job keeps its budget and its paid clips from run to run."""

from __future__ import annotations

from decimal import Decimal

import pytest
from attrs import evolve
from trio.testing import MockClock

from tests.drive.jobs import JOB, PLENTY, Fakes, prompts, run_job
from vgen.errors import BudgetExceededError, InvalidPromptsError
from vgen.testing import CAPABILITIES, FakeBackend

FREE = evolve(CAPABILITIES, paid=False)


async def test_a_budget_is_remembered(autojump_clock: MockClock) -> None:
    """A re-run without a budget has the job's own, and a new job has none."""
    fakes = Fakes()
    async with fakes.runner() as runner:
        with pytest.raises(BudgetExceededError):
            await runner.process(JOB, prompts(*"abc"))
    await run_job(fakes, *"abc")
    async with fakes.runner() as runner:
        await runner.process(JOB, prompts(*"abX"))
        job = await runner.job(JOB)
    assert job is not None
    assert job.account.limit == PLENTY
    assert fakes.backend.submitted[3:] == ["X"]


async def test_changed_terms_are_logged(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    """Another route or budget than before is one line of the log."""
    caplog.set_level("INFO", "vgen")
    fakes = Fakes()
    await run_job(fakes, *"abc")
    fakes.backends = [FakeBackend("other")]
    async with fakes.runner() as runner:
        await runner.process(JOB, prompts(*"abc"), budget=Decimal(3))
    (line,) = [line for line in caplog.messages if "is changed" in line]
    assert line.endswith("is changed: route other instead of fake, budget $3 instead of $100")


@pytest.mark.parametrize("redo", [(), (1,)])
async def test_a_paid_clip_is_not_replaced_for_free(
    autojump_clock: MockClock, *, redo: tuple[int, ...]
) -> None:
    """Edited or redone on a free route it is refused: nothing is sent, and the job stays as it was.

    Unchanged it is kept, and with a paid backend on the route it is made.
    """
    fakes = Fakes()
    await run_job(fakes, *"abc")
    before = await fakes.ledger.job(JOB)
    free = FakeBackend("free", capabilities=FREE)
    fakes.backends = [free]
    async with fakes.runner() as runner:
        with pytest.raises(InvalidPromptsError, match="clip 1 was paid for, and free would"):
            await runner.process(JOB, prompts("a", "b" if redo else "B", "c"), redo=redo)
        assert await runner.job(JOB) == before
        await runner.process(JOB, prompts(*"abc"))
    assert free.submitted == []
    fakes.backends = [FakeBackend(), free]
    await run_job(fakes, *"aBc")
    assert fakes.backend.submitted == ["B"]
