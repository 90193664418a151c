"""Ctrl-C and SIGTERM sent to real processes of every kind of host."""

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
TIMEOUT = 30.0
"""How long a process may take to end, in seconds."""


class Start(Protocol):
    """Starts a host process, and returns it in the middle of its job."""

    def __call__(self, *, cancelling: float, grace: float) -> subprocess.Popen[str]:
        """Cancelling takes `cancelling` seconds; the runner waits `grace` seconds at most."""
        ...


@pytest.fixture(params=["trio", "asyncio", "events", "tasks", "blocking"])
def start(request: pytest.FixtureRequest) -> Generator[Start]:
    """Starts each kind of host; all processes are killed after the test."""
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
    """Read a line of the process's output."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_cancels_the_job_and_cleans_up(start: Start, number: signal.Signals) -> None:
    """The process ends once its attempts are cancelled at the provider."""
    process = start(cancelling=0.3, grace=LONG)
    process.send_signal(number)
    output, errors = process.communicate(timeout=TIMEOUT)
    assert output.splitlines() == ["cancelling", "running 0, held 0.000"]
    assert "never retrieved" not in errors
    if number is signal.SIGINT:
        assert errors.splitlines()[-1] == "KeyboardInterrupt"


def test_a_provider_that_does_not_answer_is_waited_for_within_the_grace(start: Start) -> None:
    """After the grace the process ends, and the ledger has the attempts left running."""
    process = start(cancelling=NEVER, grace=0.3)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=TIMEOUT)
    assert output.splitlines() == ["cancelling", "running 1, held 0.110"]


@pytest.mark.parametrize(
    "start", ["asyncio", "idle asyncio", "events", "tasks", "blocking"], indirect=True
)
def test_a_second_ctrl_c_ends_the_cleanup(start: Start) -> None:
    """The process ends at once, and the ledger has the attempts left running."""
    process = start(cancelling=NEVER, grace=LONG)
    process.send_signal(signal.SIGINT)
    assert line_of(process) == "cancelling"
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=TIMEOUT)
    assert output.splitlines() == ["running 1, held 0.110"]
    assert errors.splitlines()[-1] == "KeyboardInterrupt"


@pytest.mark.parametrize("start", ["blocking"], indirect=True)
def test_a_second_sigterm_ends_the_cleanup(start: Start) -> None:
    """A second `SystemExit` raised by the signal handler also ends it at once."""
    process = start(cancelling=NEVER, grace=LONG)
    process.send_signal(signal.SIGTERM)
    assert line_of(process) == "cancelling"
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=TIMEOUT)
    assert output.splitlines() == ["running 1, held 0.110"]
    assert process.returncode == 143
