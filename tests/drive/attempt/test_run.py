"""The ledger calls of one attempt."""

from __future__ import annotations

import pytest
from trio.testing import MockClock

from tests.drive.jobs import JOB, PLENTY, Fakes, prompts
from vgen.errors import LedgerError
from vgen.testing import Delay, MemoryLedger


async def test_a_ledger_that_does_not_answer_ends_the_job(autojump_clock: MockClock) -> None:
    """A `reserve` that takes too long raises `LedgerError`, in no exception group."""
    fakes = Fakes(ledger=MemoryLedger([Delay("reserve", seconds=90)]))
    async with fakes.runner() as runner:
        with pytest.raises(LedgerError, match="did not answer in time"):
            await runner.process(JOB, prompts(*"abc"), budget=PLENTY)
