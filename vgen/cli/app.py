"""The commands and their options, as cyclopts reads them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from importlib.metadata import version
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated
from uuid import UUID

from cyclopts import App, CycloptsError, Parameter, Token

from vgen.cli.exits import Exit, exit_for, lines_of
from vgen.cli.screen import complain, flush, on_stdout
from vgen.cli.wish import Wish
from vgen.errors import VgenError

CLIPS = Path("clips")

Ledger = Annotated[str | None, Parameter(name="--ledger", metavar="URL")]
Storage = Annotated[str | None, Parameter(name="--storage", metavar="URL")]


def _version() -> str:
    return f"vgen {version('vgen')}"


app = App(
    name="vgen",
    help="Make video clips from clip prompts: many at once, on pluggable models, in a budget.",
    version=_version,
    help_format="plaintext",
    result_action="return_value",
)


def _no_option(_kind: object, value: str) -> None:
    if value.startswith("-") and value != "-":
        raise ValueError("There is no such option; a file of that name is ./" + value)


def _dollars(_kind: object, tokens: Sequence[Token]) -> Decimal:
    try:
        amount = Decimal(tokens[0].value)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount < 0:
        raise ValueError(f"must be US dollars, at least 0, got {tokens[0].value!r}")
    return amount


@app.command(sort_key=1)
def generate(  # noqa: PLR0913 (each is an option)
    prompts: Annotated[str, Parameter(allow_leading_hyphen=True, validator=_no_option)],
    /,
    *,
    out: Path = CLIPS,
    backend: Annotated[
        tuple[str, ...], Parameter(negative="", show_default=", ".join, metavar="NAME")
    ] = ("animatic",),
    budget: Annotated[Decimal, Parameter(converter=_dollars, metavar="USD")] = Decimal(0),
    min_clips: Annotated[int, Parameter(metavar="N")] = 3,
    concurrency: Annotated[int | None, Parameter(metavar="N")] = None,
    ledger: Ledger = None,
    storage: Storage = None,
    job_id: UUID | None = None,
    redo: Annotated[tuple[int, ...], Parameter(negative="", metavar="INDEX")] = (),
    json: Annotated[bool, Parameter(negative="", show_default=False)] = False,
) -> int:
    """Make the clips of a prompts file.

    The same command again finishes the job: it makes the clips that are missing,
    or whose prompt was edited, and keeps the others. The clips are OUT/clip_000.mp4
    and so on; OUT/clips.json says what is there.

    Parameters
    ----------
    prompts
        JSON with clip_prompts, each with clip_index, prompt and duration; - reads standard input.
    out
        Directory for the clips; one job to a directory.
    backend
        What makes the clips; given several times, the first choice and then its fallbacks.
    budget
        The most that the job may spend, in US dollars; without it only free backends work.
    min_clips
        How many clips must come of it for the job to count as done.
    concurrency
        How many clips are in the making at once.
    ledger
        Where jobs and money are written down: a path, sqlite:PATH, or a plug-in's URL, such as
        postgresql://... or supabase: [default: OUT/vgen.db]
    storage
        Where the clips go: a plug-in's URL, such as supabase://BUCKET. [default: OUT]
    job_id
        The job's id, where the file gives none. [default: that of the job in OUT, or a new one]
    redo
        A clip to make anew though it is there, by its index; again for each.
    json
        Print the record of the clips, as JSON and alone, on standard output.
    """
    from vgen.cli import generate as command  # noqa: PLC0415 (help comes without it)

    return command.generate(
        Wish(
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
            json,
        )
    )


@app.command(sort_key=2)
def probe(files: Annotated[tuple[Path, ...], Parameter(json_list=False)], /) -> int:
    """Say what each clip really is, and what is wrong with it.

    Parameters
    ----------
    files
        MP4, QuickTime, Matroska or WebM files.
    """
    from vgen.cli import probe as command  # noqa: PLC0415 (help comes without it)

    return command.probe(files)


@app.command(sort_key=3)
def backends() -> int:
    """List the backends that are installed: what each can do, and what it costs."""
    from vgen.cli import offers as command  # noqa: PLC0415 (help comes without it)

    return command.backends()


_ledger = App(name="ledger", help="Say where the money went.", sort_key=4, help_format="plaintext")
app.command(_ledger)


@_ledger.default
def ledger(
    job: str | None = None,
    /,
    *,
    ledger: Ledger = None,
    out: Path = CLIPS,
) -> int:
    """Say where the money went: of all jobs, or of one, attempt by attempt.

    Parameters
    ----------
    job
        The job's id, or its beginning.
    ledger
        A path, sqlite:PATH, or a plug-in's URL. [default: OUT/vgen.db]
    out
        The directory whose ledger is shown.
    """
    from vgen.cli import money as command  # noqa: PLC0415 (help comes without it)

    return command.ledger(ledger, out, job)


@_ledger.command
def unsettled(*, ledger: Ledger = None, out: Path = CLIPS) -> int:
    """List the attempts that were sent and have not ended, or may not have been sent.

    Those that are in flight now are among them.

    Parameters
    ----------
    ledger
        A path, sqlite:PATH, or a plug-in's URL. [default: OUT/vgen.db]
    out
        The directory whose ledger is meant.
    """
    from vgen.cli import orphans as command  # noqa: PLC0415 (help comes without it)

    return command.unsettled(ledger, out)


@_ledger.command
def reconcile(
    job: str | None = None, /, *, ledger: Ledger = None, storage: Storage = None, out: Path = CLIPS
) -> int:
    """Ask the providers after what was left open: settle, store or release it.

    Exits with 1 while something is still open.

    Parameters
    ----------
    job
        The job's id, or its beginning. [default: all jobs]
    ledger
        A path, sqlite:PATH, or a plug-in's URL. [default: OUT/vgen.db]
    storage
        Where the clips go: a plug-in's URL. [default: OUT]
    out
        The directory whose ledger is meant, and where clips go.
    """
    from vgen.cli import orphans as command  # noqa: PLC0415 (help comes without it)

    return command.reconcile(ledger, storage, out, job)


@_ledger.command
def resolve(
    attempt: UUID,
    /,
    *,
    paid: Annotated[bool, Parameter(negative="--unpaid")],
    ledger: Ledger = None,
    out: Path = CLIPS,
) -> int:
    """Say of an attempt in doubt, or written off, whether it was paid.

    What was paid counts as spent with its whole hold; the money of what was not is free again.

    Parameters
    ----------
    attempt
        Its id, as `vgen ledger unsettled` shows it.
    paid
        Whether the provider has billed it.
    ledger
        A path, sqlite:PATH, or a plug-in's URL. [default: OUT/vgen.db]
    out
        The directory whose ledger is meant.
    """
    from vgen.cli import orphans as command  # noqa: PLC0415 (help comes without it)

    return command.resolve(ledger, out, attempt, paid=paid)


@app.command(sort_key=5)
def cancel(
    job: str, /, *, ledger: Ledger = None, storage: Storage = None, out: Path = CLIPS
) -> int:
    """Stop a job wherever it runs, and cancel what is open of it at its providers.

    What a job has made is kept; `vgen generate` finishes it.

    Parameters
    ----------
    job
        The job's id, or its beginning.
    ledger
        A path, sqlite:PATH, or a plug-in's URL. [default: OUT/vgen.db]
    storage
        Where the clips go: a plug-in's URL. [default: OUT]
    out
        The directory whose ledger is meant, and where clips go.
    """
    from vgen.cli import orphans as command  # noqa: PLC0415 (help comes without it)

    return command.cancel(ledger, storage, out, job)


@_ledger.command
def migrate(
    *,
    ledger: Annotated[str, Parameter(metavar="URL")] = "postgresql://",
    apply: Annotated[bool, Parameter(negative="", show_default=False)] = False,
) -> int:
    """Print the SQL that makes the tables of a ledger in a database, or apply it.

    To apply it again changes nothing.

    Parameters
    ----------
    ledger
        The database: postgresql://... or another plug-in's URL.
    apply
        Apply it instead of printing it.
    """
    from vgen.cli import money as command  # noqa: PLC0415 (help comes without it)

    return command.migrate(ledger, apply=apply)


def run(arguments: Sequence[str]) -> int:
    """Run one command; gives its exit code, and writes what is wrong to standard error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    code: int | None
    try:
        code = app(arguments, console=on_stdout(), exit_on_error=False, print_error=False)
    except CycloptsError as error:
        complain(str(error))
        code = Exit.BAD_INPUT
    except (VgenError, OSError) as error:
        for line in lines_of(error):
            complain(line)
        code = exit_for(error)
    flush()
    return int(code or Exit.DONE)
