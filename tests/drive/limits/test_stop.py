"""A job that is stopped starts no more attempts."""

from __future__ import annotations

import pytest
from trio.testing import MockClock

from tests.drive.jobs import JOB, PLENTY, Fakes, prompts
from vgen import Settings
from vgen.errors import InsufficientClipsError, LedgerError
from vgen.testing import Break, FakeBackend, MemoryLedger, Refuse


async def test_nothing_is_sent_once_min_clips_are_out_of_reach(autojump_clock: MockClock) -> None:
    """After the failure that puts `min_clips` out of reach, no other clip gets its slot."""
    fakes = Fakes([FakeBackend(default=Refuse())], settings=Settings(concurrency=1))
    async with fakes.runner() as runner:
        with pytest.raises(InsufficientClipsError):
            await runner.process(JOB, prompts(*"abcd"), budget=PLENTY)
    assert len(fakes.backend.submitted) == 2


async def test_nothing_is_sent_once_the_ledger_fails(autojump_clock: MockClock) -> None:
    """A ticket that cannot be written ends the job before another clip gets the slot."""
    fakes = Fakes(
        [FakeBackend(latency=1.0)],
        ledger=MemoryLedger([Break("advance")]),
        settings=Settings(concurrency=1),
    )
    async with fakes.runner() as runner:
        with pytest.raises(LedgerError, match="advance: it broke"):
            await runner.process(JOB, prompts(*"abc"), budget=PLENTY)
    assert len(fakes.backend.submitted) == 1
