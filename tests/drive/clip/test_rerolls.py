"""Outputs that a provider's filter has refused, and how often they are made anew."""

from __future__ import annotations

from decimal import Decimal

import pytest
from attrs import evolve
from trio.testing import MockClock

from tests.drive.jobs import JOB, PLENTY, Fakes, prompts
from vgen import Clips
from vgen.errors import (
    GenerationError,
    InsufficientClipsError,
    InvalidPromptsError,
    OutputRefusedError,
)
from vgen.records.job import REROLLS
from vgen.records.settings import Settings
from vgen.testing import Fail, FakeBackend, Refuse

FILTERED = Fail(error=OutputRefusedError("filtered"), billed="0.04")


async def run_job(fakes: Fakes, *, seed: int | None = None, rerolls: int = REROLLS) -> Clips:
    """Run a job of one clip once."""
    (prompt,) = prompts("x")
    asked = evolve(prompt, metadata={} if seed is None else {"seed": seed})
    async with fakes.runner() as runner:
        return await runner.process(JOB, [asked], budget=PLENTY, min_clips=1, rerolls=rerolls)


async def test_a_refused_output_is_rolled_once_more(autojump_clock: MockClock) -> None:
    """By default a clip gets one other roll; both are paid for."""
    fakes = Fakes([FakeBackend(script={"x": [FILTERED]})])
    clips = await run_job(fakes)
    assert fakes.backend.submitted == ["x"] * 2
    assert clips.total_cost == Decimal("0.16")


@pytest.mark.parametrize(("rerolls", "submits"), [(0, 1), (1, 2), (2, 3), (9, 3)])
async def test_after_its_rolls_a_clip_goes_on_with_the_next_backend(
    autojump_clock: MockClock, rerolls: int, submits: int
) -> None:
    """As many rolls as the job allows, at most `Settings.attempts` in all; the next has its own."""
    second = FakeBackend("b", script={"x": [FILTERED] * (submits - 1)})
    fakes = Fakes([FakeBackend("a", default=FILTERED), second])
    (clip,) = (await run_job(fakes, rerolls=rerolls)).clips
    assert fakes.backend.submitted == second.submitted == ["x"] * submits
    assert (clip.backend, clip.notes) == ("b", ("a could not make it: filtered",))


async def test_a_single_attempt_stays_single(autojump_clock: MockClock) -> None:
    """With `Settings.attempts` at 1 there is no other roll: nothing is paid a second time."""
    fakes = Fakes([FakeBackend(default=FILTERED)], settings=Settings(attempts=1))
    with pytest.raises(InsufficientClipsError, match="filtered"):
        await run_job(fakes, rerolls=5)
    assert fakes.backend.submitted == ["x"]


@pytest.mark.parametrize("refusal", [Refuse(), Fail(error=GenerationError("no"))], ids=repr)
async def test_a_refused_prompt_is_not_rolled(
    autojump_clock: MockClock, refusal: Refuse | Fail
) -> None:
    """What refuses the prompt would refuse it again."""
    fakes = Fakes([FakeBackend(default=refusal)])
    with pytest.raises(InsufficientClipsError):
        await run_job(fakes, rerolls=5)
    assert fakes.backend.submitted == ["x"]


async def test_a_seed_leaves_nothing_to_chance(autojump_clock: MockClock) -> None:
    """With a seed that the backend honours, another roll would be the same clip again."""
    fakes = Fakes([FakeBackend(default=FILTERED)])
    with pytest.raises(InsufficientClipsError):
        await run_job(fakes, seed=7)
    assert fakes.backend.submitted == ["x"]


async def test_fewer_than_no_rolls_are_refused(autojump_clock: MockClock) -> None:
    """A negative number raises `InvalidPromptsError`, before anything is written."""
    fakes = Fakes()
    with pytest.raises(InvalidPromptsError, match="rerolls: must be at least 0, got -1"):
        await run_job(fakes, rerolls=-1)
    assert await fakes.ledger.job(JOB) is None
