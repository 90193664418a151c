"""Standard output and standard error, which may be closed at any time."""

from __future__ import annotations

import os
import sys
from typing import IO

from rich.console import Console
from rich.text import Text

from vgen.cli.text import plain


class Screen(Console):
    """A console whose reader may leave: what it would have read is then dropped."""

    def on_broken_pipe(self) -> None:
        """Go on without a reader: the command's work does not depend on one."""
        drop(self.file)
        self.quiet = True


def drop(stream: IO[str]) -> None:
    """Lead a stream whose reader has left into nothing."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, stream.fileno())
    os.close(nothing)


def flush() -> None:
    """Write out what standard output still holds, where there is somebody to read it."""
    if sys.stdout is not None:
        try:
            sys.stdout.flush()
        except BrokenPipeError:
            drop(sys.stdout)


def on_stdout() -> Screen:
    """Give a console for results."""
    return Screen(highlight=False)


def on_stderr() -> Screen:
    """Give a console for all else."""
    return Screen(stderr=True, highlight=False)


def complain(line: str, screen: Console | None = None) -> None:
    """Write one line about what is wrong to standard error, however wide that is."""
    text = Text.assemble(("vgen:", "bold red"), " ", plain(line))
    (screen or on_stderr()).print(text, soft_wrap=True)


def put(text: str) -> None:
    """Write a result for another program to standard output as it is, and a line end."""
    on_stdout().out(text)
