"""Whatever a person does, what was paid stays, and nothing is paid for twice."""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path
from random import Random
from subprocess import Popen
from uuid import uuid4

import pytest

from tests.doors.programs import simulated

from .books import Books
from .commands import Commands, forking
from .person import AMPLE, FULL, SLIPS, Person, keep_version

SEQUENCES = int(os.environ.get("VGEN_SLIPS", "1"))
LENGTH = 10
"""How many slips each sequence has."""

SPEED = 100.0
"""Predictions take less than a second, and the provider keeps them for half a minute."""


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Generator[tuple[Popen[str], Popen[str]]]:
    """Two programs whose children are commands: one may run while the other is stopped."""
    folder = tmp_path_factory.mktemp("programs")
    with forking(folder) as first, forking(folder) as second:
        yield first, second


@pytest.mark.parametrize("seed", range(8, 8 + SEQUENCES))
async def test_a_sequence_of_slips(
    programs: tuple[Popen[str], Popen[str]], tmp_path: Path, seed: int
) -> None:
    """By the provider's own books, each request is paid once, and no paid take is lost.

    That is so after each slip; in the end the same command is run again.
    """
    rng = Random(seed)  # noqa: S311 (reproducible)
    with simulated(speed=SPEED) as provider:
        first, second = (Commands(each, tmp_path, provider.variables) for each in programs)
        person = Person(first, second, Books(provider.simulator), rng, uuid4())
        assert await person.run(*FULL, "--budget", AMPLE) == 0
        keep_version(person)
        for slip in rng.choices(SLIPS, k=LENGTH):
            first.note(f"# {slip.__name__}")
            await slip(person)
            await person.check()
            keep_version(person)
        await person.goes_on(*FULL, "--budget", AMPLE)
        await person.check()
