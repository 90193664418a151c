"""Whenever a process crashes, or races with another, no clip is paid for twice and none is lost."""

from __future__ import annotations

import os
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from uuid import UUID, uuid4

import pytest

from .crashes.harness import JobProcess, Service, check, job_process, service
from .ledger.servers import Database

SAMPLE = int(os.environ.get("VGEN_CRASH_STEPS", "2"))
"""At how many of the steps a process is crashed; 0 stands for all."""

JOBS = int(os.environ.get("VGEN_CRASHING_JOBS", "1"))
CRASHES = 5
"""How many times each of those jobs is killed at a random moment."""

RACES = int(os.environ.get("VGEN_RACES", "1"))


@pytest.fixture(scope="module")
def at() -> Generator[Service]:
    """The service."""
    with service() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgres"])
def process(
    request: pytest.FixtureRequest, at: Service, database: Database, tmp_path: Path
) -> Generator[JobProcess]:
    """The process that runs jobs, on either ledger."""
    address = str(tmp_path / "vgen.db") if request.param == "sqlite" else database.address()
    with job_process(at, address) as process:
        yield process


def known(process: JobProcess) -> set[str]:
    """The predictions that the service has by now."""
    return set(process.service.simulator.predictions)


def finish(process: JobProcess, job: UUID, out: Path, before: set[str]) -> int:
    """Run the job to its end, and compare the ledger with the bills."""
    steps = process.run(job, out)
    assert steps is not None
    check(process.service, process.ledger, job, out, known=before)
    return steps


def test_at_every_step(process: JobProcess, tmp_path: Path) -> None:
    """Killed before or after any ledger write, request, response or file, the job recovers."""
    count = finish(process, uuid4(), tmp_path, known(process))
    chosen = list(range(1, count + 1))
    if SAMPLE:
        chosen = sorted(Random(7).sample(chosen, SAMPLE))  # noqa: S311 (not for security)
    for step in chosen:
        job, before = uuid4(), known(process)
        killed = process.run(job, tmp_path, crash_at=step) is None
        finish(process, job, tmp_path, before)
        print(f"step {step} of {count}: {'killed' if killed else 'not reached'}")  # noqa: T201 (a log)


def test_at_random_moments(process: JobProcess, tmp_path: Path) -> None:
    """A job that is killed again and again is finished in the end."""
    began = time.monotonic()
    finish(process, uuid4(), tmp_path, known(process))
    took = time.monotonic() - began
    for seed in range(JOBS):
        print(f"seed {seed}")  # noqa: T201 (to reproduce a failure)
        rng, job, before = Random(seed), uuid4(), known(process)  # noqa: S311 (likewise)
        for _ in range(CRASHES):
            process.run(job, tmp_path, kill_after=rng.uniform(0, took))
        finish(process, job, tmp_path, before)


def test_two_processes_on_one_job(process: JobProcess, tmp_path: Path) -> None:
    """Whichever of two begins first, and by how much, both end with the same three clips."""
    with job_process(process.service, process.ledger) as rival, ThreadPoolExecutor() as threads:
        for seed in range(RACES):
            print(f"seed {seed}")  # noqa: T201 (to reproduce a failure)
            job, before = uuid4(), known(process)
            first = threads.submit(process.run, job, tmp_path)
            time.sleep(Random(seed).uniform(0, 0.5))  # noqa: S311 (likewise)
            second = threads.submit(rival.run, job, tmp_path)
            assert first.result(timeout=60)
            assert second.result(timeout=60)
            check(process.service, process.ledger, job, tmp_path, known=before)
