"""The command line: `vgen generate`, `vgen probe`, `vgen backends`, `vgen ledger`."""

from __future__ import annotations

import sys

from vgen.cli.signals import exit_on_signal


def main() -> int:
    """Run the command line with the process's arguments, and return its exit code.

    The code is one of `vgen.cli.exit_codes.ExitCode`; user errors are printed, not raised. While
    there is nothing to clean up, SIGINT and SIGTERM end the process at once.
    """
    exit_on_signal()
    from vgen.cli.app import run  # noqa: PLC0415 (its imports may be interrupted from here on)

    return run(sys.argv[1:])
