"""Whenever a process dies, and whoever races with it: no clip is paid for twice, none is lost."""

from __future__ import annotations

import os
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from uuid import UUID, uuid4

import pytest

from .deaths.stage import Player, Service, check, player, service
from .ledger.served import Database

SAMPLE = int(os.environ.get("VGEN_DEATHS", "5"))
"""How many of the steps are died at; 0 stands for all."""

JOBS = int(os.environ.get("VGEN_DYING_JOBS", "1"))
DEATHS = 5
"""How many times each of those jobs is killed at a random moment."""

RACES = int(os.environ.get("VGEN_RACES", "2"))


@pytest.fixture(scope="module")
def at() -> Generator[Service]:
    """The service."""
    with service() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgres"])
def playing(
    request: pytest.FixtureRequest, at: Service, served: Database, tmp_path: Path
) -> Generator[Player]:
    """Who plays, on one ledger or the other."""
    address = str(tmp_path / "vgen.db") if request.param == "sqlite" else served.address()
    with player(at, address) as playing:
        yield playing


def known(playing: Player) -> set[str]:
    """The predictions that the service has by now."""
    return set(playing.service.simulator.predictions)


def finish(playing: Player, job: UUID, out: Path, before: set[str]) -> int:
    """Have the job finished, and compare the books."""
    steps = playing.play(job, out)
    assert steps is not None
    check(playing.service, playing.ledger, job, out, known=before)
    return steps


def test_at_every_step(playing: Player, tmp_path: Path) -> None:
    """Killed before and after any write to the ledger, any request, any answer, any file."""
    whole = finish(playing, uuid4(), tmp_path, known(playing))
    chosen = list(range(1, whole + 1))
    if SAMPLE:
        chosen = sorted(Random(7).sample(chosen, SAMPLE))  # noqa: S311 (which ones is no secret)
    for step in chosen:
        job, before = uuid4(), known(playing)
        died = playing.play(job, tmp_path, fatal=step) is None
        finish(playing, job, tmp_path, before)
        print(f"step {step} of {whole}: {'killed' if died else 'not reached'}")  # noqa: T201 (a log)


def test_at_random_moments(playing: Player, tmp_path: Path) -> None:
    """Killed again and again, a job is finished in the end."""
    began = time.monotonic()
    finish(playing, uuid4(), tmp_path, known(playing))
    took = time.monotonic() - began
    for seed in range(JOBS):
        print(f"seed {seed}")  # noqa: T201 (for a failure to be played again)
        rng, job, before = Random(seed), uuid4(), known(playing)  # noqa: S311 (likewise)
        for _ in range(DEATHS):
            playing.play(job, tmp_path, kill_after=rng.uniform(0, took))
        finish(playing, job, tmp_path, before)


def test_two_processes_on_one_job(playing: Player, tmp_path: Path) -> None:
    """Whichever of two begins first, and by how much, both end with the same three clips."""
    with player(playing.service, playing.ledger) as rival, ThreadPoolExecutor() as threads:
        for seed in range(RACES):
            print(f"seed {seed}")  # noqa: T201 (for a failure to be played again)
            job, before = uuid4(), known(playing)
            first = threads.submit(playing.play, job, tmp_path)
            time.sleep(Random(seed).uniform(0, 0.5))  # noqa: S311 (no secret)
            second = threads.submit(rival.play, job, tmp_path)
            assert first.result(timeout=60)
            assert second.result(timeout=60)
            check(playing.service, playing.ledger, job, tmp_path, known=before)
