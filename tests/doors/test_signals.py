"""Ctrl-C and SIGTERM, at real processes of every kind of host."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Protocol

import pytest

NEVER = 1e6
LONG = 600.0
PATIENCE = 30.0
"""How long a process may take to end, in seconds."""


class Start(Protocol):
    """Starts a host of a kind, and gives it when it is in the middle of its job."""

    def __call__(self, *, cancelling: float, grace: float) -> subprocess.Popen[str]:
        """Its provider takes so many seconds to cancel, its runner waits at most its grace."""
        ...


@pytest.fixture(params=["trio", "asyncio", "events", "tasks", "blocking"])
def start(request: pytest.FixtureRequest) -> Generator[Start]:
    """Each kind of host; no process outlives the test."""
    started: list[subprocess.Popen[str]] = []

    def start(*, cancelling: float, grace: float) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("host.py")), request.param],
            env={**os.environ, "CANCELLING": str(cancelling), "GRACE": str(grace)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert {line_of(process) for _ in range(2)} == {"stored 0", "stored 1"}
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def line_of(process: subprocess.Popen[str]) -> str:
    """Read a line of what the process says."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_job_in_good_order(start: Start, number: signal.Signals) -> None:
    """The process ends when what was running has been cancelled at the provider."""
    process = start(cancelling=0.3, grace=LONG)
    process.send_signal(number)
    told, errors = process.communicate(timeout=PATIENCE)
    assert told.splitlines() == ["cancelling", "running 0, held 0.000"]
    assert "never retrieved" not in errors
    if number is signal.SIGINT:
        assert errors.splitlines()[-1] == "KeyboardInterrupt"


def test_a_provider_that_does_not_answer_is_waited_for_within_the_grace(start: Start) -> None:
    """Then the process ends, and the ledger has what was left running."""
    process = start(cancelling=NEVER, grace=0.3)
    process.send_signal(signal.SIGINT)
    told, _ = process.communicate(timeout=PATIENCE)
    assert told.splitlines() == ["cancelling", "running 1, held 0.110"]


@pytest.mark.parametrize(
    "start", ["asyncio", "idle asyncio", "events", "tasks", "blocking"], indirect=True
)
def test_a_second_ctrl_c_gets_out(start: Start) -> None:
    """It waits for nobody; the ledger has what was left running."""
    process = start(cancelling=NEVER, grace=LONG)
    process.send_signal(signal.SIGINT)
    assert line_of(process) == "cancelling"
    process.send_signal(signal.SIGINT)
    told, errors = process.communicate(timeout=PATIENCE)
    assert told.splitlines() == ["running 1, held 0.110"]
    assert errors.splitlines()[-1] == "KeyboardInterrupt"


@pytest.mark.parametrize("start", ["blocking"], indirect=True)
def test_a_second_sigterm_gets_out(start: Start) -> None:
    """So does a second `SystemExit` that a handler raises."""
    process = start(cancelling=NEVER, grace=LONG)
    process.send_signal(signal.SIGTERM)
    assert line_of(process) == "cancelling"
    process.send_signal(signal.SIGTERM)
    told, _ = process.communicate(timeout=PATIENCE)
    assert told.splitlines() == ["running 1, held 0.110"]
    assert process.returncode == 143
