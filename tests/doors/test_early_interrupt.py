"""An exception that is injected into a thread right when it makes a call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

import vgen.blocking
from vgen.portal import Call
from vgen.testing import FakeBackend, Hang

from .parts import PLENTY, PROMPTS, Parts


class TimeLimitError(Exception):
    """A task queue's time limit."""


@pytest.mark.parametrize("begun", [False, True])
def test_it_leaves_nothing_running(monkeypatch: pytest.MonkeyPatch, *, begun: bool) -> None:
    """Whether or not Trio's thread has begun the call, the exception is raised after its end."""
    parts = Parts(fake=FakeBackend(default=Hang()))
    begin: Callable[[Call[Any]], None] = vars(Call)["begin"]

    def interrupted(call: Call[Any]) -> None:
        if begun:
            begin(call)
        raise TimeLimitError

    with vgen.blocking.open_runner(**parts.arguments()) as runner:
        with monkeypatch.context() as patched:
            patched.setattr(Call, "begin", interrupted)
            with pytest.raises(TimeLimitError):
                runner.process(uuid4(), PROMPTS, budget=PLENTY)
        assert parts.fake.running == []
        assert runner.statistics().in_flight == 0
