"""The commands and their options, declared for cyclopts, which also makes the help."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from decimal import Decimal
from importlib.metadata import version
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated
from uuid import UUID

from cyclopts import App, CycloptsError, Parameter

from vgen.cli.arguments import check_no_option, to_dollars
from vgen.cli.console import PipeSafeConsole, flush_stdout, print_message
from vgen.cli.exit_codes import ExitCode, error_lines, exit_code_for
from vgen.cli.generate_options import GenerateOptions
from vgen.errors import VgenError
from vgen.records.fallback import ANY_REASON, FallBackReason
from vgen.records.job import REROLLS

CLIPS = Path("clips")

Ledger = Annotated[str | None, Parameter(name="--ledger", metavar="URL")]
Storage = Annotated[str | None, Parameter(name="--storage", metavar="URL")]
Flag = Annotated[bool, Parameter(negative="", show_default=False)]


def _version() -> str:
    return f"vgen {version('vgen')}"


app = App(
    name="vgen",
    help="Make video clips from clip prompts: many at once, on pluggable models, within a budget.",
    version=_version,
    help_format="plaintext",
    result_action="return_value",
)


@app.command(sort_key=1)
def generate(  # noqa: PLR0913 (each is an option)
    prompts: Annotated[str, Parameter(allow_leading_hyphen=True, validator=check_no_option)],
    /,
    *,
    out: Path = CLIPS,
    backend: Annotated[
        tuple[str, ...], Parameter(negative="", show_default=False, metavar="NAME")
    ] = (),
    budget: Annotated[Decimal | None, Parameter(converter=to_dollars, metavar="USD")] = None,
    min_clips: Annotated[int, Parameter(metavar="N")] = 3,
    concurrency: Annotated[int | None, Parameter(metavar="N")] = None,
    ledger: Ledger = None,
    storage: Storage = None,
    job_id: UUID | None = None,
    redo: Annotated[
        tuple[int, ...], Parameter(negative="", show_default=False, metavar="INDEX")
    ] = (),
    strict: Flag = False,
    adopt: Flag = False,
    fall_back_on: Annotated[
        tuple[FallBackReason, ...],
        Parameter(negative="", show_default=False, metavar="REASON"),
    ] = ANY_REASON,
    rerolls: Annotated[int, Parameter(metavar="N")] = REROLLS,
    json: Flag = False,
) -> int:
    """Make the clips of a prompts file.

    Run the same command again to finish a job: it makes the clips that are missing,
    or whose prompt was edited, and keeps the others. The clips are OUT/clip_000.mp4
    and so on; OUT/clips.json describes them.

    Parameters
    ----------
    prompts
        JSON with clip_prompts, each with clip_index, prompt and duration; - reads standard input.
    out
        Directory for the clips; it holds one job.
    backend
        Backend that makes the clips; repeat it to name fallbacks, in order.
        [default: those of the job's last run, for a new job animatic]
    budget
        The most that the job may spend, in US dollars; with 0, only free backends can be used.
        [default: that of the job's last run, for a new job 0]
    min_clips
        How many clips must be made for the job to succeed.
    concurrency
        How many clips are made at once. [default: from the environment, else 3]
    ledger
        Ledger of jobs and money: a path, sqlite:PATH, or a plug-in's URL. [default: OUT/vgen.db]
    storage
        Storage for the clips: a plug-in's URL, such as supabase://BUCKET. [default: OUT]
    job_id
        The job's id, if the file has none. [default: that of the job in OUT, or a new one]
    redo
        Index of a clip to make again though it exists; repeat it for more.
    strict
        Count a clip with any fault as failed, and make it again, instead of only reporting it.
    adopt
        Write the paid clips of OUT/clips.json that the ledger does not know down, and keep them.
    fall_back_on
        Reason to go on with the next backend; repeat it for more. [default: all of them]
    rerolls
        How often a clip is made anew that the provider's filter has refused.
    json
        Print only the contents of OUT/clips.json on standard output.
    """
    from vgen.cli import generate as command  # noqa: PLC0415 (not needed for help)

    return command.generate(
        GenerateOptions(
            prompts,
            out,
            backend,
            budget,
            min_clips,
            concurrency,
            ledger,
            storage,
            job_id,
            redo,
            strict,
            adopt,
            fall_back_on,
            rerolls,
            json,
        )
    )


@app.command(sort_key=2)
def probe(
    files: Annotated[tuple[Path, ...], Parameter(json_list=False)],
    /,
    *,
    strict: Flag = False,
) -> int:
    """Inspect video files, and report what is wrong with them.

    Exits with 1 if a file is useless.

    Parameters
    ----------
    files
        MP4, QuickTime, Matroska or WebM files.
    strict
        Exit with 1 if a file has any fault.
    """
    from vgen.cli import probe as command  # noqa: PLC0415 (not needed for help)

    return command.probe(files, strict=strict)


@app.command(sort_key=3)
def backends() -> int:
    """List the installed backends: what each can do, and what it costs."""
    from vgen.cli import backends as command  # noqa: PLC0415 (not needed for help)

    return command.backends()


_ledger = App(
    name="ledger",
    help="Show what jobs have cost, and settle attempts that were left open.",
    sort_key=4,
    help_format="plaintext",
)
app.command(_ledger)


@_ledger.default
def ledger(
    job: str | None = None,
    /,
    *,
    ledger: Ledger = None,
    out: Path = CLIPS,
) -> int:
    """Show what jobs have cost: all jobs, or one of them attempt by attempt.

    Parameters
    ----------
    job
        The job's id, or the start of it.
    ledger
        A path, sqlite:PATH, or a plug-in's URL. [default: OUT/vgen.db]
    out
        Directory of the ledger, if --ledger is not given.
    """
    from vgen.cli import ledger as command  # noqa: PLC0415 (not needed for help)

    return command.ledger(ledger, out, job)


@_ledger.command
def unsettled(*, ledger: Ledger = None, out: Path = CLIPS) -> int:
    """List the attempts that were, or may have been, sent and are not settled.

    Attempts that are in flight now are among them.

    Parameters
    ----------
    ledger
        A path, sqlite:PATH, or a plug-in's URL. [default: OUT/vgen.db]
    out
        Directory of the ledger, if --ledger is not given.
    """
    from vgen.cli import unsettled as command  # noqa: PLC0415 (not needed for help)

    return command.unsettled(ledger, out)


@_ledger.command
def reconcile(
    job: str | None = None, /, *, ledger: Ledger = None, storage: Storage = None, out: Path = CLIPS
) -> int:
    """Ask the providers about unsettled attempts: settle, store or release them.

    Exits with 1 if one of them is still unsettled.

    Parameters
    ----------
    job
        The job's id, or the start of it. [default: all jobs]
    ledger
        A path, sqlite:PATH, or a plug-in's URL. [default: OUT/vgen.db]
    storage
        Storage for the clips: a plug-in's URL. [default: OUT]
    out
        Directory of the ledger and the clips, if --ledger or --storage is not given.
    """
    from vgen.cli import unsettled as command  # noqa: PLC0415 (not needed for help)

    return command.reconcile(ledger, storage, out, job)


@_ledger.command
def resolve(
    attempt: str,
    /,
    *,
    paid: Flag = False,
    unpaid: Flag = False,
    lost: Flag = False,
    ledger: Ledger = None,
    out: Path = CLIPS,
) -> int:
    """Close an attempt that is not closed, on your word; its clip can be made again.

    What was billed counts as spent, or all that was held for it if the bill is not
    known; with --unpaid, that money is released. Of an attempt that was written off
    or lost you may still say --unpaid.

    Parameters
    ----------
    attempt
        The attempt's id, or the start of it: see `vgen ledger JOB` and `unsettled`.
    paid
        The provider has billed it.
    unpaid
        The provider has not billed it.
    lost
        Its clip can no longer be had.
    ledger
        A path, sqlite:PATH, or a plug-in's URL. [default: OUT/vgen.db]
    out
        Directory of the ledger, if --ledger is not given.
    """
    from vgen.cli import unsettled as command  # noqa: PLC0415 (not needed for help)

    return command.resolve(ledger, out, attempt, paid=paid, unpaid=unpaid, lost=lost)


@app.command(sort_key=5)
def cancel(
    job: str, /, *, ledger: Ledger = None, storage: Storage = None, out: Path = CLIPS
) -> int:
    """Stop a job, in whichever process it runs, and cancel its unsettled attempts.

    The clips that it has made are kept; `vgen generate` finishes the job.

    Parameters
    ----------
    job
        The job's id, or the start of it.
    ledger
        A path, sqlite:PATH, or a plug-in's URL. [default: OUT/vgen.db]
    storage
        Storage for the clips: a plug-in's URL. [default: OUT]
    out
        Directory of the ledger and the clips, if --ledger or --storage is not given.
    """
    from vgen.cli import unsettled as command  # noqa: PLC0415 (not needed for help)

    return command.cancel(ledger, storage, out, job)


@app.command(sort_key=6)
def takes(
    job: str = "", /, *, ledger: Ledger = None, storage: Storage = None, out: Path = CLIPS
) -> int:
    """List the takes of each clip: all that were stored, and which of them is the clip.

    Parameters
    ----------
    job
        The job's id, or the start of it. [default: the newest]
    ledger
        A path, sqlite:PATH, or a plug-in's URL. [default: OUT/vgen.db]
    storage
        Storage for the clips: a plug-in's URL. [default: OUT]
    out
        Directory of the ledger and the clips, if --ledger or --storage is not given.
    """
    from vgen.cli import takes as command  # noqa: PLC0415 (not needed for help)

    return command.takes(ledger, storage, out, job)


@app.command(sort_key=7)
def choose(
    job: str,
    clip_index: int,
    take: int,
    /,
    *,
    ledger: Ledger = None,
    storage: Storage = None,
    out: Path = CLIPS,
) -> int:
    """Make another take the clip: its file takes the place of the clip's.

    Parameters
    ----------
    job
        The job's id, or the start of it.
    clip_index
        The clip's index.
    take
        The take's number, from `vgen takes`.
    ledger
        A path, sqlite:PATH, or a plug-in's URL. [default: OUT/vgen.db]
    storage
        Storage for the clips: a plug-in's URL. [default: OUT]
    out
        Directory of the ledger and the clips, if --ledger or --storage is not given.
    """
    from vgen.cli import takes as command  # noqa: PLC0415 (not needed for help)

    return command.choose(ledger, storage, out, job, clip_index, take)


@_ledger.command
def migrate(
    *,
    ledger: Annotated[str, Parameter(metavar="URL")] = "postgresql://",
    apply: Flag = False,
) -> int:
    """Print the SQL that creates a ledger's tables in a database, or run it.

    Running it again changes nothing.

    Parameters
    ----------
    ledger
        The database: postgresql://... or another plug-in's URL.
    apply
        Run it instead of printing it.
    """
    from vgen.cli import ledger as command  # noqa: PLC0415 (not needed for help)

    return command.migrate(ledger, apply=apply)


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code; errors are printed to standard error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    code: int | None
    try:
        code = app(
            arguments,
            console=PipeSafeConsole(highlight=False),
            exit_on_error=False,
            print_error=False,
        )
    except CycloptsError as error:
        print_message(str(error))
        code = ExitCode.BAD_INPUT
    except (VgenError, OSError) as error:
        for line in error_lines(error):
            print_message(line)
        code = exit_code_for(error)
    flush_stdout()
    return int(code or ExitCode.DONE)
