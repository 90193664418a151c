"""Standard output and standard error, which may be closed at any time."""

from __future__ import annotations

import os
import sys
from typing import IO

from rich.console import Console
from rich.text import Text

from vgen.cli.text import escaped

UNLIMITED = 100_000
"""The width where there is no terminal: each row of a table is one line, as `grep` wants it."""


class PipeSafeConsole(Console):
    """A console that discards its output once the reader has closed the pipe."""

    def on_broken_pipe(self) -> None:
        """Discard output from now on, instead of exiting as rich does."""
        redirect_to_devnull(self.file)
        self.quiet = True


def redirect_to_devnull(stream: IO[str]) -> None:
    """Redirect a stream's file descriptor to the null device."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, stream.fileno())
    os.close(null)


def flush_stdout() -> None:
    """Flush standard output; ignore a closed pipe."""
    if sys.stdout is not None:
        try:
            sys.stdout.flush()
        except BrokenPipeError:
            redirect_to_devnull(sys.stdout)


def stdout_console() -> PipeSafeConsole:
    """Return a console for results."""
    return _console(stderr=False)


def stderr_console() -> PipeSafeConsole:
    """Return a console for progress and messages."""
    return _console(stderr=True)


def _console(*, stderr: bool) -> PipeSafeConsole:
    console = PipeSafeConsole(stderr=stderr, highlight=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = UNLIMITED
    return console


def print_message(line: str, console: Console | None = None) -> None:
    """Print a message, with the prefix `vgen: `, as one unwrapped line to standard error."""
    text = Text.assemble(("vgen:", "bold red"), " ", escaped(line))
    (console or stderr_console()).print(text, soft_wrap=True)


def print_raw(text: str) -> None:
    """Print a result for another program to standard output, without any formatting."""
    stdout_console().out(text)
