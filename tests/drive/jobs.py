"""Running whole jobs on fakes in virtual time."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any
from uuid import UUID

from attrs import define, field

from vgen import ClipPrompt, Clips, Event, Inspector, Observer, Runner, Settings, open_runner
from vgen.abc import Attempt, VideoBackend
from vgen.drive.attempt.create import new_attempt
from vgen.testing import FakeBackend, MemoryLedger, MemoryStorage, inline_inspector

JOB = UUID("6d6f6f6e-0000-4000-8000-000000000001")
PLENTY = Decimal(100)
LEASE = 30.0
"""The lease of the claim in `leave_open`, in seconds."""


def prompts(*texts: str, seconds: float = 2.0, image: str | None = None) -> list[ClipPrompt]:
    """Return a clip prompt for each text, with indexes from 0."""
    return [
        ClipPrompt(index, text, seconds, scene_reference_url=image)
        for index, text in enumerate(texts)
    ]


@define
class Fakes:
    """The fakes that runners are opened on; each run finds what earlier runs have left in them."""

    backends: Sequence[VideoBackend] = field(factory=lambda: [FakeBackend()])
    storage: MemoryStorage = field(factory=MemoryStorage)
    ledger: MemoryLedger = field(factory=MemoryLedger)
    settings: Settings = Settings()
    events: list[Event] = field(factory=list[Event])
    observer: Observer | None = None
    inspector: Inspector = field(factory=inline_inspector)

    @property
    def backend(self) -> FakeBackend:
        """The first backend."""
        first = self.backends[0]
        assert isinstance(first, FakeBackend)
        return first

    @asynccontextmanager
    async def runner(self, **arguments: Any) -> AsyncGenerator[Runner]:
        """Open a runner on the fakes."""
        async with open_runner(
            backends=self.backends,
            storage=self.storage,
            ledger=self.ledger,
            settings=self.settings,
            observer=self.observer or self.events.append,
            inspector=self.inspector,
            **arguments,
        ) as runner:
            yield runner

    def events_of(self, kind: type[Any]) -> list[Any]:
        """Return the reported events of one class."""
        return [event for event in self.events if isinstance(event, kind)]

    def take(self, number: int) -> str:
        """Return the key of the file of a take of clip 1."""
        (key,) = (key for key in self.storage.files if f"/takes/clip_001-{number}-" in key)
        return key


async def run_job(fakes: Fakes, *texts: str) -> Clips:
    """Run the job once; its errors propagate."""
    async with fakes.runner() as runner:
        return await runner.process(JOB, prompts(*texts or "abc"), budget=PLENTY)


async def leave_open(fakes: Fakes, *, accepted: bool = True) -> Attempt:
    """Leave clip 0 as a process on another machine would that died during its submit."""
    async with fakes.runner() as runner:
        manifest = await runner.open_job(JOB, prompts(*"abc"), budget=PLENTY)
    claim = await fakes.ledger.claim(JOB, 0, owner="dead", lease=LEASE)
    assert claim is not None
    planned = manifest.clips[0]
    new = new_attempt(JOB, planned, fakes.backend, planned.request, number=1)
    attempt = await fakes.ledger.reserve(claim, new)
    if accepted:
        prepared = await fakes.backend.prepare(attempt.request, None)
        await fakes.backend.submit(prepared, attempt.attempt_id)
    return attempt
