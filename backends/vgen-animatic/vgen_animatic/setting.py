"""What all scenes share: their light, their sky, their weather and their small life."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from attrs import frozen

from vgen_animatic.arrays import Floats
from vgen_animatic.director import Direction
from vgen_animatic.layer import Layer, Stage
from vgen_animatic.moods import Palette
from vgen_animatic.moving import Flock, Light, Lights
from vgen_animatic.noise import Rng
from vgen_animatic.props import bird
from vgen_animatic.scene import Part
from vgen_animatic.sky import Lamp, backdrop, cloud_deck, stars
from vgen_animatic.sprite import glow
from vgen_animatic.terrain import mist
from vgen_animatic.weather import rain, snow

LOW_SUN = ("sunset", "dawn", "dusk")
CLOUD_COVER = {"storm": 0.85, "fog": 0.5, "desert": 0.25, "night": 0.32, "neon": 0.35}
STARS = {"night": 340, "dusk": 100}
BIRDS = ("dawn", "day", "sunset", "autumn", "desert", "winter")


@frozen
class Setting:
    """A scene's direction together with what follows from it and the size of the frame."""

    direction: Direction
    stage: Stage
    palette: Palette
    horizon: float
    lamp: Lamp

    @property
    def line(self) -> float:
        """The row of the horizon in pixels."""
        return self.horizon * self.stage.height

    @property
    def shady(self) -> float:
        """The side away from the light: 1 is to the right, -1 to the left."""
        return 1.0 if self.lamp.x < 0.5 else -1.0

    def rng(self, part: str) -> Rng:
        """The random generator for one part of the scene."""
        return self.direction.rng(part)


def setting(direction: Direction, width: int, height: int, horizon: float) -> Setting:
    """Light the scene: the lamp stands on a vertical third, and the camera moves towards it."""
    rng = direction.rng("lamp")
    x = float(rng.choice([0.27, 0.33, 0.67, 0.73])) + float(rng.uniform(-0.03, 0.03))
    low = direction.mood in LOW_SUN
    moon = direction.mood in ("night", "neon")
    drop = float(rng.uniform(0.10, 0.19)) if low else float(rng.uniform(0.30, 0.40))
    radius = float(rng.uniform(0.045, 0.062)) if low else float(rng.uniform(0.032, 0.042))
    bite = float(rng.choice([0.0, 0.5, -0.5])) if moon else 0.0
    veiled = direction.mood in ("storm", "fog") or direction.weather != "clear"
    lamp = Lamp(x, horizon - drop, radius, moon, bite, veiled)
    stage = Stage(width, height, (x, horizon - 0.04))
    return Setting(direction, stage, direction.palette(), horizon, lamp)


def sky(s: Setting, extra: Floats | None = None) -> Layer:
    """The backdrop: the graded sky with its lamp, its stars where it is dark, and `extra` light."""
    count = STARS.get(s.direction.mood, 0) if s.direction.weather == "clear" else 0
    light = np.zeros((s.stage.height, s.stage.width, 3), dtype=np.float32)
    if extra is not None:
        light += extra
    if count:
        light += stars(s.stage, s.rng("stars"), s.horizon, count)
    return backdrop(s.stage, s.palette, s.horizon, s.lamp, light)


def heavens(s: Setting) -> Iterator[Part]:
    """The stars that twinkle, where it is dark enough, then the clouds."""
    mood = s.direction.mood
    if mood in STARS and s.direction.weather == "clear":
        yield _twinkling(s, STARS[mood] // 28)
    cover = CLOUD_COVER.get(mood, 0.46) + (0.25 if s.direction.weather == "rain" else 0.0)
    bottom = min(s.horizon - 0.08, 0.46)
    yield cloud_deck(
        s.stage, s.palette, s.rng("clouds"), top=-0.03, bottom=bottom, cover=min(cover, 0.9)
    )


def _twinkling(s: Setting, count: int) -> Lights:
    rng = s.rng("twinkle")
    size = s.stage.unit / 576.0
    lights = tuple(
        Light(
            x * s.stage.width,
            0.75 * y * s.line,
            size * (0.08 + 0.07 * luck),
            (240, 244, 255),
            swing=0.85,
            rate=0.25 + 0.5 * luck,
            phase=phase,
        )
        for x, y, luck, phase in rng.random((count, 4)).tolist()
    )
    return Lights(lights, glow(0.16), 0.0)


def birds(s: Setting) -> Iterator[Part]:
    """A few birds far away, by day and at random, or where the prompt names them."""
    rng = s.rng("birds")
    wanted = s.direction.mood in BIRDS and s.direction.weather == "clear" and rng.random() < 0.6
    if not (wanted or s.direction.has("birds")):
        return
    unit = s.stage.unit
    count, span = int(rng.integers(4, 8)), 0.03 * unit
    side = s.shady
    x, y = (0.5 - 0.05 * side) * s.stage.width, float(rng.uniform(0.24, 0.36)) * s.stage.height
    places = tuple(
        (
            x - side * (i // 2 + i % 2) * span * 1.25 + float(rng.normal(0, 0.15)) * span,
            y + (-1) ** i * (i // 2 + i % 2) * span * 0.62 + float(rng.normal(0, 0.12)) * span,
            float(rng.random()),
        )
        for i in range(count)
    )
    wings = tuple(bird(span, math.cos(math.tau * step / 8)) for step in range(8))
    colour = s.palette.land.mix(s.palette.haze, 0.3).rgb
    yield Flock(places, wings, colour, 0.1, side * 0.02 * unit)


def bank(s: Setting, part: str, y: float, height: float, depth: float, strength: float) -> Layer:
    """A bank of mist in the colour of the haze; `y` and `height` are fractions of the frame."""
    thick = 1.5 if s.direction.weather == "fog" or s.direction.mood == "fog" else 1.0
    colour = s.palette.haze.lighter(0.03)
    tall = s.stage.height
    return mist(
        s.stage,
        s.rng(part),
        colour,
        y=y * tall,
        height=height * tall * thick,
        depth=depth,
        strength=min(strength * thick, 0.92),
    )


def weather(s: Setting) -> tuple[Part, ...]:
    """What falls, before everything else."""
    if s.direction.weather == "rain":
        return rain(s.stage, s.rng("rain"), s.palette.cloud.lighter(0.25).rgb)
    if s.direction.weather == "snow":
        return snow(s.stage, s.rng("snow"), (250, 252, 255))
    return ()
