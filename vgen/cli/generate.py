"""`vgen generate`: make clips from a prompts file."""

from __future__ import annotations

from contextlib import aclosing

import trio
from rich.console import Console

from vgen import Clips, Event, JobOpened, JobPlan, Observer, Runner, open_runner, to_json
from vgen.cli.adopt import adopt
from vgen.cli.clips_file import ClipsFile
from vgen.cli.console import print_message, print_raw, stderr_console, stdout_console
from vgen.cli.estimates import job_line, warnings
from vgen.cli.exit_codes import ExitCode
from vgen.cli.generate_options import GenerateOptions
from vgen.cli.outcome import outcome_table
from vgen.cli.prepared_job import PreparedJob, check, plan_of, prepare
from vgen.cli.progress import show_progress
from vgen.cli.prompts_source import PromptsSource
from vgen.cli.signals import interruptible
from vgen.cli.storage_option import SPOOL
from vgen.cli.terms import describe_terms
from vgen.cli.text import dollars
from vgen.errors import BudgetExceededError, InsufficientClipsError
from vgen.records.money import ZERO

GRACE = 5.0
"""How long an interrupted command may take to write and report what was made, in seconds."""


def generate(source: PromptsSource, options: GenerateOptions) -> ExitCode:
    """Make the clips and print the outcome.

    Raises:
        VgenError: bad input, over budget, stopped, or too few clips made.
    """
    job = prepare(source, options, strict=options.strict)
    return trio.run(_generate, job, options)


async def _generate(job: PreparedJob, options: GenerateOptions) -> ExitCode:
    console = stderr_console()

    def stopping() -> None:
        print_message("stopping; press Ctrl-C again to exit at once", console)

    code = ExitCode.INTERRUPTED
    async with interruptible(stopping), aclosing(job.ledger):
        plan = await _plan(job, adopt=options.adopt)
        code = await _run(job, plan, console, json=options.json)
    return code  # noqa: RET504 (it stays INTERRUPTED after a signal)


async def _plan(job: PreparedJob, *, adopt: bool) -> JobPlan | None:
    """Check the job, and plan it, unless clips are to be adopted first."""
    images = await check(job, adopt=adopt)
    return None if job.folder.unknown else await plan_of(job, images, job.terms.budget)


async def _run(job: PreparedJob, plan: JobPlan | None, console: Console, *, json: bool) -> ExitCode:
    record = ClipsFile(job.options.out, job.job_id, job.ledger, job.storage)
    try:
        clips = await _process(job, plan, record, console)
    except InsufficientClipsError as error:
        await _report_result(job, record, error.clips, console, json=json)
        raise
    except trio.Cancelled:
        with trio.move_on_after(GRACE, shield=True):
            await _report_interruption(job, record, console)
        raise
    await _report_result(job, record, clips, console, json=json)
    return ExitCode.DONE


async def _process(
    job: PreparedJob, plan: JobPlan | None, record: ClipsFile, console: Console
) -> Clips:
    async with (
        show_progress(console) as show,
        open_runner(
            backends=job.backends,
            storage=job.storage,
            ledger=job.ledger,
            settings=job.settings,
            observer=_call_all(show, record.observe),
            clip_key=job.storage.key,
            spool=job.options.out / SPOOL,
        ) as runner,
        record.updating(),
    ):
        if plan is None:
            plan = await _adopt(job, runner, console)
        await record.create([prompt.clip_index for prompt in job.file.readable])
        observer, keywords = _tell(job, plan, console), job.keywords(job.terms.budget)
        return await runner.process(job.job_id, job.file.prompts(), observer=observer, **keywords)


async def _adopt(job: PreparedJob, runner: Runner, console: Console) -> JobPlan:
    """Write down what `clips.json` has as paid; return what is then to be made."""
    budget, spent, asked = job.terms.budget, job.folder.spent, job.folder.unknown_paid
    if spent + asked > budget:
        raise BudgetExceededError(limit=budget, spent=spent, held=ZERO, asked=asked)
    manifest = await runner.open_job(
        job.job_id, job.file.prompts(), budget=budget, min_clips=job.min_clips
    )
    line = await adopt(
        manifest,
        job.folder.unknown,
        job.folder.job,
        backend=job.backends[0],
        ledger=job.ledger,
        storage=job.storage,
    )
    print_message(line, console)
    return await runner.plan(job.file.prompts(), job_id=job.job_id, **job.keywords(budget))


def _tell(job: PreparedJob, plan: JobPlan, console: Console) -> Observer:
    """Return an observer that tells of the job when it is written down.

    It says how this run has changed the job, and what the clips will probably cost and take.
    """
    before = job.folder.job
    changed = describe_terms(job.options, before.manifest, job.terms) if before else ""

    def observe(event: Event) -> None:
        if isinstance(event, JobOpened):
            if changed:
                print_message(changed, console)
            if line := job_line(plan):
                console.print(f"job: {line}", markup=False, soft_wrap=True)
            for warning in warnings(plan, tolerance=job.settings.tolerance):
                console.print(f"job: {warning}", style="yellow", markup=False, soft_wrap=True)

    return observe


def _call_all(*observers: Observer) -> Observer:
    def observe(event: Event) -> None:
        for each in observers:
            each(event)

    return observe


async def _report_result(
    job: PreparedJob, record: ClipsFile, clips: Clips, console: Console, *, json: bool
) -> None:
    """Print the outcome, and write it to `clips.json`.

    Raises:
        StorageError: a clip or `clips.json` could not be written.
    """
    before = job.folder.job
    stored = {attempt.clip.sha256 for attempt in before.attempts if attempt.clip} if before else ()
    spent = before.account.spent if before else ZERO
    table = outcome_table(clips, job.storage.location, before=spent, kept=stored)
    if json:
        print_raw(to_json(clips, indent=2))
        console.print(table)
    else:
        stdout_console().print(table)
    await record.write(clips)
    if job.storage.failure is not None:
        raise job.storage.failure


async def _report_interruption(job: PreparedJob, record: ClipsFile, console: Console) -> None:
    clips = await record.current()
    if clips is None:
        return
    await record.write(clips)
    made, total = clips.successful_clips, clips.total_clips
    cost = f", {dollars(clips.total_cost)} spent" if clips.total_cost else ""
    print_message(
        f"interrupted: {made} of {total} clips are in {job.storage.location}{cost}; "
        f"run the same command again to make the {total - made} missing",
        console,
    )
