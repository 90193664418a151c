"""Parts of a scene that move by themselves: boats, birds, lights and their beams."""

from __future__ import annotations

import math

import numpy as np
from attrs import frozen
from PIL import Image

from vgen_animatic.arrays import smoothstep, to_mask
from vgen_animatic.camera import View
from vgen_animatic.layer import Stage
from vgen_animatic.palette import RGB
from vgen_animatic.sprite import Sprite

FLAPS = 6


@frozen
class Standing:
    """A thing at a point of a plane, in pixels; it may drift (pixels a second) and bob (pixels)."""

    sprite: Sprite
    x: float
    y: float
    depth: float
    drift: float = 0.0
    bob: float = 0.0

    def draw(self, frame: Image.Image, stage: Stage, view: View, seconds: float) -> None:
        """Put it onto `frame`."""
        lift = self.bob * (math.sin(1.1 * seconds) + 0.5 * math.sin(1.9 * seconds + 1.0))
        x, y, zoom = stage.place(view, self.depth, self.x + self.drift * seconds, self.y + lift)
        self.sprite.draw(frame, x, y, zoom)


@frozen
class Light:
    """One light: its place in pixels, its size, and how it changes.

    Its brightness swings by `swing` around the rest, `rate` times a second; it wanders by `stray`
    pixels.
    """

    x: float
    y: float
    size: float
    colour: RGB
    swing: float = 0.0
    rate: float = 0.5
    phase: float = 0.0
    stray: float = 0.0
    opacity: float = 1.0


@frozen
class Lights:
    """Lights on one plane: stars that twinkle, beacons, fireflies, lamps."""

    lights: tuple[Light, ...]
    sprite: Sprite
    depth: float

    def draw(self, frame: Image.Image, stage: Stage, view: View, seconds: float) -> None:
        """Put them onto `frame`."""
        for light in self.lights:
            turn = math.tau * (light.rate * seconds + light.phase)
            aside = light.stray * math.sin(0.31 * turn + 5.0 * light.phase)
            lift = light.stray * math.sin(0.23 * turn + 9.0 * light.phase)
            x, y, zoom = stage.place(view, self.depth, light.x + aside, light.y + lift)
            shine = light.opacity * (1.0 - light.swing * (0.5 + 0.5 * math.sin(turn)))
            self.sprite.shine(frame, x, y, light.size * zoom, light.colour, shine)


@frozen
class Beam:
    """The two turning beams of a lighthouse, seen from the side."""

    x: float
    y: float
    depth: float
    colour: RGB
    wedge: Image.Image
    reach: float
    flash: Sprite
    size: float
    rate: float = 0.13

    def draw(self, frame: Image.Image, stage: Stage, view: View, seconds: float) -> None:
        """Put them onto `frame`, and a flash when one looks this way."""
        x, y, zoom = stage.place(view, self.depth, self.x, self.y)
        turn = math.tau * self.rate * seconds + 0.6
        for side in (0.0, math.pi):
            long = math.cos(turn + side)
            self._ray(frame, x, y, long * self.reach * zoom, 0.75 * abs(long) ** 0.5)
        facing = abs(math.sin(turn)) ** 9
        self.flash.shine(frame, x, y, self.size * (0.3 + 0.7 * facing) * zoom, self.colour)

    def _ray(self, frame: Image.Image, x: float, y: float, long: float, opacity: float) -> None:
        if abs(long) < 4.0:
            return
        wedge = self.wedge if long > 0 else self.wedge.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        high = self.reach * 0.16
        size = (math.ceil(abs(long)), math.ceil(high))
        small = wedge.resize(size, Image.Resampling.BILINEAR)
        anchor = (0.0 if long > 0 else float(size[0]), size[1] / 2)
        Sprite(small, anchor).shine(frame, x, y, 1.0, self.colour, opacity)


def wedge() -> Image.Image:
    """A beam of light that widens to the right and fades away."""
    x = np.linspace(0.0, 1.0, 256, dtype=np.float32)[None, :]
    y = np.linspace(-1.0, 1.0, 64, dtype=np.float32)[:, None]
    spread = 0.06 + 0.8 * x
    return to_mask(smoothstep(1.0, 0.0, np.abs(y) / spread) * (1.0 - x) ** 1.4 * 0.6)


@frozen
class Flock:
    """Birds that cross the sky together."""

    places: tuple[tuple[float, float, float], ...]
    wings: tuple[Sprite, ...]
    colour: RGB
    depth: float
    speed: float

    def draw(self, frame: Image.Image, stage: Stage, view: View, seconds: float) -> None:
        """Put them onto `frame`."""
        for x, y, phase in self.places:
            lift = 0.006 * stage.unit * math.sin(0.8 * seconds + 7.0 * phase)
            at_x, at_y, zoom = stage.place(view, self.depth, x + self.speed * seconds, y + lift)
            beat = (1.7 * seconds + phase) % 1.0
            wing = self.wings[int(beat * len(self.wings))]
            wing.shine(frame, at_x, at_y, zoom * (0.8 + 0.3 * phase), self.colour)
