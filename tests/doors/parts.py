"""What a runner is opened on in tests of the doors: fakes, in real time, which passes fast."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import TypedDict
from uuid import UUID

from attrs import define, field

from vgen import ClipPrompt, Inspector, Settings
from vgen.abc import Account, Attempt, CostLedger, Manifest, Storage, VideoBackend
from vgen.errors import LedgerError
from vgen.testing import FakeBackend, Hang, MemoryLedger, MemoryStorage, Succeed, inline_inspector

PLENTY = Decimal(100)
SOON = Succeed(after=0.05)
PROMPTS = [ClipPrompt(number, text, 1.0) for number, text in enumerate("abc")]
HANGING = {"c": [Hang()]}
"""A script by which two clips are made and the third never ends."""


class Arguments(TypedDict):
    """What `open_runner` is given."""

    backends: list[VideoBackend]
    storage: Storage
    ledger: CostLedger
    settings: Settings
    inspector: Inspector


def hasty(grace: float = 5.0) -> Settings:
    """Settings under which nothing takes long."""
    return Settings(poll_interval=0.01, backoff=0.01, grace=grace, concurrency=50)


class Unreachable(MemoryLedger):
    """A ledger that cannot be reached."""

    async def open_job(self, manifest: Manifest, holds: Sequence[Attempt]) -> Account:
        raise LedgerError("nobody answers") from ConnectionRefusedError("no such port")


def running() -> set[str]:
    """Name the threads and the sockets of this process, but for Trio's idle workers."""
    threads = {t.name for t in threading.enumerate() if not t.name.startswith("Trio")}
    sockets = set[str]()
    for file in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # the listing's own
            sockets.add(str(file.readlink()))
    return threads | {name for name in sockets if name.startswith("socket:")}


@define
class Parts:
    """The fakes of a runner."""

    fake: FakeBackend = field(factory=lambda: FakeBackend(default=SOON))
    storage: MemoryStorage = field(factory=MemoryStorage)
    ledger: MemoryLedger = field(factory=MemoryLedger)
    settings: Settings = field(factory=hasty)

    def arguments(self) -> Arguments:
        """Give the arguments of `open_runner`."""
        return Arguments(
            backends=[self.fake],
            storage=self.storage,
            ledger=self.ledger,
            settings=self.settings,
            inspector=inline_inspector(),
        )

    def held(self, job_id: UUID) -> Decimal:
        """Say how much of a job's money is held or in doubt, by the ledger."""
        job = self.ledger.peek(job_id)
        assert job is not None
        return job.account.held + job.account.in_doubt
