"""`vgen generate`: clips from a prompts file."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import aclosing
from uuid import UUID

import trio
from attrs import frozen
from rich.console import Console

from vgen import (
    ClipPrompts,
    Clips,
    Event,
    PromptsFile,
    Settings,
    open_runner,
    read_prompts,
    to_json,
)
from vgen.cli import plugins
from vgen.cli.clips_file import ClipsFile
from vgen.cli.exits import Exit
from vgen.cli.identity import which_job
from vgen.cli.ledgers import check_ledger, ledger_of
from vgen.cli.progress import shown
from vgen.cli.screen import complain, on_stderr, on_stdout, put
from vgen.cli.signals import interruptible
from vgen.cli.storages import SPOOL, ClipStorage
from vgen.cli.tables import closing
from vgen.cli.wish import Wish
from vgen.drive.job.validation import check_prompts
from vgen.errors import InsufficientClipsError, InvalidPromptsError
from vgen.ports.backend import VideoBackend
from vgen.ports.ledger import CostLedger

GRACE = 5.0
"""How long an interrupted job may take to say what is there, in seconds."""


@frozen
class Draft:
    """A wish as far as it could be read; `problems` are those of its route."""

    wish: Wish
    file: PromptsFile
    backends: tuple[VideoBackend, ...]
    problems: Sequence[str]
    storage: ClipStorage
    ledger: CostLedger
    settings: Settings


@frozen
class Plan:
    """A wish that can be fulfilled, as far as can be told without writing anything."""

    wish: Wish
    job_id: UUID
    prompts: ClipPrompts
    backends: tuple[VideoBackend, ...]
    storage: ClipStorage
    ledger: CostLedger
    settings: Settings


def generate(wish: Wish) -> Exit:
    """Fulfil the wish, or what can be of it, and say what came of it.

    Raises:
        VgenError: why nothing, or too little, came of it.
    """
    # What may block the thread comes first, while a signal still ends the process on the spot.
    settings = Settings.from_environment(os.environ, concurrency=wish.concurrency)
    storage = ClipStorage(wish.storage, wish.out, images=[wish.folder])
    ledger = ledger_of(wish.ledger, wish.out)
    backends, problems = plugins.route(wish.backends)
    try:
        file = read_prompts(wish.read(), source=wish.source)
    except InvalidPromptsError as error:
        raise InvalidPromptsError([*error.problems, *problems]) from error
    draft = Draft(wish, file, tuple(backends), problems, storage, ledger, settings)
    return trio.run(_generate, draft)


async def _generate(draft: Draft) -> Exit:
    screen = on_stderr()

    def stopping() -> None:
        complain("stopping; once more to leave at once", screen)

    code = Exit.INTERRUPTED
    async with interruptible(stopping):
        code = await _make(await _plan(draft), screen)
    return code  # noqa: RET504 (a signal leaves it as it was)


async def _plan(draft: Draft) -> Plan:
    """Check everything, and write nothing."""
    wish = draft.wish
    wrong = await check_prompts(
        draft.file, backends=draft.backends, storage=draft.storage, min_clips=wish.min_clips
    )
    if wrong or draft.problems:
        raise InvalidPromptsError([*wrong, *draft.problems])
    await check_ledger(wish.ledger, wish.out)
    return Plan(
        wish=wish,
        job_id=await which_job(in_file=draft.file.job_id, option=wish.job_id, out=wish.out),
        prompts=draft.file.prompts(),
        backends=draft.backends,
        storage=draft.storage,
        ledger=draft.ledger,
        settings=draft.settings,
    )


async def _make(plan: Plan, screen: Console) -> Exit:
    record = ClipsFile(plan.wish.out, plan.job_id, plan.ledger, plan.storage)
    async with aclosing(plan.ledger):
        try:
            clips = await _run(plan, record, screen)
        except InsufficientClipsError as error:
            await _hand_over(plan, record, error.clips, screen)
            raise
        except trio.Cancelled:
            with trio.move_on_after(GRACE, shield=True):
                await _say_what_is_there(plan, record, screen)
            raise
        await _hand_over(plan, record, clips, screen)
    return Exit.DONE


async def _run(plan: Plan, record: ClipsFile, screen: Console) -> Clips:
    async with (
        shown(screen) as show,
        open_runner(
            backends=plan.backends,
            storage=plan.storage,
            ledger=plan.ledger,
            settings=plan.settings,
            observer=_both(show, record.hear),
            clip_key=plan.storage.key,
            spool=plan.wish.out / SPOOL,
        ) as runner,
        record.kept(),
    ):
        await record.begin([prompt.clip_index for prompt in plan.prompts.clip_prompts])
        return await runner.process(
            plan.job_id,
            plan.prompts,
            budget=plan.wish.budget,
            min_clips=plan.wish.min_clips,
            redo=plan.wish.redo,
        )


def _both(
    first: Callable[[Event], None], second: Callable[[Event], None]
) -> Callable[[Event], None]:
    def hear(event: Event) -> None:
        first(event)
        second(event)

    return hear


async def _hand_over(plan: Plan, record: ClipsFile, clips: Clips, screen: Console) -> None:
    """Show the outcome, and write it down.

    Raises:
        StorageError: a clip, or the record of them, could not be written.
    """
    table = closing(clips, plan.storage.place)
    if plan.wish.json:
        put(to_json(clips, indent=2))
        screen.print(table)
    else:
        on_stdout().print(table)
    await record.write(clips)
    if plan.storage.failure is not None:
        raise plan.storage.failure


async def _say_what_is_there(plan: Plan, record: ClipsFile, screen: Console) -> None:
    clips = await record.count()
    if clips is None:
        return
    await record.write(clips)
    made, total = clips.successful_clips, clips.total_clips
    complain(
        f"interrupted: {made} of {total} clips are in {plan.storage.place}; "
        f"run the same command again to make the {total - made} missing",
        screen,
    )
