"""A clip's place has one file, whatever ending the take has that is the clip."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from uuid import UUID

import pytest
from attrs import evolve
from trio.testing import MockClock

from tests.drive.jobs import JOB, LEASE, PLENTY, Fakes, prompts, run_job
from vgen import DirectoryStorage, open_runner
from vgen.abc import Attempt, Claim, Custody, Entry, Money
from vgen.errors import InsufficientClipsError, LedgerError, StorageError
from vgen.records.entry import Chosen, Stored
from vgen.testing import Break, FakeBackend, MemoryLedger, MemoryStorage, Succeed
from vgen.video import probe

MP4, WEBM = f"{JOB}/clip_001.mp4", f"{JOB}/clip_001.webm"
WEB = Succeed(container="webm")


def fakes_for(*second: Succeed, storage: MemoryStorage | None = None) -> Fakes:
    """Fakes whose clip 1 is MP4 at first, and WebM in the attempts that follow, or as given."""
    script = {"b": [Succeed(), *(second or (WEB,))], "B": [WEB]}
    return Fakes([FakeBackend(script=script)], storage=storage or MemoryStorage())


def in_place(fakes: Fakes) -> list[str]:
    """The files in the place of clip 1."""
    return [key for key in fakes.storage.files if key.startswith(f"{JOB}/clip_001")]


async def test_an_edit_leaves_no_stale_file(autojump_clock: MockClock) -> None:
    """What looks like the clip is the clip; each take stays, and comes back at no cost."""
    fakes = fakes_for()
    for texts, place in (("abc", MP4), ("aBc", WEBM), ("abc", MP4), ("aBc", WEBM)):
        clips = await run_job(fakes, *texts)
        assert in_place(fakes) == [place] == [clips.clips[1].reference]
        asked = 1 if texts == "abc" else 2
        assert fakes.storage.files[place] == fakes.storage.files[fakes.take(asked)]
    assert probe(fakes.storage.files[WEBM]).codec == "vp8"
    assert Counter(fakes.backend.submitted) == Counter("abcB")


async def test_a_choice_leaves_no_stale_file(autojump_clock: MockClock) -> None:
    """The chosen take's file stands in the clip's place alone, there and back."""
    fakes = fakes_for()
    await run_job(fakes)
    async with fakes.runner() as runner:
        await runner.process(JOB, prompts(*"abc"), budget=PLENTY, redo=[1])
        assert in_place(fakes) == [WEBM]
        assert (await runner.choose(JOB, 1, 1)).clip.reference == MP4
        assert in_place(fakes) == [MP4]
        assert (await runner.choose(JOB, 1, 2)).clip.reference == WEBM
        assert in_place(fakes) == [WEBM]
        takes = [each.clip.take for each in await runner.takes(JOB, 1)]
    assert all(take and take.reference in fakes.storage.files for take in takes)


async def test_a_file_that_cannot_be_removed(autojump_clock: MockClock) -> None:
    """The take is stored, and is the clip once the storage is up; it is not made again."""
    fakes = fakes_for(storage=MemoryStorage(faults=[Break("remove", times=8)]))
    await run_job(fakes)
    with pytest.raises(InsufficientClipsError) as caught:
        await run_job(fakes, *"aBc")
    assert caught.value.clips.failures[0].reason == "remove: it broke"
    assert fakes.take(2)
    clips = await run_job(fakes, *"aBc")
    assert in_place(fakes) == [WEBM] == [clips.clips[1].reference]
    assert Counter(fakes.backend.submitted) == Counter("abcB")


class CutOff(MemoryLedger):
    """A ledger that fails, once it is `due`, where a take would become the clip."""

    due = False

    async def advance(
        self, claim: Claim, attempt_id: UUID, expected: tuple[Money, Custody], entry: Entry
    ) -> Attempt:
        """Write the entry, or fail."""
        if self.due and isinstance(entry, Chosen):
            self.due = False
            raise LedgerError("cut off")
        return await super().advance(claim, attempt_id, expected, entry)


async def test_cut_off_before_it_is_written_down(autojump_clock: MockClock) -> None:
    """A run that ends between the copies and the ledger leaves the next one to finish it."""
    fakes = fakes_for()
    fakes.ledger = ledger = CutOff()
    await run_job(fakes)
    ledger.due = True
    with pytest.raises(LedgerError, match="cut off"):
        await run_job(fakes, *"aBc")
    await run_job(fakes, *"aBc")
    assert in_place(fakes) == [WEBM]
    assert Counter(fakes.backend.submitted) == Counter("abcB")


async def test_what_somebody_else_has_put_there_stays(autojump_clock: MockClock) -> None:
    """A file that is not the copy that was written down is not removed."""
    fakes = fakes_for()
    await run_job(fakes)
    fakes.storage.files[MP4] = b"a cut of my own"
    await run_job(fakes, *"aBc")
    assert sorted(in_place(fakes)) == [MP4, WEBM]
    assert fakes.storage.files[MP4] == b"a cut of my own"


@pytest.mark.parametrize("broken", [False, True])
async def test_the_only_sound_file_of_a_take_stays(
    autojump_clock: MockClock, *, broken: bool
) -> None:
    """A take whose own file is gone has its copy back first; where that is broken, both stay."""
    fakes = fakes_for()
    await run_job(fakes)
    made, take = fakes.storage.files[MP4], fakes.take(1)
    del fakes.storage.files[take]
    if broken:
        fakes.storage.files[take] = b"cut"
    await run_job(fakes, *"aBc")
    assert fakes.storage.files[MP4 if broken else take] == made
    assert in_place(fakes) == ([MP4, WEBM] if broken else [WEBM])


async def test_an_older_vgens_clip_gives_way(autojump_clock: MockClock) -> None:
    """A clip with one file alone, and no container, becomes a take before it is replaced."""
    fakes = fakes_for()
    await run_job(fakes)
    (attempt,) = await fakes.ledger.attempts(JOB, 1)
    claim = await fakes.ledger.claim(JOB, 1, owner="older", lease=LEASE)
    assert attempt.clip is not None
    assert claim is not None
    older = evolve(attempt.clip, take=None, file=None, container="", codec="")
    await fakes.ledger.advance(claim, attempt.attempt_id, attempt.state, Stored(older))
    await fakes.ledger.release(claim)
    made = fakes.storage.files[MP4]
    del fakes.storage.files[fakes.take(1)]
    await run_job(fakes, *"aBc")
    assert in_place(fakes) == [WEBM]
    assert fakes.storage.files[fakes.take(1)] == made
    await run_job(fakes)
    assert in_place(fakes) == [MP4]
    assert fakes.storage.files[MP4] == made
    assert Counter(fakes.backend.submitted) == Counter("abcB")


async def test_a_key_of_the_users_own(autojump_clock: MockClock) -> None:
    """Another ending takes the place of `.mp4`, and follows where the user has none."""
    for name, place in (("{}.mp4", "1.webm"), ("{}", "1.webm"), ("{}.final", "1.final.webm")):
        fakes = fakes_for()

        def key(_job: UUID, index: int, name: str = name) -> str:
            return name.format(index)

        async with fakes.runner(clip_key=key) as runner:
            clips = await runner.process(JOB, prompts(*"aBc"), budget=PLENTY)
        assert [clip.reference for clip in clips.clips][1] == place
        assert clips.clips[0].reference == name.format(0)


async def test_a_place_is_checked_before_anything_is_paid(
    no_threads: None, autojump_clock: MockClock, tmp_path: Path
) -> None:
    """A directory in the place of any file that a clip may come to have is found out first."""
    Path(tmp_path, str(JOB), "clip_002.webm").mkdir(parents=True)  # noqa: ASYNC240 (no threads here)
    fakes = fakes_for()
    async with open_runner(
        backends=fakes.backends, storage=DirectoryStorage(tmp_path), ledger=fakes.ledger
    ) as runner:
        with pytest.raises(StorageError, match=r"clip_002\.webm: Is a directory"):
            await runner.process(JOB, prompts(*"abc"), budget=PLENTY)
    assert not fakes.backend.submitted


async def test_in_a_folder_too(no_threads: None, autojump_clock: MockClock, tmp_path: Path) -> None:
    """What a program that lists the folder sees is the clips and nothing beside them."""
    fakes = fakes_for()
    for texts in ("abc", "aBc"):
        async with open_runner(
            backends=fakes.backends,
            storage=DirectoryStorage(tmp_path),
            ledger=fakes.ledger,
            inspector=fakes.inspector,
            clip_key=lambda _job, index: f"clip_{index:03d}.mp4",
        ) as runner:
            await runner.process(JOB, prompts(*texts), budget=PLENTY)
    names = ["clip_000.mp4", "clip_001.webm", "clip_002.mp4"]
    found = [path.name for path in tmp_path.iterdir()]  # noqa: ASYNC240 (no threads here)
    assert sorted(found) == [*names, "takes"]
