"""Polling a provider that fails to answer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from math import log
from random import Random
from statistics import mean
from typing import Any, ClassVar
from uuid import uuid4

import pytest
import trio
from trio.testing import MockClock

from tests.drive.jobs import JOB, PLENTY, Fakes, leave_open, prompts
from vgen import ClipProgress, Settings
from vgen.abc import Status, Ticket
from vgen.errors import NetworkError, RateLimitedError
from vgen.testing import Behaviour, FakeBackend, Succeed


async def test_a_provider_that_does_not_answer_is_asked_again(autojump_clock: MockClock) -> None:
    """Failed polls cost nothing but time; the pause of a `RateLimitedError` is kept."""

    class FailsThrice(FakeBackend):
        errors: ClassVar = [
            NetworkError("reset"),
            RateLimitedError("slow"),
            RateLimitedError("slow", retry_after=40),
        ]

        async def status(self, tickets: Sequence[Ticket]) -> Mapping[Ticket, Status]:
            if self.errors:
                raise self.errors.pop(0)
            return await super().status(tickets)

    fakes = Fakes([FailsThrice()])
    async with fakes.runner() as runner:
        clips = await runner.process(JOB, prompts(*"abc"), budget=PLENTY)
    assert clips.total_generation_time >= 40
    assert len(fakes.backend.submitted) == 3


class Asked(FakeBackend):
    """A backend that notes its questions: for each ticket when it was asked after."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.questions = defaultdict[Ticket, list[float]](list)

    async def status(self, tickets: Sequence[Ticket]) -> Mapping[Ticket, Status]:
        """Note the question, and answer it."""
        for ticket in tickets:
            self.questions[ticket].append(trio.current_time())
        return await super().status(tickets)

    def per_clip(self) -> float:
        """Return how many questions were asked after each attempt on average."""
        return mean(map(len, self.questions.values()))

    def notice(self) -> float:
        """Return after how many seconds the end of an attempt was noticed on average."""
        ends = {str(each.attempt_id): each.ends_at for each in self.accepted.values()}
        return mean(asked[-1] - ends[key.provider_id] for key, asked in self.questions.items())


def like_a_model(seed: int, count: int) -> dict[str, list[Behaviour]]:
    """Return a script for prompts: running times of a model with a median of a minute."""
    random = Random(seed)  # noqa: S311 (times are no secrets)
    times = [min(random.lognormvariate(log(60), 0.35), 115.0) for _ in range(count)]
    return {str(index): [Succeed(after=time)] for index, time in enumerate(times)}


async def ask_after(backend: Asked, count: int) -> Fakes:
    """Make so many clips on a backend."""
    fakes = Fakes([backend], settings=Settings(concurrency=20))
    async with fakes.runner() as runner:
        await runner.process(JOB, prompts(*map(str, range(count))), budget=PLENTY)
    return fakes


async def test_told_progress_spares_questions(autojump_clock: MockClock) -> None:
    """A provider that tells it is asked at most eight times, and the end is noticed at once."""
    backend = Asked(script=like_a_model(1, 60))
    await ask_after(backend, 60)
    assert backend.per_clip() <= 8
    assert backend.notice() <= 0.6


@pytest.mark.parametrize(("seconds", "questions"), [(None, 25), (60.0, 16)])
async def test_an_expected_time_spares_questions(
    autojump_clock: MockClock, *, seconds: float | None, questions: int
) -> None:
    """Without progress, a declared time does; the news is late by about the usual pause."""
    backend = Asked(script=like_a_model(2, 60), seconds=seconds, tells_progress=False)
    await ask_after(backend, 60)
    assert backend.per_clip() <= questions
    assert backend.notice() <= 1.2 * Settings().poll_interval


async def test_observed_times_spare_questions(autojump_clock: MockClock) -> None:
    """What the ledger has of earlier attempts is what later ones are expected to take."""
    backend = Asked(script=like_a_model(3, 60), tells_progress=False)
    fakes = await ask_after(backend, 60)
    unknown = backend.per_clip()
    backend.questions.clear()
    async with fakes.runner() as runner:
        await runner.process(uuid4(), prompts(*map(str, range(60))), budget=PLENTY)
    assert backend.per_clip() < 0.6 * unknown


async def test_progress_is_estimated(autojump_clock: MockClock) -> None:
    """Where a provider tells none, it goes on by what is declared, and is marked."""
    fakes = await ask_after(Asked(seconds=60.0, tells_progress=False, default=Succeed(after=60)), 3)
    told = [event for event in fakes.events_of(ClipProgress) if event.clip_index == 0]
    assert len(told) > 10
    assert all(event.estimated for event in told[:-1])
    assert not told[-1].estimated
    fractions = [event.fraction for event in told]
    assert fractions == sorted(set(fractions))
    assert all(event.seconds_left > 0 for event in told[:-1])
    assert told[len(told) // 2].fraction == pytest.approx(0.5, abs=0.15)


async def test_what_was_sent_earlier_is_asked_after_at_once(autojump_clock: MockClock) -> None:
    """A run that takes up an attempt which has ended meanwhile does not wait to ask."""
    fakes = Fakes()
    await leave_open(fakes)
    await trio.sleep(1000)
    began = trio.current_time()
    async with fakes.runner() as runner:
        await runner.process(JOB, prompts("a"), budget=PLENTY, min_clips=1)
    assert trio.current_time() == began
