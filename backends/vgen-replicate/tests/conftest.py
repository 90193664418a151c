"""The simulator that the tests of a file share."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from vgen_replicate.simulator import Faults

from .helpers import SPEED
from .server import RunningSimulator, running_simulator


@pytest.fixture(scope="module")
def shared() -> Generator[RunningSimulator]:
    """One simulator for all tests of a file."""
    with running_simulator(speed=SPEED) as service:
        yield service


@pytest.fixture
def service(shared: RunningSimulator) -> Generator[RunningSimulator]:
    """The simulator, without faults unless a test sets them."""
    yield shared
    shared.simulator.faults = Faults()
