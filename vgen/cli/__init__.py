"""The command line: `vgen generate`, `vgen probe`, `vgen backends`, `vgen ledger`."""

from __future__ import annotations

import sys

from vgen.cli.signals import leave_at_once


def main() -> int:
    """Run the command line with the arguments that the process was started with.

    Gives the process's exit code, one of `vgen.cli.exits.Exit`, and raises nothing on any mistake
    of the user's. A signal before there is something to tidy up ends the process there and then.
    """
    leave_at_once()
    from vgen.cli.app import run  # noqa: PLC0415 (its imports may be interrupted from here on)

    return run(sys.argv[1:])
