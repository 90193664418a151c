"""A program whose child processes run `vgen`, all imports made: each may be stopped or killed.

Each line of standard input is a command, as JSON. Two lines are printed for it: the child's process
id, and, once that has ended, its exit code, negative for a signal.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from importlib import import_module
from pathlib import Path
from typing import Any

from vgen.cli import main
from vgen.drive.attempt import held_claim
from vgen.drive.clip import claims

IMPORTS = (
    *("httpcore", "rich.progress", "vgen.cli.app", "vgen.cli.generate"),
    *("vgen_animatic.backend", "vgen_replicate.backend"),
)
"""What the children would import, each of them anew."""

LEASE = 1.0
"""How long a claim lasts, in seconds: a process that is stopped for longer has a successor."""


def child(command: dict[str, Any]) -> int:
    """Run `vgen` in this child process, and return its exit code."""
    os.chdir(command["folder"])
    os.environ.update(command["variables"])
    with Path(command["log"]).open("ab", buffering=0) as log:
        for stream in (1, 2):
            os.dup2(log.fileno(), stream)
    sys.argv = ["vgen", *command["arguments"]]
    try:
        return main()
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else 1
    except BaseException:  # noqa: BLE001 (of any kind: the log has it)
        traceback.print_exc()
        return -1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


def run(command: dict[str, Any]) -> None:
    """Run one command in a child process."""
    number = os.fork()
    if number == 0:
        code = 99
        try:
            code = child(command)
        finally:
            os._exit(code & 0xFF)
    print(number, flush=True)  # noqa: T201 (the answer)
    _, status = os.waitpid(number, 0)
    print(os.waitstatus_to_exitcode(status), flush=True)  # noqa: T201 (the answer)


if __name__ == "__main__":
    for module_name in IMPORTS:
        import_module(module_name)
    for module in (held_claim, claims):
        setattr(module, "LEASE", LEASE)  # noqa: B010 (mypy takes it for an import of `claims`)
    held_claim.SPARE = LEASE / 3
    for line in sys.stdin:
        run(json.loads(line))
