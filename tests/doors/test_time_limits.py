"""Exceptions that a task queue injects into a calling thread, as its time limit."""

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
from vgen import ClipProgress
from vgen.blocking import StartedJob
from vgen.testing import FakeBackend, Hang

from .parts import PLENTY, PROMPTS, Parts, fast_settings

TIMEOUT = 20.0
"""How long to wait for anything, in seconds."""


class TimeLimitError(Exception):
    """A task queue's time limit."""


def follow(job: StartedJob) -> None:
    """Follow a job to its end."""
    for _ in job.events:
        pass


def wait_for_the_result(job: StartedJob) -> None:
    """Read a job's events until its first progress, and then wait for its result."""
    while not isinstance(next(job.events), ClipProgress):
        pass
    job.result()


@pytest.mark.parametrize("work", [follow, wait_for_the_result])
def test_a_time_limit_ends_a_waiting_call(work: Callable[[StartedJob], None]) -> None:
    """It ends waiting for a result and reading events, also while nothing happens."""
    settings = evolve(fast_settings(), poll_interval=3600.0)
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
    assert working.wait(TIMEOUT)
    assert thread.ident is not None
    wait_idle(thread.ident)
    inject(thread.ident, TimeLimitError)
    assert limited.wait(TIMEOUT)
    thread.join(TIMEOUT)
    assert not thread.is_alive()
    assert parts.fake.running == []
    assert parts.held(job_id) == 0


def wait_idle(ident: int) -> None:
    """Wait until a thread has been waiting on a condition for half a second."""
    end, idle = monotonic() + TIMEOUT, 0
    while idle < 50:
        assert monotonic() < end
        frames = sys._current_frames()  # noqa: SLF001 (no other way)  # pyright: ignore[reportPrivateUsage] - likewise
        frame = frames[ident]
        idle = idle + 1 if frame.f_code is threading.Condition.wait.__code__ else 0
        sleep(0.01)


def inject(ident: int, error: type[Exception]) -> None:
    """Make a thread raise an error at its next bytecode, as task queues do."""
    done = ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(ident), ctypes.py_object(error)
    )
    assert done == 1
