"""Does what a page shows, block after block: `reader.py PAGE < blocks.json`, in an empty folder."""

from __future__ import annotations

import doctest
import json
import subprocess
import sys
from contextlib import redirect_stdout
from io import StringIO
from typing import Any

CHECKER = doctest.OutputChecker()
SCREEN = sys.stdout
LOOSELY = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def read(page: str, blocks: list[tuple[int, str, str]]) -> None:
    """Run the blocks, each a line number, a language and a text; raise where one is not so."""
    names: dict[str, Any] = {"__name__": "__main__"}
    said = ""
    for line, language, text in blocks:
        if language == "python":
            said = python(page, line, text, names)
        elif language == "text":
            compare(page, line, text, said)
        elif language == "sh":
            shell(text)
        elif language == "console":
            console(page, line, text)


def python(page: str, line: int, text: str, names: dict[str, Any]) -> str:
    """Go on with the page's program; give what it has printed."""
    with redirect_stdout(Printed()) as printed:
        exec(compile("\n" * line + text, page, "exec"), names)  # noqa: S102 - our own page
    return printed.getvalue()


class Printed(StringIO):
    """Keeps what is printed, and prints it, also when the block is over."""

    def write(self, text: str, /) -> int:
        """Print it at once."""
        SCREEN.write(text)
        return super().write(text)


def shell(command: str) -> str:
    """Run a command, which must succeed; give all that it has printed."""
    done = subprocess.run(
        ["sh", "-euc", command],  # noqa: S607 - whichever shell the reader has
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    sys.stdout.write(done.stdout)
    done.check_returncode()
    return done.stdout


def console(page: str, line: int, text: str) -> None:
    """Run the commands after each `$`, and compare what follows them with what they print."""
    for session in text.split("$ ")[1:]:
        command, _, shown = session.partition("\n")
        compare(page, line, shown, shell(command))


def compare(page: str, line: int, shown: str, said: str) -> None:
    """Refuse an output that is not as shown: `...` is anything, a line of it any lines or none."""
    if not CHECKER.check_output(shown.replace("\n...\n", "...\n"), said, LOOSELY):
        raise AssertionError(f"{page}:{line}: shows\n{shown}\nbut it says\n{said}")


if __name__ == "__main__":
    read(sys.argv[1], json.load(sys.stdin))
