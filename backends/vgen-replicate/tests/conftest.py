"""The simulated service that the tests of a file share."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from vgen_replicate.simulator import Faults

from .bench import SPEED
from .served import Served, served


@pytest.fixture(scope="module")
def shared() -> Generator[Served]:
    """One service for all tests of a file."""
    with served(speed=SPEED) as service:
        yield service


@pytest.fixture
def service(shared: Served) -> Generator[Served]:
    """The service, at which nothing goes wrong but what a test says."""
    yield shared
    shared.simulator.faults = Faults()
