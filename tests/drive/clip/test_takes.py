"""Every take that was stored stays; what is asked for again is taken back, not paid again."""

from __future__ import annotations

import io
from collections import Counter
from uuid import UUID

import pytest
import trio
from attrs import evolve
from PIL import Image
from trio.testing import MockClock

from tests.drive.jobs import JOB, LEASE, PLENTY, Fakes, prompts, run_job
from vgen import Clips, GenerationSettings, Settings
from vgen.abc import Custody, Status, Ticket
from vgen.errors import (
    InsufficientClipsError,
    InvalidPromptsError,
    LedgerError,
    NotFoundError,
    StorageError,
)
from vgen.records.entry import Stored
from vgen.testing import Break, FakeBackend, MemoryStorage, Succeed
from vgen.testing.faults import Faults

CLIP = f"{JOB}/clip_001.mp4"


def picture(shade: int) -> bytes:
    """A small PNG."""
    file = io.BytesIO()
    Image.new("RGB", (64, 64), (shade, shade, shade)).save(file, "PNG")
    return file.getvalue()


async def run_with_image(fakes: Fakes, *texts: str) -> Clips:
    """Run the job with one image for all its clips."""
    async with fakes.runner() as runner:
        return await runner.process(JOB, prompts(*texts, image="cat.png"), budget=PLENTY)


def cannot_cancel() -> FakeBackend:
    """A backend whose attempts run on when their process is killed."""

    class IgnoresCancel(FakeBackend):
        async def cancel(self, ticket: Ticket) -> Status:
            return (await self.status([ticket]))[ticket]

    return IgnoresCancel(default=Succeed(after=60))


async def test_an_edit_that_is_taken_back_costs_nothing(autojump_clock: MockClock) -> None:
    """However often the prompt goes there and back, each of its texts is paid once."""
    fakes = Fakes()
    for texts in ("abc", "aBc", "abc", "aBc", "abc"):
        await run_job(fakes, *texts)
        asked = 1 if texts == "abc" else 2
        assert fakes.storage.files[CLIP] == fakes.storage.files[fakes.take(asked)]
    assert Counter(fakes.backend.submitted) == Counter("abcB")


@pytest.mark.parametrize(
    ("changed", "again"),
    [
        (GenerationSettings(width=1024, height=576), []),
        (GenerationSettings(fps=30), ["a", "b", "c"]),
    ],
)
async def test_settings_that_go_there_and_back(
    autojump_clock: MockClock, changed: GenerationSettings, again: list[str]
) -> None:
    """What the backend ignores is no change; what it does not is paid once, there and back."""
    fakes = Fakes()
    for generation in (GenerationSettings(), changed, GenerationSettings(), changed):
        fakes.settings = Settings(generation=generation)
        await run_job(fakes)
    assert sorted(fakes.backend.submitted[3:]) == again


async def test_a_redo_that_is_regretted(autojump_clock: MockClock) -> None:
    """The chosen take is the clip, stays it in later runs, and a redo makes a further one."""
    fakes = Fakes()
    await run_job(fakes)
    async with fakes.runner() as runner:
        await runner.process(JOB, prompts(*"abc"), budget=PLENTY, redo=(1,))
        first, second = await runner.takes(JOB, 1)
        assert (first.number, first.chosen, second.number, second.chosen) == (1, False, 2, True)
        assert (await runner.choose(JOB, 1, 1)).chosen
        assert (await runner.choose(JOB, 1, 2)).number == 2
        assert (await runner.choose(JOB, 1, 1)).number == 1
        clips = await runner.process(JOB, prompts(*"abc"), budget=PLENTY)
        assert clips.clips[1].sha256 == first.clip.sha256
        assert clips.clips[1].cost == 2 * first.cost
        assert fakes.storage.files[CLIP] == fakes.storage.files[fakes.take(1)]
        await runner.process(JOB, prompts(*"abc"), budget=PLENTY, redo=(1,))
        await runner.process(JOB, prompts(*"abc"), budget=PLENTY)
        assert [each.chosen for each in await runner.takes(JOB, 1)] == [False, False, True]
        assert [each.cost for each in await runner.takes(JOB, 1)] == [first.cost] * 3
    assert Counter(fakes.backend.submitted) == Counter("abbbc")


async def test_a_take_of_another_prompt_may_be_chosen(autojump_clock: MockClock) -> None:
    """It stays the clip while the same is asked for, and gives way when something else is."""
    fakes = Fakes()
    await run_job(fakes)
    await run_job(fakes, *"aBc")
    async with fakes.runner() as runner:
        await runner.choose(JOB, 1, 1)
    await run_job(fakes, *"aBc")
    assert fakes.storage.files[CLIP] == fakes.storage.files[fakes.take(1)]
    await run_job(fakes, *"aXc")
    await run_job(fakes, *"aBc")
    assert fakes.storage.files[CLIP] == fakes.storage.files[fakes.take(1)]
    assert Counter(fakes.backend.submitted) == Counter("abcBX")


async def test_what_cannot_be_chosen(autojump_clock: MockClock) -> None:
    """What is not there, a take whose file is gone, and what another process works on."""
    fakes = Fakes()
    await run_job(fakes)
    await run_job(fakes, *"aBc")
    before = dict(fakes.storage.files)
    async with fakes.runner() as runner:
        for index, number in ((1, 3), (7, 1)):
            with pytest.raises(NotFoundError):
                await runner.choose(JOB, index, number)
        with pytest.raises(NotFoundError, match="has no job"):
            await runner.takes(UUID(int=7))
        del fakes.storage.files[fakes.take(1)]
        with pytest.raises(StorageError, match="the file of take 1 is gone"):
            await runner.choose(JOB, 1, 1)
        await fakes.ledger.claim(JOB, 1, owner="elsewhere", lease=LEASE)
        with pytest.raises(LedgerError, match="another process is working on clip 1"):
            await runner.choose(JOB, 1, 2)
    assert fakes.storage.files[CLIP] == before[CLIP]


async def test_an_image_that_is_put_back_costs_nothing(autojump_clock: MockClock) -> None:
    """Also where the clip of the image between them was made anew."""
    fakes = Fakes()
    for shade in (10, 200):
        fakes.storage.images["cat.png"] = picture(shade)
        await run_with_image(fakes, *"abc")
    async with fakes.runner() as runner:
        made = prompts(*"abc", image="cat.png")
        await runner.process(JOB, made, budget=PLENTY, redo=[1])
    fakes.storage.images["cat.png"] = picture(10)
    await run_with_image(fakes, *"abc")
    assert fakes.storage.files[CLIP] == fakes.storage.files[fakes.take(1)]
    assert Counter(fakes.backend.submitted) == Counter("abcabcb")


async def test_a_clip_is_kept_whose_take_was_deleted(autojump_clock: MockClock) -> None:
    """Its file becomes a take again before another one replaces it, and is taken back for free."""
    fakes = Fakes()
    await run_job(fakes)
    del fakes.storage.files[fakes.take(1)]
    made = fakes.storage.files[CLIP]
    await run_job(fakes, *"aBc")
    assert fakes.storage.files[fakes.take(1)] == made
    await run_job(fakes)
    assert fakes.storage.files[CLIP] == made
    assert Counter(fakes.backend.submitted) == Counter("abcB")


async def forget_takes(fakes: Fakes) -> None:
    """Leave clip 1 as an older vgen would: with one file, and no word of a take."""
    (attempt,) = await fakes.ledger.attempts(JOB, 1)
    assert attempt.clip is not None
    del fakes.storage.files[fakes.take(1)]
    claim = await fakes.ledger.claim(JOB, 1, owner="older", lease=LEASE)
    assert claim is not None
    older = evolve(attempt.clip, take=None, file=None)
    await fakes.ledger.advance(claim, attempt.attempt_id, attempt.state, Stored(older))
    await fakes.ledger.release(claim)


async def test_an_older_vgens_clip_becomes_a_take(autojump_clock: MockClock) -> None:
    """A clip with one file only is copied before another take replaces its file."""
    fakes = Fakes()
    await run_job(fakes)
    await forget_takes(fakes)
    made = fakes.storage.files[CLIP]
    await run_job(fakes, *"aBc")
    assert fakes.storage.files[fakes.take(1)] == made
    await run_job(fakes)
    assert fakes.storage.files[CLIP] == made
    assert Counter(fakes.backend.submitted) == Counter("abcB")


async def test_an_older_vgens_clip_is_fetched_again(autojump_clock: MockClock) -> None:
    """Where its one file is gone, the provider still has it: nothing is paid again."""
    fakes = Fakes()
    clips = await run_job(fakes)
    await forget_takes(fakes)
    del fakes.storage.files[CLIP]
    assert (await run_job(fakes)).clips[1].sha256 == clips.clips[1].sha256
    assert Counter(fakes.backend.submitted) == Counter("abc")


async def test_an_image_that_is_replaced_while_attempts_run(autojump_clock: MockClock) -> None:
    """What was sent is kept as takes, and the clips are made from the new image beside them."""
    fakes = Fakes([cannot_cancel()], storage=MemoryStorage({"cat.png": picture(1)}))
    with trio.move_on_after(5):
        await run_with_image(fakes, *"abc")
    fakes.storage.images["cat.png"] = picture(2)
    await run_with_image(fakes, *"abc")
    assert len(fakes.backend.submitted) == 6
    async with fakes.runner() as runner:
        takes = await runner.takes(JOB)
    assert [(each.clip_index, each.number, each.chosen) for each in takes] == [
        (index, number, number == 2) for index in (0, 1, 2) for number in (1, 2)
    ]


async def test_an_image_that_is_deleted_while_attempts_run(autojump_clock: MockClock) -> None:
    """What was sent is brought home; a clip that was not fails beside it, for its image."""
    fakes = Fakes([cannot_cancel()], storage=MemoryStorage({"cat.png": picture(1)}))
    with trio.move_on_after(5):
        await run_with_image(fakes, *"abc")
    fakes.storage.images["cat.png"] = StorageError("cat.png: no such file")
    clips = await run_with_image(fakes, *"abcd")
    assert [clip.clip_index for clip in clips.clips] == [0, 1, 2]
    assert clips.failures[0].reason == "cat.png: no such file"
    assert len(fakes.backend.submitted) == 3
    assert len((await run_with_image(fakes, *"abc")).clips) == 3
    with pytest.raises(InvalidPromptsError, match="no such file"):
        await run_with_image(fakes, *"abX")


async def test_a_job_fails_for_its_images_only_after_the_rest(autojump_clock: MockClock) -> None:
    """Where too few clips can be brought home, those that were are in the error."""
    fakes = Fakes([cannot_cancel()], storage=MemoryStorage({"cat.png": picture(1)}))
    with trio.move_on_after(5):
        await run_with_image(fakes, *"abc")
    fakes.storage.images["cat.png"] = StorageError("cat.png: no such file")
    with pytest.raises(InsufficientClipsError) as caught:
        await run_with_image(fakes, *"aBC")
    assert [clip.clip_index for clip in caught.value.clips.clips] == [0]
    attempts = [await fakes.ledger.attempts(JOB, index) for index in range(3)]
    assert all(each.custody is Custody.STORED for clip in attempts for each in clip)
    assert len(fakes.backend.submitted) == 3


async def test_a_ledger_that_fails_over_what_nobody_needs(autojump_clock: MockClock) -> None:
    """An attempt of an edit that was undone is finished beside the clip; the error ends the job."""
    fakes = Fakes([cannot_cancel()])
    await run_job(fakes)
    with trio.move_on_after(5):
        await run_job(fakes, *"aBc")
    fakes.ledger.faults = Faults([Break("advance", times=9)], LedgerError)
    with pytest.raises(LedgerError, match="advance: it broke"):
        await run_job(fakes)
