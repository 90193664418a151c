"""Exceptions that no backend should raise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from trio.testing import MockClock

from tests.drive.jobs import JOB, PLENTY, Fakes, prompts
from vgen.abc import Status, Ticket
from vgen.errors import InsufficientClipsError
from vgen.testing import FakeBackend


async def test_a_broken_plug_in_fails_its_clips_only(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    """Any other exception than vgen's becomes the clip's failure, and its traceback is logged."""

    class Broken(FakeBackend):
        async def status(self, tickets: Sequence[Ticket]) -> Mapping[Ticket, Status]:
            raise TypeError("a defect")

        async def fetch(self, ticket: Ticket, path: Path) -> None:
            raise AssertionError("never reached")

    fakes = Fakes([Broken()])
    async with fakes.runner() as runner:
        with pytest.raises(InsufficientClipsError, match="fake: TypeError: a defect"):
            await runner.process(JOB, prompts(*"abc"), budget=PLENTY)
    assert "backend fake broke" in caplog.text
    assert fakes.backend.running == []
