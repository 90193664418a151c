"""A plug-in for the tests, written with public names only; prompts control how it behaves."""

from __future__ import annotations

import os
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import numpy as np
from attrs import evolve

from vgen.abc import Capabilities, ClipRequest, Image, Price, Quote, RenderBackend
from vgen.errors import ConfigurationError, GenerationError
from vgen.testing import stand_in, tiny_clip
from vgen.video import Encoder

SIDE = 64


def render(
    request: ClipRequest, _image: Image | None, path: Path, progress: Callable[[float], None]
) -> None:
    """Draw a small clip of coloured bars that move, or hand over one in WebM."""
    _behave(request.prompt, progress)
    if "webm" in request.prompt:
        path.write_bytes(tiny_clip(request.duration, container="webm"))
        return
    frames = round(request.duration * request.fps)
    ramp = np.linspace(0, 255, SIDE, dtype=np.uint8)
    ramp = np.roll(ramp, len(request.prompt))
    bars = np.dstack([np.tile(ramp, (SIDE, 1)), np.tile(ramp[:, None], SIDE), np.eye(SIDE) * 255])
    with Encoder(path, width=SIDE, height=SIDE, fps=request.fps) as encoder:
        for number in range(frames):
            shift = 0 if "still" in request.prompt else 3 * number
            encoder.write(np.roll(bars.astype(np.uint8), shift, axis=1))
            progress((number + 1) / frames)


def _behave(prompt: str, progress: Callable[[float], None]) -> None:
    if "refused" in prompt:
        raise GenerationError("the [red]model[/] refuses\x1b[2J it")
    if "broken" in prompt:
        raise KeyError("a bug")
    if "needs the record" in prompt and not Path(prompt.rpartition(" ")[2]).is_file():
        raise GenerationError("there is no record yet")
    if "makes" in prompt:
        Path(prompt.rpartition(" ")[2]).mkdir()
    while "endless" in prompt and "TOY_PATIENCE" not in os.environ:
        progress(0.5)
    while "stubborn" in prompt:
        pass


class Toy(RenderBackend):
    """A free backend."""

    name = "toy"
    price: Price | None = None
    from_text = True

    def __init__(self) -> None:
        super().__init__(
            self.name,
            render,
            capabilities=Capabilities(
                text=self.from_text, image=True, durations=(0.1, 10.0), any_duration=True
            ),
            ignored=lambda _request: ("steps",),
            price=self.price,
            workers=3,
        )


class Paid(Toy):
    """A paid backend, whose provider is simulated."""

    name = "paid"
    price = Price(base=Decimal("0.10"), per_second=Decimal("0.033"))

    def __init__(self) -> None:
        super().__init__()
        stand_in(self)


class Billed(Paid):
    """A paid backend without a fixed price, for two durations."""

    name = "billed"

    def __init__(self) -> None:
        super().__init__()
        self.capabilities = evolve(self.capabilities, durations=(2.0, 6.1), any_duration=False)

    def quote(self, request: ClipRequest) -> Quote:
        """Return a quote that has only the most it can cost."""
        return evolve(super().quote(request), price=Price())


class FromImages(Toy):
    """A backend that needs an image."""

    name = "from-images"
    from_text = False


class Keyless(Toy):
    """A backend whose key is missing."""

    def __init__(self) -> None:
        raise ConfigurationError("KEYLESS_TOKEN: is not set")


class Priceless(Paid):
    """A backend whose quote raises."""

    name = "priceless"

    def quote(self, request: ClipRequest) -> Quote:
        """Fail."""
        del request
        raise KeyError("no price")
