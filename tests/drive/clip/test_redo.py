"""A redo generates a clip again, once; its notes say so, as those of an edited clip do."""

from __future__ import annotations

from decimal import Decimal

import pytest
import trio
from attrs import evolve
from trio.testing import MockClock

from tests.drive.jobs import JOB, PLENTY, Fakes, prompts
from vgen import Clips
from vgen.errors import InvalidPromptsError
from vgen.testing import CAPABILITIES, FakeBackend, Succeed


async def run_job(fakes: Fakes, *texts: str, redo: tuple[int, ...] = ()) -> Clips:
    """Run the job once."""
    async with fakes.runner() as runner:
        return await runner.process(JOB, prompts(*texts), budget=PLENTY, redo=redo)


async def test_a_clip_is_redone_once(autojump_clock: MockClock) -> None:
    """Only that clip, with a note; the next run keeps it, and it can be redone again."""
    fakes = Fakes()
    await run_job(fakes, *"abc")
    clips = await run_job(fakes, *"abc", redo=(1,))
    assert sorted(fakes.backend.submitted) == [*"abbc"]
    assert [clip.notes for clip in clips.clips] == [(), ("made anew, as asked",), ()]
    await run_job(fakes, *"abc")
    assert len(fakes.backend.submitted) == 4
    await run_job(fakes, *"abc", redo=(1, 2))
    assert sorted(fakes.backend.submitted[4:]) == ["b", "c"]


async def test_a_redo_that_was_only_written_down_is_carried_on(autojump_clock: MockClock) -> None:
    """A plain run after it makes the take, once, and says that it was asked for earlier."""
    fakes = Fakes()
    await run_job(fakes, *"abc")
    async with fakes.runner() as runner:
        await runner.open_job(JOB, prompts(*"abc"), budget=PLENTY, redo=[1])
        plan = await runner.plan(prompts(*"abc"), job_id=JOB, budget=PLENTY)
    asked = "made anew, as asked in an earlier run"
    assert [clip.notes for clip in plan.clips] == [(), (asked,), ()]
    clips = await run_job(fakes, *"abc")
    assert [clip.notes for clip in clips.clips] == [(), (asked,), ()]
    await run_job(fakes, *"abc")
    assert sorted(fakes.backend.submitted) == [*"abbc"]


async def test_an_edited_clip_says_so(autojump_clock: MockClock) -> None:
    """A clip's notes say why it was generated again; what was redone before is kept."""
    fakes = Fakes()
    await run_job(fakes, *"abc")
    await run_job(fakes, *"abc", redo=(0,))
    clips = await run_job(fakes, *"abD")
    assert clips.clips[2].notes == ("made anew: its request has changed",)
    assert fakes.backend.submitted[3:] == ["a", "D"]


@pytest.mark.parametrize("redone", [(), (1,)])
async def test_an_edit_that_is_undone(
    autojump_clock: MockClock, *, redone: tuple[int, ...]
) -> None:
    """The stored take is kept, unless it is redone, although the edit was the last manifest."""
    fakes = Fakes()
    await run_job(fakes, *"abc")
    await run_job(fakes, *"abc", redo=(1,))
    async with fakes.runner() as runner:
        await runner.open_job(JOB, prompts(*"aBc"), budget=PLENTY)
    await run_job(fakes, *"abc", redo=redone)
    assert fakes.backend.submitted[4:] == ["b" for _ in redone]


async def test_a_redo_that_was_interrupted(autojump_clock: MockClock) -> None:
    """The same call again continues the new take, or generates it, and no further one."""
    no_cancel = evolve(CAPABILITIES, can_cancel=False)
    fake = FakeBackend(default=Succeed(after=60), capabilities=no_cancel)
    fakes = Fakes([fake])
    await run_job(fakes, *"abc")
    with trio.move_on_after(5):
        await run_job(fakes, *"abc", redo=(1,))
    assert fake.running
    await run_job(fakes, *"abc", redo=(1,))
    assert fake.submitted[3:] == ["b"]


async def test_only_clips_of_the_job_can_be_redone(autojump_clock: MockClock) -> None:
    """An unknown clip raises `InvalidPromptsError`, before anything is sent or held."""
    fakes = Fakes()
    with pytest.raises(InvalidPromptsError, match="redo: there is no clip 7"):
        await run_job(fakes, *"abc", redo=(7,))
    assert await fakes.ledger.job(JOB) is None


async def test_a_redo_is_paid_for_within_the_budget(autojump_clock: MockClock) -> None:
    """What the first take cost stays spent."""
    fakes = Fakes()
    first = await run_job(fakes, *"abc")
    second = await run_job(fakes, *"abc", redo=(0, 1, 2))
    assert second.total_cost == 2 * first.total_cost > Decimal(0)
