"""Lights of the night sky: the galaxy, the aurora and meteors."""

from __future__ import annotations

import math
from typing import Self

import numpy as np
from attrs import frozen
from PIL import Image

from vgen_animatic.arrays import Floats, grid, to_paint
from vgen_animatic.camera import View
from vgen_animatic.layer import Layer, Stage
from vgen_animatic.noise import Rng, clouds
from vgen_animatic.palette import Colour
from vgen_animatic.sprite import Sprite, glow

COLUMNS, ROWS = 160, 64
LOW, HIGH = Colour(0.86, 0.20, 158), Colour(0.62, 0.20, 310)
TRAIL = 14
METEOR = (255, 250, 240)


def milky_way(stage: Stage, rng: Rng, colour: Colour, lean: float) -> Floats:
    """A slanting band of faint light with a lane of dust in it: (height, width, 3).

    It leans to the right (`lean` 1) or to the left (-1).
    """
    rough = Image.fromarray(clouds(rng, 128, 256, falloff=1.5))
    noise = np.asarray(rough.resize((stage.width, stage.height), Image.Resampling.BICUBIC))
    x = (grid(0.0, stage.width, 1.0) - 0.5 * stage.width)[None, :] / stage.unit
    y = (grid(0.0, stage.height, 1.0) - 0.38 * stage.height)[:, None] / stage.unit
    tilt = float(rng.uniform(0.5, 0.9)) * lean
    away = y * math.cos(tilt) - x * math.sin(tilt)
    band = np.exp(-((away / 0.17) ** 2)) * (0.25 + 0.75 * noise)
    dust = np.exp(-(((away - 0.02) / 0.05) ** 2)) * noise[::-1, ::-1]
    light = np.clip(band - 0.55 * dust, 0.0, 1.0)[..., None]
    return np.asarray(light * colour.array, dtype=np.float32)


@frozen
class Aurora:
    """Curtains of light that wave above the horizon, which is at `foot` in pixels."""

    foot: float
    waves: Floats

    @classmethod
    def seeded(cls, rng: Rng, foot: float) -> Self:
        """An aurora of two curtains."""
        return cls(foot, rng.uniform(0.0, math.tau, (2, 4)).astype(np.float32))

    def draw(self, frame: Image.Image, stage: Stage, view: View, seconds: float) -> None:
        """Put it onto `frame`."""
        x = grid(0.0, COLUMNS, float(COLUMNS))[None, :]
        y = grid(0.0, ROWS, float(ROWS))[:, None]
        light = np.zeros((ROWS, COLUMNS), dtype=np.float32)
        for number, phases in enumerate(self.waves.tolist()):
            light += self._curtain(x, y, number, phases, seconds)
        blend = np.clip((0.72 - y) / 0.5, 0.0, 1.0)[..., None]
        paint = np.broadcast_to(LOW.array + (HIGH.array - LOW.array) * blend, (ROWS, COLUMNS, 3))
        picture = to_paint(paint.astype(np.float32), np.clip(light, 0.0, 0.8))
        scale = (COLUMNS / stage.width, ROWS / self.foot)
        Layer(picture, 0.0, 0.0, 0.0, scale).draw(frame, stage, view, seconds)

    def _curtain(
        self, x: Floats, y: Floats, number: int, phases: list[float], seconds: float
    ) -> Floats:
        one, two, three, four = phases
        t = 0.35 * seconds
        hem = 0.70 - 0.16 * number + 0.09 * np.sin(4.1 * x + one + t)
        hem = hem + 0.04 * np.sin(9.7 * x + two - 1.3 * t)
        rays = (
            0.62
            + 0.22 * np.sin(37.0 * x + three + 2.2 * t)
            + 0.16 * np.sin(71.0 * x + four - 3.1 * t)
        )
        gain = 0.55 + 0.45 * np.sin(2.3 * x + two + 0.6 * t)
        up = hem - y
        glow_up = np.exp(-np.maximum(up, 0.0) / 0.24) * np.clip(1.0 + up / 0.035, 0.0, 1.0)
        return np.asarray(glow_up * rays * gain * 0.62, dtype=np.float32)


@frozen
class Meteor:
    """A shooting star, again and again after some seconds; its path is in pixels."""

    x: float
    y: float
    way: tuple[float, float]
    every: float
    phase: float
    size: float
    head: Sprite

    @classmethod
    def seeded(cls, stage: Stage, rng: Rng) -> Self:
        """A meteor that crosses a part of the upper sky."""
        side = 1.0 if rng.random() < 0.5 else -1.0
        x = (0.5 - side * float(rng.uniform(0.1, 0.3))) * stage.width
        y = float(rng.uniform(0.06, 0.2)) * stage.height
        way = (side * 0.36 * stage.unit, 0.16 * stage.unit)
        every, phase = rng.uniform((3.5, 0.2), (6.0, 1.5)).tolist()
        return cls(x, y, way, every, phase, stage.unit / 576.0, glow(0.2))

    def draw(self, frame: Image.Image, stage: Stage, view: View, seconds: float) -> None:
        """Put it onto `frame` while it flies."""
        passed = ((seconds - self.phase) % self.every) / 0.7
        if passed > 1.35:
            return
        for step in range(TRAIL):
            way = passed - 0.022 * step
            if not 0.0 < way < 1.0:
                continue
            x, y, _ = stage.place(view, 0.0, self.x + self.way[0] * way, self.y + self.way[1] * way)
            fade = math.sin(math.pi * way) * (1.0 - step / TRAIL) ** 1.5
            size = self.size * (0.16 - 0.007 * step)
            self.head.shine(frame, x, y, size, METEOR, fade)
