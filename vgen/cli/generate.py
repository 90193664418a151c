"""`vgen generate`: make clips from a prompts file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import aclosing
from uuid import UUID

import trio
from attrs import frozen
from rich.console import Console

from vgen import (
    Clips,
    Event,
    JobOpened,
    Observer,
    PromptsFile,
    Runner,
    Settings,
    open_runner,
    read_prompts,
    to_json,
)
from vgen.cli import plugins
from vgen.cli.adopt import adopt
from vgen.cli.clips_file import ClipsFile
from vgen.cli.console import print_message, print_raw, stderr_console, stdout_console
from vgen.cli.exit_codes import ExitCode
from vgen.cli.folder import Folder, check_folder, read_folder
from vgen.cli.generate_options import GenerateOptions
from vgen.cli.job_id import check_related
from vgen.cli.ledger_option import make_ledger
from vgen.cli.outcome import outcome_table
from vgen.cli.progress import show_progress
from vgen.cli.prompts_source import PromptsSource
from vgen.cli.signals import interruptible
from vgen.cli.storage_option import SPOOL, ClipStorage
from vgen.cli.terms import Terms, choose_terms, describe_terms
from vgen.drive.job.validation import check_prompts
from vgen.drive.media.images import Images
from vgen.drive.media.inspector import Inspector
from vgen.errors import BudgetExceededError, InsufficientClipsError, InvalidPromptsError
from vgen.ports.backend import VideoBackend
from vgen.ports.ledger import CostLedger
from vgen.records.money import ZERO

GRACE = 5.0
"""How long an interrupted command may take to write and report what was made, in seconds."""


@frozen
class Plan:
    """A job to be made; `folder` is what there is of it, `terms` are its route and its budget."""

    options: GenerateOptions
    folder: Folder
    file: PromptsFile
    terms: Terms
    backends: tuple[VideoBackend, ...]
    storage: ClipStorage
    ledger: CostLedger
    settings: Settings

    @property
    def job_id(self) -> UUID:
        """The job's id."""
        return self.folder.job_id


def generate(source: PromptsSource, options: GenerateOptions) -> ExitCode:
    """Make the clips and print the outcome.

    Raises:
        VgenError: bad input, over budget, stopped, or too few clips made.
    """
    # Blocking calls come first, while a signal still ends the process at once.
    settings = Settings.from_environment(
        os.environ, concurrency=options.concurrency, strict=options.strict
    )
    storage = ClipStorage(options.storage, options.out, images=[source.folder])
    ledger = make_ledger(options.ledger, options.out)
    file = _read_prompts(source, options.backends)
    folder = trio.run(read_folder, options, file.job_id)
    terms = choose_terms(options, folder.job.manifest if folder.job else None)
    backends, problems = plugins.make_route(terms.route)
    plan = Plan(options, folder, file, terms, tuple(backends), storage, ledger, settings)
    return trio.run(_generate, plan, problems)


def _read_prompts(source: PromptsSource, route: Sequence[str]) -> PromptsFile:
    try:
        return read_prompts(source.read(), source=str(source))
    except InvalidPromptsError as error:
        _, problems = plugins.make_route(route)
        raise InvalidPromptsError([*error.problems, *problems]) from error


async def _generate(plan: Plan, problems: Sequence[str]) -> ExitCode:
    """Make the clips; `problems` are those of the route."""
    console = stderr_console()

    def stopping() -> None:
        print_message("stopping; press Ctrl-C again to exit at once", console)

    code = ExitCode.INTERRUPTED
    async with interruptible(stopping):
        await _check(plan, problems)
        code = await _run(plan, console)
    return code  # noqa: RET504 (it stays INTERRUPTED after a signal)


async def _check(plan: Plan, problems: Sequence[str]) -> None:
    """Check everything without writing anything."""
    wrong = await check_prompts(
        plan.file,
        backends=plan.backends,
        images=Images(plan.storage, Inspector(), backoff=0),
        min_clips=plan.options.min_clips,
        is_new=plan.folder.job is None,
    )
    if wrong or problems:
        raise InvalidPromptsError([*wrong, *problems])
    await check_folder(
        plan.folder,
        plan.file.readable,
        plan.storage,
        plan.options,
        adopt=plan.options.adopt,
    )
    job = plan.folder.job
    if job is not None and plan.options.job_id is None and plan.file.job_id is None:
        check_related(plan.file.readable, job, plan.options.out)


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
            observer=_call_all(_tell_terms(plan, console), show, record.observe),
            clip_key=plan.storage.key,
            spool=plan.options.out / SPOOL,
        ) as runner,
        record.updating(),
    ):
        if plan.folder.unknown:
            await _adopt(plan, runner, console)
        await record.create([prompt.clip_index for prompt in plan.file.readable])
        return await runner.process(
            plan.job_id,
            plan.file.prompts(),
            budget=plan.terms.budget,
            min_clips=plan.options.min_clips,
            redo=plan.options.redo,
            fall_back_on=plan.options.fall_back_on,
            rerolls=plan.options.rerolls,
        )


async def _adopt(plan: Plan, runner: Runner, console: Console) -> None:
    budget, spent, asked = plan.terms.budget, plan.folder.spent, plan.folder.unknown_paid
    if spent + asked > budget:
        raise BudgetExceededError(limit=budget, spent=spent, held=ZERO, asked=asked)
    manifest = await runner.open_job(
        plan.job_id,
        plan.file.prompts(),
        budget=plan.terms.budget,
        min_clips=plan.options.min_clips,
    )
    line = await adopt(
        manifest,
        plan.folder.unknown,
        plan.folder.job,
        backend=plan.backends[0],
        ledger=plan.ledger,
        storage=plan.storage,
    )
    print_message(line, console)


def _tell_terms(plan: Plan, console: Console) -> Observer:
    """Return an observer that says how this run has changed the job, when that is written down."""
    job = plan.folder.job
    lines = [describe_terms(plan.options, job.manifest, plan.terms)] if job else []

    def observe(event: Event) -> None:
        while lines and isinstance(event, JobOpened):
            if line := lines.pop():
                print_message(line, console)

    return observe


def _call_all(*observers: Observer) -> Observer:
    def observe(event: Event) -> None:
        for each in observers:
            each(event)

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
