"""The backends of the core keep the port's contract."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import numpy as np
from attrs import evolve
from trio.abc import Clock
from trio.testing import MockClock

from vgen.abc import Capabilities, ClipRequest, Image, Price, RenderBackend, VideoBackend
from vgen.testing import CAPABILITIES, FakeBackend, Succeed, image_only, stand_in
from vgen.testing.contracts import BackendContract
from vgen.video import Encoder


class TestFakeBackend(BackendContract):
    """The fake, which is its own provider, so that all instances are the same one."""

    fake: FakeBackend | None = None
    capabilities = CAPABILITIES

    def clock(self) -> Clock:
        return MockClock(autojump_threshold=0)

    def make(self) -> VideoBackend:
        self.fake = self.fake or FakeBackend(
            default=Succeed(after=3), capabilities=self.capabilities, latency=0.5
        )
        return self.fake


class TestFakeThatTakesImagesOnly(TestFakeBackend):
    """A fake with capabilities like those of Stable Video Diffusion."""

    capabilities = evolve(
        image_only(), durations=(2.0, 3.5), any_duration=False, durable_tickets=False
    )


def draw(
    request: ClipRequest, image: Image | None, path: Path, progress: Callable[[float], None]
) -> None:
    """Fade to white."""
    frames = max(1, round(request.duration * request.fps))
    size = (request.height, request.width, 3)
    ramp = np.linspace(0, 120, request.width, dtype=np.uint8)[None, :, None]
    with Encoder(path, width=request.width, height=request.height, fps=request.fps) as encoder:
        for number in range(frames):
            encoder.write(np.broadcast_to(ramp + number, size).astype(np.uint8))
            progress((number + 1) / frames)


class TestRenderBackend(BackendContract):
    """The adapter, around a small drawing function, at a price."""

    def make(self) -> VideoBackend:
        can = Capabilities(text=True, image=True, durations=(0.2, 30.0), any_duration=True)
        return stand_in(
            RenderBackend(
                "drawn", draw, capabilities=can, price=Price(Decimal("0.10"), Decimal("0.03"))
            )
        )
