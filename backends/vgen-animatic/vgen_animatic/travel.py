"""A tilt over a tall picture, or a pan over a wide one; without parallax edges stay straight."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from attrs import frozen
from PIL import Image

from vgen_animatic.arrays import ease
from vgen_animatic.camera import Camera, Move

Shot = Callable[[float, float], Image.Image]
"""What is shown after so many seconds and a fraction of the clip."""

Box = tuple[float, float, float, float]

PACE = 0.34
"""How far the camera goes with an ordinary motion, in windows a second."""

SAMPLES = 256
"""In how many places along its longer side a picture is searched for what there is to see."""


def travelling(
    picture: Image.Image, camera: Camera, width: int, height: int, seconds: float
) -> Shot:
    """Move the frame along the picture, over the stretch that has most to see.

    It goes as far as the clip's length allows at a calm pace.
    """
    strip = Strip(picture, width / height).shrunk(width, height)
    room = strip.length - strip.window
    stroke = min(room, PACE * seconds * strip.window * camera.strength)
    start = strip.busiest(strip.window + stroke)
    forwards = camera.move in (Move.TILT_DOWN, Move.PAN_RIGHT)

    def shot(_seconds: float, fraction: float) -> Image.Image:
        way = ease(fraction)
        box = strip.box(start + stroke * (way if forwards else 1.0 - way))
        # Enlarged frame by frame: of a long strip as a whole it could take gigabytes.
        return strip.picture.resize((width, height), Image.Resampling.BICUBIC, box)

    return shot


def busiest_window(picture: Image.Image, shape: float) -> Image.Image:
    """Cut a picture to a shape, width by height, where it has most to see."""
    strip = Strip(picture, shape)
    left, top, right, bottom = map(round, strip.box(strip.busiest(strip.window)))
    return picture.crop((left, top, max(right, left + 1), max(bottom, top + 1)))


@frozen
class Strip:
    """A picture that is longer than a window of some shape, which it is as wide as otherwise."""

    picture: Image.Image
    shape: float

    @property
    def is_tall(self) -> bool:
        """Whether the window moves up and down."""
        return self.picture.width < self.picture.height * self.shape

    @property
    def length(self) -> int:
        """The side along which the window moves, in pixels."""
        return self.picture.height if self.is_tall else self.picture.width

    @property
    def window(self) -> float:
        """How much of the length is seen at once."""
        return self.picture.width / self.shape if self.is_tall else self.picture.height * self.shape

    def box(self, place: float) -> Box:
        """Return the window that begins at `place` along the length."""
        wide, high = self.picture.size
        end = min(place + self.window, self.length)
        return (0.0, place, wide, end) if self.is_tall else (place, 0.0, end, high)

    def shrunk(self, width: int, height: int) -> Strip:
        """Return it with no more pixels than such a frame can show."""
        wide, high = self.picture.size
        scale = width / wide if self.is_tall else height / high
        if scale >= 1.0:
            return self
        size = (max(round(wide * scale), 1), max(round(high * scale), 1))
        return Strip(self.picture.resize(size, Image.Resampling.LANCZOS), self.shape)

    def busiest(self, stretch: float) -> float:
        """Return where a stretch of the length begins that has most to see, most centrally."""
        across = min(SAMPLES, *self.picture.size)
        size = (across, SAMPLES) if self.is_tall else (SAMPLES, across)
        small = self.picture.convert("L").resize(size, Image.Resampling.BOX)
        grey = np.pad(np.asarray(small, dtype=np.float32), 1, mode="edge")
        down, along = np.gradient(grey)
        steps = np.hypot(down, along)[1:-1, 1:-1].sum(axis=1 if self.is_tall else 0)
        seen = np.concatenate([[0.0], np.cumsum(steps)])
        starts = np.linspace(0.0, self.length - stretch, SAMPLES)
        places = np.arange(SAMPLES + 1) * (self.length / SAMPLES)
        found = np.interp(starts + stretch, places, seen) - np.interp(starts, places, seen)
        central = np.abs(np.linspace(-1.0, 1.0, SAMPLES))
        return float(starts[np.argmax(found - (1e-3 * seen[-1] + 1e-6) * central)])
