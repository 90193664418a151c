"""The fakes that a runner is opened on in these tests: in real time, with short delays."""

from __future__ import annotations

import threading
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import TypedDict
from uuid import UUID

from attrs import define, field

from vgen import ClipPrompt, Inspector, Settings
from vgen.abc import Account, CostLedger, Manifest, Storage, VideoBackend
from vgen.errors import LedgerError
from vgen.records.money import Need
from vgen.testing import FakeBackend, Hang, MemoryLedger, MemoryStorage, Succeed, inline_inspector

PLENTY = Decimal(100)
QUICK = Succeed(after=0.05)
PROMPTS = [ClipPrompt(number, text, 1.0) for number, text in enumerate("abc")]
HANGING = {"c": [Hang()]}
"""A script whose attempt at the third clip never ends."""


class Arguments(TypedDict):
    """The arguments of `open_runner`."""

    backends: list[VideoBackend]
    storage: Storage
    ledger: CostLedger
    settings: Settings
    inspector: Inspector


def fast_settings(grace: float = 5.0) -> Settings:
    """Return settings with short delays, and a grace in seconds."""
    return Settings(poll_interval=0.01, backoff=0.01, grace=grace, concurrency=50)


class UnreachableLedger(MemoryLedger):
    """A ledger that cannot be reached."""

    async def open_job(self, manifest: Manifest, need: Need) -> Account:
        raise LedgerError("nobody answers") from ConnectionRefusedError("no such port")


def threads_and_sockets() -> set[str]:
    """Return the names of this process's threads and sockets, except Trio's worker threads."""
    threads = {t.name for t in threading.enumerate() if not t.name.startswith("Trio")}
    sockets = set[str]()
    for file in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # the listing's own
            sockets.add(str(file.readlink()))
    return threads | {name for name in sockets if name.startswith("socket:")}


@define
class Parts:
    """The fakes and settings of a runner."""

    fake: FakeBackend = field(factory=lambda: FakeBackend(default=QUICK))
    storage: MemoryStorage = field(factory=MemoryStorage)
    ledger: MemoryLedger = field(factory=MemoryLedger)
    settings: Settings = field(factory=fast_settings)

    def arguments(self) -> Arguments:
        """Return the arguments of `open_runner`."""
        return Arguments(
            backends=[self.fake],
            storage=self.storage,
            ledger=self.ledger,
            settings=self.settings,
            inspector=inline_inspector(),
        )

    def held(self, job_id: UUID) -> Decimal:
        """Return how much of a job's money is held or in doubt in the ledger, in US dollars."""
        job = self.ledger.peek(job_id)
        assert job is not None
        return job.account.held + job.account.in_doubt
