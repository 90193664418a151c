"""Both models pass the contract of backends, at the simulator."""

from __future__ import annotations

import ssl
from collections.abc import Generator

import httpx
import pytest

from vgen.abc import Image, VideoBackend
from vgen.testing import HttpWire, Wire, stand_in
from vgen.testing.contracts import BackendContract
from vgen_replicate import CogVideoX, StableVideoDiffusion

from .pictures import png_image
from .server import RunningSimulator, running_simulator

SPEED = 500
QUIET = 0.1


@pytest.fixture(scope="module")
def service() -> Generator[RunningSimulator]:
    """One simulator for all tests of this file."""
    with running_simulator(speed=SPEED) as service:
        yield service


def wire_to_service() -> HttpWire:
    """Lead to the simulator, and break where the contract wants it."""
    no_certificates = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # to load them takes 20 ms a test
    return HttpWire(httpx.AsyncHTTPTransport(verify=no_certificates), submits="/predictions")


class TestStableVideoDiffusion(BackendContract):
    """Clips from an image, whose length the frame rate sets."""

    @pytest.fixture(autouse=True)
    def _service(self, service: RunningSimulator) -> None:
        self.service, self.to_service = service, wire_to_service()

    def make(self) -> VideoBackend:
        access = self.service.access
        return stand_in(StableVideoDiffusion(**access, quiet=QUIET, transport=self.to_service))

    def wire(self) -> Wire:
        return self.to_service

    def lengths(self) -> tuple[float, ...]:
        made = self.make().capabilities.durations
        return made[0], made[len(made) // 2], made[-1]


class TestCogVideoX(BackendContract):
    """Clips from an image and text."""

    @pytest.fixture(autouse=True)
    def _service(self, service: RunningSimulator) -> None:
        self.service, self.to_service = service, wire_to_service()

    def make(self) -> VideoBackend:
        access = self.service.access
        return stand_in(CogVideoX(**access, quiet=QUIET, transport=self.to_service))

    def wire(self) -> Wire:
        return self.to_service

    def picture(self) -> Image | None:
        return png_image()
