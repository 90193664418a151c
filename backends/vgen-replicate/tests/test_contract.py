"""Both models keep what the port promises, on the simulated service."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from vgen.abc import Image, VideoBackend
from vgen.testing import stand_in
from vgen.testing.contracts import BackendContract
from vgen_replicate import CogVideoX, StableVideoDiffusion

from .pictures import a_picture
from .served import Served, served

SPEED = 2000
QUIET = 0.1


@pytest.fixture(scope="module")
def service() -> Generator[Served]:
    """One service for all tests of this file."""
    with served(speed=SPEED) as service:
        yield service


class TestStableVideoDiffusion(BackendContract):
    """From an image, as long as its frame rate makes it."""

    @pytest.fixture(autouse=True)
    def _service(self, service: Served) -> None:
        self.service = service

    def make(self) -> VideoBackend:
        return stand_in(StableVideoDiffusion(**self.service.access, quiet=QUIET))

    def lengths(self) -> tuple[float, ...]:
        made = self.make().capabilities.durations
        return made[0], made[len(made) // 2], made[-1]


class TestCogVideoX(BackendContract):
    """From an image and text."""

    @pytest.fixture(autouse=True)
    def _service(self, service: Served) -> None:
        self.service = service

    def make(self) -> VideoBackend:
        return stand_in(CogVideoX(**self.service.access, quiet=QUIET))

    def picture(self) -> Image | None:
        return a_picture()
