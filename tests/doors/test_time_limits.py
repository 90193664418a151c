"""Exceptions that a task queue injects into the thread of a call, as its time limit."""

from __future__ import annotations

import ctypes
import sys
import threading
from collections.abc import Callable
from time import monotonic, sleep
from uuid import uuid4

import pytest
from attrs import evolve

import vgen.blocking
from vgen import JobProgress
from vgen.blocking import StartedJob
from vgen.testing import FakeBackend, Hang

from .parts import PLENTY, PROMPTS, Parts, hasty

PATIENCE = 20.0
"""How long anything may take, in seconds."""


class TimeLimitError(Exception):
    """The task has had its time."""


def follow(job: StartedJob) -> None:
    """Follow a job to its end."""
    for _ in job.events:
        pass


def wait_for_the_result(job: StartedJob) -> None:
    """Follow a job until it has told of all that it will, and then wait for its end."""
    while not isinstance(next(job.events), JobProgress):
        pass
    job.result()


@pytest.mark.parametrize("work", [follow, wait_for_the_result])
def test_a_time_limit_gets_through(work: Callable[[StartedJob], None]) -> None:
    """It ends a call, and the reading of a job's events, also while nothing happens."""
    settings = evolve(hasty(), poll_interval=3600.0)
    parts = Parts(fake=FakeBackend(default=Hang()), settings=settings)
    job_id = uuid4()
    working, limited = threading.Event(), threading.Event()

    def task() -> None:
        with (
            vgen.blocking.open_runner(**parts.arguments()) as runner,
            runner.start(job_id, PROMPTS[:1], budget=PLENTY, min_clips=1) as job,
        ):
            working.set()
            try:
                work(job)
            except TimeLimitError:
                limited.set()
                raise

    def guarded() -> None:
        with pytest.raises(TimeLimitError):
            task()

    thread = threading.Thread(target=guarded, daemon=True)
    thread.start()
    assert working.wait(PATIENCE)
    assert thread.ident is not None
    wait_idle(thread.ident)
    inject(thread.ident, TimeLimitError)
    assert limited.wait(PATIENCE)
    thread.join(PATIENCE)
    assert not thread.is_alive()
    assert parts.fake.running == []
    assert parts.held(job_id) == 0


def wait_idle(ident: int) -> None:
    """Wait until a thread waits for another and goes on doing so, but not for ever."""
    end, idle = monotonic() + PATIENCE, 0
    while idle < 50:
        assert monotonic() < end
        frames = sys._current_frames()  # noqa: SLF001 (no other way)  # pyright: ignore[reportPrivateUsage] - likewise
        frame = frames[ident]
        idle = idle + 1 if frame.f_code is threading.Condition.wait.__code__ else 0
        sleep(0.01)


def inject(ident: int, error: type[Exception]) -> None:
    """Have a thread raise an error at its next step, as task queues do."""
    done = ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(ident), ctypes.py_object(error)
    )
    assert done == 1
