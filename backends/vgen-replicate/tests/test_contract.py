"""Both models pass the contract of backends, at the simulator."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from vgen.abc import Image, VideoBackend
from vgen.testing import stand_in
from vgen.testing.contracts import BackendContract
from vgen_replicate import CogVideoX, StableVideoDiffusion

from .pictures import png_image
from .server import RunningSimulator, running_simulator

SPEED = 2000
QUIET = 0.1


@pytest.fixture(scope="module")
def service() -> Generator[RunningSimulator]:
    """One simulator for all tests of this file."""
    with running_simulator(speed=SPEED) as service:
        yield service


class TestStableVideoDiffusion(BackendContract):
    """Clips from an image, whose length the frame rate sets."""

    @pytest.fixture(autouse=True)
    def _service(self, service: RunningSimulator) -> None:
        self.service = service

    def make(self) -> VideoBackend:
        return stand_in(StableVideoDiffusion(**self.service.access, quiet=QUIET))

    def lengths(self) -> tuple[float, ...]:
        made = self.make().capabilities.durations
        return made[0], made[len(made) // 2], made[-1]


class TestCogVideoX(BackendContract):
    """Clips from an image and text."""

    @pytest.fixture(autouse=True)
    def _service(self, service: RunningSimulator) -> None:
        self.service = service

    def make(self) -> VideoBackend:
        return stand_in(CogVideoX(**self.service.access, quiet=QUIET))

    def picture(self) -> Image | None:
        return png_image()
