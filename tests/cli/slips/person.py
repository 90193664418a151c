"""A person at work on one job, who slips: forgets options, edits and takes back, deletes, kills."""

from __future__ import annotations

import json
import shutil
import signal
from io import BytesIO
from pathlib import Path
from random import Random
from uuid import UUID

import trio
from attrs import define, field
from PIL import Image

from vgen_replicate.simulator import Simulator

from .books import Books, digest, job_in
from .commands import Command, Commands
from .forking import LEASE

CLIPS, DURATION = 3, 0.2
MOST_RUNS = 5
PICTURE_CLIP = 2
"""The clip that is made from a picture, by a model that knows no prompts."""

FULL = ("--backend", "svd", "--backend", "cogvideox")
AMPLE = "100"
"""A budget in US dollars that nothing exceeds."""

DONE, BAD_INPUT, OVER_BUDGET, INTERRUPTED = 0, 2, 3, 130


@define
class Person:
    """Works on a job in `folder`, whose clips are under `out`; `rng` decides the details.

    `rival` runs a second command at the same time. `texts` and `picture` are what the prompts ask
    for now, `environment` is the variable of that name.
    """

    commands: Commands
    rival: Commands
    books: Books
    rng: Random
    job_id: UUID
    texts: list[str] = field(init=False)
    picture: int = 0
    environment: str = "development"
    versions: list[Path] = field(factory=list[Path])

    def __attrs_post_init__(self) -> None:
        self.texts = [f"{self.job_id} clip {index}" for index in range(CLIPS)]

    @property
    def folder(self) -> Path:
        """The working directory."""
        return self.commands.folder

    @property
    def out(self) -> Path:
        """The output directory."""
        return self.folder / "clips"

    @property
    def ledger(self) -> Path:
        """The ledger's file."""
        return self.out / "vgen.db"

    @property
    def simulator(self) -> Simulator:
        """The provider."""
        return self.books.simulator

    def clip(self, index: int) -> Path:
        """Return the file of a clip."""
        return self.out / f"clip_{index:03d}.mp4"

    def write(self) -> None:
        """Write the prompts and the picture as they are to be now."""
        (self.folder / "picture.png").write_bytes(picture(self.picture))
        items = [
            {"clip_index": index, "prompt": text, "duration": DURATION}
            for index, text in enumerate(self.texts)
        ]
        items[PICTURE_CLIP]["scene_reference_url"] = "picture.png"
        text = json.dumps({"clip_prompts": items, "job_id": str(self.job_id)})
        written = self.folder / "written.json"
        written.write_text(text, "utf-8")
        written.replace(self.folder / "prompts.json")  # a command may be reading it

    async def run(self, *options: str) -> int:
        """Run `vgen generate` to its end, and return its exit code."""
        self.write()
        command = await self.commands.start(
            "generate", "prompts.json", *options, in_environment=self.environment
        )
        code = await command.code()
        self.books.note()
        return code

    async def vgen(self, *arguments: str) -> int:
        """Run another `vgen` command to its end, and return its exit code."""
        command = await self.commands.start(*arguments)
        return await command.code()

    async def goes_on(self, *options: str) -> None:
        """Run until the job is complete: a doubt may take more than one run to clear."""
        codes = [await self.run(*options)]
        while codes[-1] != DONE:
            codes.append(await self.run(*options))
            assert len(codes) < MOST_RUNS, f"there is no way on: {codes}"

    async def check(self) -> None:
        """Compare the ledger and the files with the provider's books."""
        self.books.check_paid_once()
        self.books.check_job(await job_in(self.ledger, self.job_id), self.out)

    async def expect_nothing_paid(self, *options: str) -> int:
        """Run, and check that nothing was made."""
        before = len(self.simulator.predictions)
        code = await self.run(*options)
        assert before == len(self.simulator.predictions), "something was made"
        return code

    def edit(self) -> None:
        """Change the prompt of a clip to one of few others, or the picture of the last."""
        index = self.rng.randrange(CLIPS)
        if index == PICTURE_CLIP:
            self.picture = self.rng.randrange(3)
        self.texts[index] = f"{self.job_id} clip {index}" + self.rng.choice(["", " red", " blue"])

    def subject(self, index: int) -> str:
        """Return what tells the provider's predictions for a clip from others."""
        if index == PICTURE_CLIP:
            return digest(self.folder / "picture.png")
        return self.texts[index]


async def forgets_the_options(person: Person) -> None:
    """Runs again with nothing but the prompts."""
    assert await person.expect_nothing_paid() == DONE


async def gives_the_options(person: Person) -> None:
    """Runs again with all of them."""
    assert await person.expect_nothing_paid(*FULL, "--budget", AMPLE) == DONE


async def edits(person: Person) -> None:
    """Edits a clip, perhaps back, and forgets the options."""
    person.edit()
    assert await person.run() == DONE


async def changes_the_environment(person: Person) -> None:
    """Runs with other settings, or with those of before again."""
    person.environment = person.rng.choice(["development", "production"])
    assert await person.run() == DONE


async def makes_one_anew(person: Person) -> None:
    """Has one clip made anew."""
    index = person.rng.randrange(CLIPS)
    person.books.allowed[person.subject(index)] += 1
    assert await person.run("--redo", str(index)) == DONE


async def regrets(person: Person) -> None:
    """Makes an earlier take the clip."""
    index = person.rng.randrange(CLIPS)
    job = await job_in(person.ledger, person.job_id)
    there = [
        attempt.number
        for attempt in job.of_clip(index)
        if attempt.clip
        and attempt.clip.take
        and (person.out / attempt.clip.take.reference).exists()
    ]
    take = person.rng.choice(there)
    assert await person.vgen("choose", str(person.job_id), str(index), str(take)) == DONE


async def deletes_a_clip(person: Person) -> None:
    """Deletes the file of a clip."""
    person.clip(person.rng.randrange(CLIPS)).unlink()
    assert await person.expect_nothing_paid() == DONE


async def cuts_a_clip(person: Person) -> None:
    """Truncates the file of a clip."""
    file = person.clip(person.rng.randrange(CLIPS))
    file.write_bytes(file.read_bytes()[: person.rng.choice([0, 100, 2000])])
    assert await person.expect_nothing_paid() == DONE


async def swaps_two_clips(person: Person) -> None:
    """Has the files of two clips change places."""
    first, second = (person.clip(index) for index in person.rng.sample(range(CLIPS), 2))
    aside = person.out / "aside.mp4"
    for source, target in ((first, aside), (second, first), (aside, second)):
        source.rename(target)
    assert await person.expect_nothing_paid() == DONE


async def deletes_every_copy(person: Person) -> None:
    """Deletes a clip and the file of its take, while the provider still has it.

    What was adopted is known to the ledger without its provider's ticket: it is left alone.
    """
    if person.books.unknown:
        return
    index = person.rng.randrange(CLIPS)
    file = person.clip(index)
    known = digest(file)
    person.books.destroyed.add(known)
    for copy in (file, *(person.out / "takes").glob("*.mp4")):
        if digest(copy) == known:
            copy.unlink()
    assert await person.expect_nothing_paid() == DONE
    assert digest(file) == known


async def names_other_prompts(person: Person) -> None:
    """Gives prompts that have nothing to do with the job, or a route that costs nothing."""
    texts = person.texts
    person.texts = [f"{text} of another film" for text in texts]
    try:
        assert await person.expect_nothing_paid("--backend", "animatic") == BAD_INPUT
    finally:
        person.texts = texts
    assert await person.run() == DONE


async def has_too_little_money(person: Person) -> None:
    """Edits, with a budget that is spent; then gives more."""
    person.edit()
    code = await person.run("--budget", "0.01")
    assert code in {DONE, OVER_BUDGET}
    if code == OVER_BUDGET:
        assert await person.run("--budget", AMPLE) == DONE
    assert await person.run("--budget", AMPLE) == DONE


async def brings_a_backup_back(person: Person) -> None:
    """Replaces the ledger by an older copy, and puts the newer one back when that is refused."""
    older = person.rng.choice(person.versions)
    newer = keep_version(person)
    shutil.copy(older, person.ledger)
    code = await person.expect_nothing_paid()
    assert code in {DONE, BAD_INPUT}
    shutil.copy(newer, person.ledger)
    assert await person.expect_nothing_paid() == DONE


async def loses_the_ledger(person: Person) -> None:
    """Deletes or empties the ledger, and adopts the clips, or puts it back."""
    newer = keep_version(person)
    if person.rng.random() < 0.5:
        person.ledger.unlink()
    else:
        person.ledger.write_bytes(b"")
    assert await person.expect_nothing_paid(*FULL, "--budget", AMPLE) == BAD_INPUT
    if person.rng.random() < 0.5:
        shutil.copy(newer, person.ledger)
        assert await person.expect_nothing_paid() == DONE
        return
    kept = {digest(person.clip(index)) for index in range(CLIPS)}
    assert await person.expect_nothing_paid(*FULL, "--budget", AMPLE, "--adopt") == DONE
    assert kept == {digest(person.clip(index)) for index in range(CLIPS)}
    person.versions.clear()
    for made in person.books.made:
        person.books.unknown.add(made)
        person.books.allowed[person.books.subjects[made]] += 1
    keep_version(person)


async def moves_the_folder(person: Person) -> None:
    """Names another folder for the same ledger; then the right one again."""
    options = ("--ledger", "clips/vgen.db", "--out", "elsewhere")
    assert await person.expect_nothing_paid(*options) == BAD_INPUT
    assert await person.expect_nothing_paid() == DONE


async def kills_it(person: Person) -> None:
    """Edits, and kills the run at some moment, or interrupts it."""
    person.edit()
    await _end(person, person.rng.choice([signal.SIGKILL, signal.SIGINT, signal.SIGTERM]))
    await person.goes_on()


async def kills_a_redo(person: Person) -> None:
    """Has a clip made anew, and kills that at some moment."""
    index = person.rng.randrange(CLIPS)
    person.books.allowed[person.subject(index)] += 1
    await _end(person, signal.SIGKILL, "--redo", str(index))
    await person.goes_on()


async def _begin(person: Person, commands: Commands, *options: str) -> Command:
    person.write()
    return await commands.start(
        "generate", "prompts.json", *options, in_environment=person.environment
    )


async def _end(person: Person, number: signal.Signals, *options: str) -> None:
    command = await _begin(person, person.commands, *options)
    await trio.sleep(person.rng.uniform(0, 1.5))
    command.send(number)
    assert await command.code() in {DONE, INTERRUPTED, -number}


async def lets_it_sleep(person: Person) -> None:
    """Stops a run for longer than its claims last, while a second one goes on."""
    person.edit()
    first = await _begin(person, person.commands)
    await trio.sleep(person.rng.uniform(0, 1.0))
    first.send(signal.SIGSTOP)
    second = await _begin(person, person.rival)
    await trio.sleep(person.rng.uniform(0.5, 2.5) * LEASE)
    first.send(signal.SIGCONT)
    assert await first.code() == DONE
    assert await second.code() == DONE
    person.books.note()


async def presses_twice(person: Person) -> None:
    """Runs two commands at once, with an edit between them."""
    person.edit()
    first = await _begin(person, person.commands)
    await trio.sleep(person.rng.uniform(0, 0.8))
    person.edit()
    second = await _begin(person, person.rival)
    assert await first.code() in {DONE, INTERRUPTED}
    assert await second.code() in {DONE, INTERRUPTED}
    assert await person.run() == DONE


def keep_version(person: Person) -> Path:
    """Keep a copy of the ledger."""
    copy = person.folder / f"backup-{len(person.versions)}.db"
    shutil.copy(person.ledger, copy)
    person.versions.append(copy)
    return copy


def picture(number: int) -> bytes:
    """One of a few pictures."""
    encoded = BytesIO()
    drawn = Image.radial_gradient("L").resize((64, 64)).rotate(30 * number).convert("RGB")
    drawn.save(encoded, "PNG")
    return encoded.getvalue()


SLIPS = (
    forgets_the_options,
    gives_the_options,
    edits,
    changes_the_environment,
    makes_one_anew,
    regrets,
    deletes_a_clip,
    cuts_a_clip,
    swaps_two_clips,
    deletes_every_copy,
    names_other_prompts,
    has_too_little_money,
    brings_a_backup_back,
    loses_the_ledger,
    moves_the_folder,
    kills_it,
    kills_a_redo,
    lets_it_sleep,
    presses_twice,
)
"""What a person may do; each leaves the job complete."""
