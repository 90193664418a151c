"""Playing whole jobs on fakes in virtual time."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any
from uuid import UUID

from attrs import define, field

from vgen import ClipPrompt, Event, Observer, Runner, Settings, open_runner
from vgen.abc import VideoBackend
from vgen.testing import FakeBackend, MemoryLedger, MemoryStorage, inline_inspector

JOB = UUID("6d6f6f6e-0000-4000-8000-000000000001")
PLENTY = Decimal(100)


def prompts(*texts: str, seconds: float = 2.0, image: str | None = None) -> list[ClipPrompt]:
    """Give a clip prompt for each text, numbered from 0."""
    return [
        ClipPrompt(index, text, seconds, scene_reference_url=image)
        for index, text in enumerate(texts)
    ]


@define
class Stage:
    """The fakes that a job is played on; what a run leaves in them, the next one finds."""

    backends: Sequence[VideoBackend] = field(factory=lambda: [FakeBackend()])
    storage: MemoryStorage = field(factory=MemoryStorage)
    ledger: MemoryLedger = field(factory=MemoryLedger)
    settings: Settings = Settings()
    events: list[Event] = field(factory=list[Event])
    observer: Observer | None = None

    @property
    def fake(self) -> FakeBackend:
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
            inspector=inline_inspector(),
            **arguments,
        ) as runner:
            yield runner

    def told(self, kind: type[Any]) -> list[Any]:
        """Give the events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]
