"""Fetching a clip and storing it."""

from __future__ import annotations

from pathlib import Path

from trio.testing import MockClock

from tests.drive.jobs import JOB, PLENTY, Fakes, prompts
from vgen.abc import Ticket
from vgen.errors import GenerationError
from vgen.testing import FakeBackend


async def test_a_deleted_output_is_generated_again(autojump_clock: MockClock) -> None:
    """A paid clip that the provider has deleted is recorded as lost, and generated again."""

    class DeletesOnce(FakeBackend):
        deletions = 1

        async def fetch(self, ticket: Ticket, path: Path) -> None:
            if self.deletions:
                self.deletions -= 1
                raise GenerationError("deleted after an hour")
            await super().fetch(ticket, path)

    fakes = Fakes([DeletesOnce()])
    async with fakes.runner() as runner:
        clips = await runner.process(JOB, prompts(*"abc"), budget=PLENTY)
    assert len(fakes.backend.submitted) == 4
    assert clips.total_cost == sum(charge.amount for charge in fakes.backend.charges)
