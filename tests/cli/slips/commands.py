"""`vgen` commands as processes that start at once, and may be stopped or killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

import certifi
import trio
from attrs import frozen

from tests.doors.programs import TIMEOUT, environment

END = "-----END CERTIFICATE-----"
"""One certificate is enough: reading all of them takes each command a tenth of a second."""


@frozen
class Command:
    """A running `vgen` command."""

    process: subprocess.Popen[str]
    number: int

    def send(self, number: signal.Signals) -> None:
        """Send a signal; one that has ended is not there any more."""
        try:
            os.kill(self.number, number)
        except ProcessLookupError:
            return

    async def code(self) -> int:
        """Wait for its end, and return its exit code: negative for a signal."""
        with trio.fail_after(TIMEOUT):
            return int(await _line(self.process))


@frozen
class Commands:
    """Starts commands in `folder`, one at a time, with environment variables of its own.

    What they print is added to `log`.
    """

    process: subprocess.Popen[str]
    folder: Path
    variables: Mapping[str, str]

    @property
    def log(self) -> Path:
        """What the commands have printed."""
        return self.folder / "log.txt"

    def note(self, text: str) -> None:
        """Add a line to the log."""
        with self.log.open("a", encoding="utf-8") as log:
            log.write(f"{text}\n")

    async def start(self, *arguments: str, in_environment: str = "development") -> Command:
        """Start `vgen` with these arguments, and `ENVIRONMENT`."""
        self.note(f"ENVIRONMENT={in_environment} vgen {' '.join(arguments)}")
        command = {
            "folder": str(self.folder),
            "arguments": arguments,
            "variables": {**self.variables, "ENVIRONMENT": in_environment},
            "log": str(self.log),
        }
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        return Command(self.process, int(await _line(self.process)))


async def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return await trio.to_thread.run_sync(process.stdout.readline, abandon_on_cancel=True)


@contextmanager
def forking(folder: Path) -> Generator[subprocess.Popen[str]]:
    """Start the program whose children are the commands; it ends with the block."""
    certificates = folder / "certificates.pem"
    certificates.write_text("".join(certifi.contents().partition(END)[:2]), "utf-8")
    with subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("forking.py"))],
        env=environment(COLUMNS="200", SSL_CERT_FILE=str(certificates)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            os.killpg(process.pid, signal.SIGKILL)
