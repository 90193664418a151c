"""Whatever a person does, what was paid stays, and nothing is paid for twice."""

from __future__ import annotations

import os
from pathlib import Path
from random import Random
from uuid import uuid4

import pytest

from tests.doors.programs import simulated

from .books import Books, job_in
from .commands import commands
from .person import AMPLE, FULL, SLIPS, Person, keep_version

SEQUENCES = int(os.environ.get("VGEN_SLIPS", "1"))
LENGTH = 10
"""How many slips each sequence has."""

SPEED = 100.0
"""Predictions take less than a second, and the provider keeps them for half a minute."""


@pytest.mark.parametrize("seed", range(8, 8 + SEQUENCES))
async def test_a_sequence_of_slips(tmp_path: Path, seed: int) -> None:
    """By the provider's own books, each request is paid once, and no paid take is lost.

    That is so after each slip, once the same command has been run again to its end.
    """
    rng = Random(seed)  # noqa: S311 (reproducible)
    with (
        simulated(speed=SPEED) as provider,
        commands(tmp_path, provider.variables) as first,
        commands(tmp_path, provider.variables) as second,
    ):
        books = Books(provider.simulator)
        person = Person(first, second, books, rng, uuid4())
        assert await person.run(*FULL, "--budget", AMPLE) == 0
        keep_version(person)
        for slip in rng.choices(SLIPS, k=LENGTH):
            first.note(slip.__name__)
            await slip(person)
            await person.finish()
            books.check_job(await job_in(person.ledger, person.job_id), person.out)
            keep_version(person)
