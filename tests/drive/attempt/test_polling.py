"""Polling a provider that fails to answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from trio.testing import MockClock

from tests.drive.jobs import JOB, PLENTY, Fakes, prompts
from vgen.abc import Status, Ticket
from vgen.errors import NetworkError, RateLimitedError
from vgen.testing import FakeBackend


async def test_a_provider_that_does_not_answer_is_asked_again(autojump_clock: MockClock) -> None:
    """Failed polls cost nothing but time; the pause of a `RateLimitedError` is kept."""

    class FailsTwice(FakeBackend):
        errors: ClassVar = [NetworkError("reset"), RateLimitedError("slow", retry_after=40)]

        async def status(self, tickets: Sequence[Ticket]) -> Mapping[Ticket, Status]:
            if self.errors:
                raise self.errors.pop(0)
            return await super().status(tickets)

    fakes = Fakes([FailsTwice()])
    async with fakes.runner() as runner:
        clips = await runner.process(JOB, prompts(*"abc"), budget=PLENTY)
    assert clips.total_generation_time >= 40
    assert len(fakes.backend.submitted) == 3
