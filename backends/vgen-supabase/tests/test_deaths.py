"""Whenever a process dies, its job is finished by the next one, and no clip is paid for twice."""

from __future__ import annotations

import os
import time
from collections.abc import Generator
from pathlib import Path
from random import Random
from uuid import UUID, uuid4

import pytest

from .deaths.stage import Player, Service, check, player, service
from .ledger.served import Database

SAMPLE = int(os.environ.get("VGEN_DEATHS", "12"))
"""How many of the steps are died at; 0 stands for all."""

JOBS = int(os.environ.get("VGEN_DYING_JOBS", "2"))
DEATHS = 5
"""How many times each of those jobs is killed at a random moment."""


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
        chance, job, before = Random(seed), uuid4(), known(playing)  # noqa: S311 (likewise)
        for _ in range(DEATHS):
            playing.play(job, tmp_path, kill_after=chance.uniform(0, took))
        finish(playing, job, tmp_path, before)
