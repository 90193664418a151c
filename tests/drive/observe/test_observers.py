"""Observers that raise or are slow."""

from __future__ import annotations

import pytest
from trio.testing import MockClock

from tests.drive.jobs import JOB, PLENTY, Fakes, prompts
from vgen.drive.observe.observers import guarded
from vgen.ports.events import ClipProgress


async def test_an_observer_that_raises_changes_nothing(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    """The job succeeds, and what the observer raised is logged."""

    def broken(event: object) -> None:
        raise ZeroDivisionError

    fakes = Fakes(observer=broken)
    async with fakes.runner() as runner:
        clips = await runner.process(JOB, prompts(*"abc"), budget=PLENTY)
    assert clips.successful_clips == 3
    assert "the observer raised on JobOpened" in caplog.text


def test_a_slow_observer_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """An observer that blocks the loop is logged with its time."""
    ticks = iter([0.0, 5.0])
    observe = guarded(lambda _event: None, clock=lambda: next(ticks))
    observe(ClipProgress(JOB, 0, 0.0, 50.0))
    assert "the observer took 5.0 s over ClipProgress" in caplog.text
