"""`vgen generate`: make clips from a prompts file."""

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
from vgen.cli.console import print_message, print_raw, stderr_console, stdout_console
from vgen.cli.exit_codes import ExitCode
from vgen.cli.generate_options import GenerateOptions
from vgen.cli.job_id import choose_job_id
from vgen.cli.ledger_option import check_ledger, make_ledger
from vgen.cli.progress import show_progress
from vgen.cli.signals import interruptible
from vgen.cli.storage_option import SPOOL, ClipStorage
from vgen.cli.tables import outcome_table
from vgen.drive.job.validation import check_prompts
from vgen.errors import InsufficientClipsError, InvalidPromptsError
from vgen.ports.backend import VideoBackend
from vgen.ports.ledger import CostLedger

GRACE = 5.0
"""How long an interrupted command may take to write and report what was made, in seconds."""


@frozen
class UncheckedPlan:
    """What was read so far, not checked yet; `problems` are those of the `--backend` options."""

    options: GenerateOptions
    file: PromptsFile
    backends: tuple[VideoBackend, ...]
    problems: Sequence[str]
    storage: ClipStorage
    ledger: CostLedger
    settings: Settings


@frozen
class Plan:
    """A job that has passed every check that needs no writing."""

    options: GenerateOptions
    job_id: UUID
    prompts: ClipPrompts
    backends: tuple[VideoBackend, ...]
    storage: ClipStorage
    ledger: CostLedger
    settings: Settings


def generate(options: GenerateOptions) -> ExitCode:
    """Make the clips and print the outcome.

    Raises:
        VgenError: bad input, over budget, stopped, or too few clips made.
    """
    # Blocking calls come first, while a signal still ends the process at once.
    settings = Settings.from_environment(
        os.environ, concurrency=options.concurrency, strict=options.strict
    )
    storage = ClipStorage(options.storage, options.out, images=[options.folder])
    ledger = make_ledger(options.ledger, options.out)
    backends, problems = plugins.make_route(options.backends)
    try:
        file = read_prompts(options.read(), source=options.source)
    except InvalidPromptsError as error:
        raise InvalidPromptsError([*error.problems, *problems]) from error
    unchecked = UncheckedPlan(options, file, tuple(backends), problems, storage, ledger, settings)
    return trio.run(_generate, unchecked)


async def _generate(unchecked: UncheckedPlan) -> ExitCode:
    console = stderr_console()

    def stopping() -> None:
        print_message("stopping; press Ctrl-C again to exit at once", console)

    code = ExitCode.INTERRUPTED
    async with interruptible(stopping):
        code = await _run(await _plan(unchecked), console)
    return code  # noqa: RET504 (it stays INTERRUPTED after a signal)


async def _plan(unchecked: UncheckedPlan) -> Plan:
    """Check everything without writing anything."""
    options = unchecked.options
    wrong = await check_prompts(
        unchecked.file,
        backends=unchecked.backends,
        storage=unchecked.storage,
        min_clips=options.min_clips,
    )
    if wrong or unchecked.problems:
        raise InvalidPromptsError([*wrong, *unchecked.problems])
    await check_ledger(options.ledger, options.out)
    return Plan(
        options=options,
        job_id=await choose_job_id(
            in_file=unchecked.file.job_id, option=options.job_id, out=options.out
        ),
        prompts=unchecked.file.prompts(),
        backends=unchecked.backends,
        storage=unchecked.storage,
        ledger=unchecked.ledger,
        settings=unchecked.settings,
    )


async def _run(plan: Plan, console: Console) -> ExitCode:
    record = ClipsFile(plan.options.out, plan.job_id, plan.ledger, plan.storage)
    async with aclosing(plan.ledger):
        try:
            clips = await _process(plan, record, console)
        except InsufficientClipsError as error:
            await _report_result(plan, record, error.clips, console)
            raise
        except trio.Cancelled:
            with trio.move_on_after(GRACE, shield=True):
                await _report_interruption(plan, record, console)
            raise
        await _report_result(plan, record, clips, console)
    return ExitCode.DONE


async def _process(plan: Plan, record: ClipsFile, console: Console) -> Clips:
    async with (
        show_progress(console) as show,
        open_runner(
            backends=plan.backends,
            storage=plan.storage,
            ledger=plan.ledger,
            settings=plan.settings,
            observer=_call_both(show, record.observe),
            clip_key=plan.storage.key,
            spool=plan.options.out / SPOOL,
        ) as runner,
        record.updating(),
    ):
        await record.create([prompt.clip_index for prompt in plan.prompts.clip_prompts])
        return await runner.process(
            plan.job_id,
            plan.prompts,
            budget=plan.options.budget,
            min_clips=plan.options.min_clips,
            redo=plan.options.redo,
        )


def _call_both(
    first: Callable[[Event], None], second: Callable[[Event], None]
) -> Callable[[Event], None]:
    def observe(event: Event) -> None:
        first(event)
        second(event)

    return observe


async def _report_result(plan: Plan, record: ClipsFile, clips: Clips, console: Console) -> None:
    """Print the outcome, and write it to `clips.json`.

    Raises:
        StorageError: a clip or `clips.json` could not be written.
    """
    table = outcome_table(clips, plan.storage.location)
    if plan.options.json:
        print_raw(to_json(clips, indent=2))
        console.print(table)
    else:
        stdout_console().print(table)
    await record.write(clips)
    if plan.storage.failure is not None:
        raise plan.storage.failure


async def _report_interruption(plan: Plan, record: ClipsFile, console: Console) -> None:
    clips = await record.current()
    if clips is None:
        return
    await record.write(clips)
    made, total = clips.successful_clips, clips.total_clips
    print_message(
        f"interrupted: {made} of {total} clips are in {plan.storage.location}; "
        f"run the same command again to make the {total - made} missing",
        console,
    )
