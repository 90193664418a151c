"""The services of the page on embedding as real processes, on its files or on a silent provider."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from uuid import UUID

import trio
from attrs import frozen

from vgen import SQLiteLedger
from vgen.abc import Job

from .files import write_files

PAGE = "docs/embedding.md"
PATIENCE = 60.0
"""How long anything may take, in seconds."""

FOREIGN = ("BROKER", "CELERY", "CLIPS", "DJANGO", "ENVIRONMENT", "RESULTS", "VIDEO_GEN")
"""Variables that must not reach a program."""

SILENT = '''
"""What a runner is opened on where the provider takes every clip in and makes none."""

from decimal import Decimal
from pathlib import Path

import vgen
from vgen.testing import FakeBackend, Hang, MemoryStorage


def note(what):
    with Path("notes").open("a", encoding="utf-8") as file:
        file.write(what + chr(10))


class Silent(FakeBackend):
    async def submit(self, prepared, attempt_id):
        ticket = await super().submit(prepared, attempt_id)
        note("submitted")
        return ticket

    async def cancel(self, ticket):
        status = await super().cancel(ticket)
        note("cancelled")
        return status

    async def aclose(self):
        note("closed")
        await super().aclose()


def parts():
    return {
        "backends": [Silent(default=Hang())],
        "storage": MemoryStorage(),
        "ledger": vgen.SQLiteLedger("vgen.db"),
        "settings": vgen.Settings(poll_interval=0.05, concurrency=3),
    }
'''


@frozen
class Host:
    """A folder with the page's files, in which programs are run."""

    folder: Path

    @classmethod
    def of_the_page(cls, folder: Path, *, silent: bool = False) -> Host:
        """Write the page's files, with a silent provider where one is wanted."""
        write_files(PAGE, folder)
        if silent:
            (folder / "parts.py").write_text(SILENT, "utf-8")
        return cls(folder)

    def write(self, name: str, content: str) -> None:
        """Add a file."""
        (self.folder / name).write_text(content, "utf-8")

    def environment(self) -> dict[str, str]:
        """Return the programs' environment."""
        kept = {name: text for name, text in os.environ.items() if not name.startswith(FOREIGN)}
        return kept | {
            "PYTHONPATH": str(self.folder),
            "BROKER_URL": "folder://",
            "RESULTS_URL": (self.folder / "results").as_uri(),
        }

    def run(self, *arguments: str, given: str) -> str:
        """Run Python to its end, warnings being errors; give what it prints."""
        done = subprocess.run(
            [sys.executable, "-W", "error", *arguments],
            cwd=self.folder,
            env=self.environment(),
            input=given,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert (done.stderr, done.returncode) == ("", 0), done.stderr
        return done.stdout

    @contextmanager
    def started(self, *arguments: str) -> Generator[subprocess.Popen[str]]:
        """Start Python; it does not outlive the block. What it says is in the file `said`."""
        with (
            (self.folder / "said").open("w") as said,
            subprocess.Popen(
                [sys.executable, *arguments],
                cwd=self.folder,
                env=self.environment(),
                stdout=said,
                stderr=subprocess.STDOUT,
                text=True,
            ) as process,
        ):
            try:
                yield process
            finally:
                process.kill()

    def said(self) -> str:
        """Return what the program that was started has said."""
        return (self.folder / "said").read_text("utf-8")

    def notes(self) -> list[str]:
        """Return what the silent provider was asked for, by all processes."""
        path = self.folder / "notes"
        return path.read_text("utf-8").split() if path.exists() else []

    def job(self, job_id: UUID, ledger: str = "vgen.db") -> Job | None:
        """Read a job from the ledger."""

        async def read() -> Job | None:
            opened = SQLiteLedger(self.folder / ledger)
            try:
                return await opened.job(job_id)
            finally:
                await opened.aclose()

        return trio.run(read)

    def until(self, holds: Callable[[], object]) -> None:
        """Wait for a condition, but not for ever."""
        end = monotonic() + PATIENCE
        while not holds():
            assert monotonic() < end, self.said()
            sleep(0.02)


def prompts(job_id: UUID | None = None) -> str:
    """Return a job of three short clips, as JSON."""
    clips = [{"clip_index": i, "prompt": f"Rain, take {i}", "duration": 0.2} for i in range(3)]
    return json.dumps({"clip_prompts": clips} | ({"job_id": str(job_id)} if job_id else {}))
