"""The command line: its commands, in the order of the help, and how one is run."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.metadata import version
from io import TextIOWrapper

from cyclopts import App, CycloptsError

from vgen.cli import book_commands, clip_commands
from vgen.cli.console import PipeSafeConsole, flush_stdout, print_message
from vgen.cli.exit_codes import ExitCode, error_lines, exit_code_for
from vgen.errors import VgenError


def _version() -> str:
    return f"vgen {version('vgen')}"


app = App(
    name="vgen",
    help="Make video clips from clip prompts: many at once, on pluggable models, within a budget.",
    version=_version,
    help_format="plaintext",
    result_action="return_value",
)
app.command(clip_commands.generate, sort_key=1)
app.command(clip_commands.plan, sort_key=2)
app.command(clip_commands.probe, sort_key=3)
app.command(clip_commands.backends, sort_key=4)
app.command(book_commands.jobs, sort_key=5)
app.command(book_commands.ledger_app)
app.command(clip_commands.cancel, sort_key=7)
app.command(clip_commands.takes, sort_key=8)
app.command(clip_commands.choose, sort_key=9)


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
