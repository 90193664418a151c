"""A clip that is to be made anew is, once, and says so; an edited one does, too."""

from __future__ import annotations

from decimal import Decimal

import pytest
import trio
from attrs import evolve
from trio.testing import MockClock

from tests.drive.jobs import JOB, PLENTY, Stage, prompts
from vgen import Clips
from vgen.errors import InvalidPromptsError
from vgen.testing import CAPABILITIES, FakeBackend, Succeed


async def play(stage: Stage, *texts: str, redo: tuple[int, ...] = ()) -> Clips:
    """Play the job once more."""
    async with stage.runner() as runner:
        return await runner.process(JOB, prompts(*texts), budget=PLENTY, redo=redo)


async def test_a_clip_is_made_anew_once(autojump_clock: MockClock) -> None:
    """Only that clip, with a note; the next run keeps it, and it can be asked for again."""
    stage = Stage()
    await play(stage, *"abc")
    clips = await play(stage, *"abc", redo=(1,))
    assert sorted(stage.fake.submitted) == [*"abbc"]
    assert [clip.notes for clip in clips.clips] == [(), ("made anew, as asked",), ()]
    await play(stage, *"abc")
    assert len(stage.fake.submitted) == 4
    await play(stage, *"abc", redo=(1, 2))
    assert sorted(stage.fake.submitted[4:]) == ["b", "c"]


async def test_an_edited_clip_says_so(autojump_clock: MockClock) -> None:
    """The record of a clip tells why it was made again; what was redone before is kept."""
    stage = Stage()
    await play(stage, *"abc")
    await play(stage, *"abc", redo=(0,))
    clips = await play(stage, *"abD")
    assert clips.clips[2].notes == ("made anew: its request has changed",)
    assert stage.fake.submitted[3:] == ["a", "D"]


@pytest.mark.parametrize("redone", [(), (1,)])
async def test_an_edit_that_is_taken_back(
    autojump_clock: MockClock, *, redone: tuple[int, ...]
) -> None:
    """The take that is stored is kept, unless it is to be redone, though the edit was the last."""
    stage = Stage()
    await play(stage, *"abc")
    await play(stage, *"abc", redo=(1,))
    async with stage.runner() as runner:
        await runner.open_job(JOB, prompts(*"aBc"), budget=PLENTY)
    await play(stage, *"abc", redo=redone)
    assert stage.fake.submitted[4:] == ["b" for _ in redone]


async def test_a_redo_that_was_interrupted(autojump_clock: MockClock) -> None:
    """The same call again carries the new take on, or makes it, instead of one more."""
    deaf = evolve(CAPABILITIES, can_cancel=False)
    fake = FakeBackend(default=Succeed(after=60), capabilities=deaf)
    stage = Stage([fake])
    await play(stage, *"abc")
    with trio.move_on_after(5):
        await play(stage, *"abc", redo=(1,))
    assert fake.running
    await play(stage, *"abc", redo=(1,))
    assert fake.submitted[3:] == ["b"]


async def test_only_what_is_there_can_be_redone(autojump_clock: MockClock) -> None:
    """A clip that the job has not is an error, before anything is sent or held."""
    stage = Stage()
    with pytest.raises(InvalidPromptsError, match="redo: there is no clip 7"):
        await play(stage, *"abc", redo=(7,))
    assert await stage.ledger.job(JOB) is None


async def test_a_redo_is_paid_for_within_the_budget(autojump_clock: MockClock) -> None:
    """What the first take cost stays spent."""
    stage = Stage()
    first = await play(stage, *"abc")
    second = await play(stage, *"abc", redo=(0, 1, 2))
    assert second.total_cost == 2 * first.total_cost > Decimal(0)
