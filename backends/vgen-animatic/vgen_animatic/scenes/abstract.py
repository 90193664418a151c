"""Sheets of paper cut in waves, one before the other, around a light."""

from __future__ import annotations

import math

import numpy as np
from attrs import evolve, frozen
from PIL import Image

from vgen_animatic.arrays import Floats, grid, smoothstep, to_paint
from vgen_animatic.camera import View
from vgen_animatic.director import Direction
from vgen_animatic.layer import Layer, Stage
from vgen_animatic.moving import Light, Lights
from vgen_animatic.noise import Rng
from vgen_animatic.palette import Colour
from vgen_animatic.scene import Part, Scene
from vgen_animatic.setting import Setting, setting, sky
from vgen_animatic.sprite import glow

SHEETS = 6
PERIOD = 1.6
SPARE = 0.07
DOWN = 0.7
"""Rows of a sheet for one of the frame: its edge is smooth, and drawing it costs by the row."""
SHADOW = 0.055
HARMONICS = (2, 3, 5, 8)


@frozen
class Sheet:
    """A layer that also rises and falls, by `swing` pixels."""

    layer: Layer
    swing: float
    rate: float
    phase: float

    def draw(self, frame: Image.Image, stage: Stage, view: View, seconds: float) -> None:
        """Put it onto `frame`."""
        lift = self.swing * math.sin(self.rate * seconds + self.phase)
        evolve(self.layer, top=self.layer.top + lift).draw(frame, stage, view, seconds)


def build(direction: Direction, width: int, height: int) -> Scene:
    """Set up the sheets in the colours of the mood's sky and water."""
    s = setting(direction, width, height, 0.82)
    crests = [_crest(s, number) for number in range(SHEETS)]
    foot = np.full(1, 1.16 * height)
    pairs = zip(crests, (*crests[1:], foot), strict=True)
    sheets = [_sheet(s, number, *pair) for number, pair in enumerate(pairs)]
    parts: tuple[Part, ...] = (*sheets[:3], _motes(s), *sheets[3:])
    lamp = evolve(s.lamp, y=0.34, radius=0.11, bite=0.0, veiled=False)
    return Scene(s.stage, sky(evolve(s, lamp=lamp)), parts)


def _crest(s: Setting, number: int) -> Floats:
    """The upper edge of a sheet over one period, as the y of each column in pixels."""
    near = number / (SHEETS - 1)
    period = math.ceil(PERIOD * s.stage.width)
    wave = _wave(s.rng(f"crest {number}"), grid(0.0, period, float(period)))
    return (0.44 + 0.46 * near) * s.stage.height - (0.125 - 0.045 * near) * s.stage.unit * wave


def _sheet(s: Setting, number: int, crest: Floats, following: Floats) -> Sheet:
    """One sheet, as deep as it can be seen above the lowest point of the one that follows."""
    near = number / (SHEETS - 1)
    bottom = float(following.max()) + SPARE * s.stage.unit
    layer = _paper(crest, bottom, _colour(s, near), s.stage.unit)
    wide = Image.new("RGBa", (len(crest) + math.ceil(1.2 * s.stage.width), layer.paint.height))
    for left in (0, len(crest)):
        wide.paste(layer.paint, (left, 0))
    speed = (0.03 + 0.03 * near) * s.stage.width * (1.0 if number % 2 else -1.0)
    depth, period = 0.1 + 0.8 * near, float(len(crest))
    layer = evolve(layer, paint=wide, depth=depth, speed=speed, period=period)
    rng = s.rng(f"swing {number}")
    swing, rate, phase = rng.uniform((0.014, 0.6, 0.0), (0.026, 1.1, math.tau)).tolist()
    return Sheet(layer, swing * s.stage.unit, rate, phase)


def _wave(rng: Rng, x: Floats) -> Floats:
    """A smooth wave that repeats itself after 1, about -1..1."""
    total = np.zeros_like(x)
    for harmonic in HARMONICS:
        phase = float(rng.uniform(0.0, math.tau))
        share = float(rng.uniform(0.5, 1.0)) / harmonic
        total += np.sin(math.tau * harmonic * x + phase) * share
    return np.asarray(total * 1.4, dtype=np.float32)


def _colour(s: Setting, near: float) -> Colour:
    """From the horizon's colour, by way of the upper sky, to the depth of the water."""
    stops = [
        s.palette.sky[2][1],
        s.palette.sky[1][1],
        s.palette.sky[0][1],
        s.palette.water,
        s.palette.land,
    ]
    place = near * (len(stops) - 1)
    index = min(int(place), len(stops) - 2)
    return stops[index].mix(stops[index + 1], place - index)


def _paper(crest: Floats, bottom: float, colour: Colour, unit: float) -> Layer:
    """A sheet below `crest`, light along its edge, with a soft shadow on what is behind it."""
    reach = SHADOW * unit
    first = math.floor(float(crest.min()) - 2.2 * reach)
    y = grid(first, max(math.ceil((bottom - first) * DOWN), 4), DOWN)
    deep = y[:, None] - crest[None, :]
    solid = np.clip(deep * DOWN + 0.5, 0.0, 1.0)
    shadow = (
        0.34 * np.exp(-np.maximum(-deep, 0.0) / reach * 2.2) * smoothstep(-2.0 * reach, 0.0, deep)
    )
    alpha = solid + shadow * (1.0 - solid)
    edge = 1.0 - np.clip(deep / (0.30 * unit), 0.0, 1.0)
    light, base = colour.lighter(0.075).array, colour.array
    paper = base + (light - base) * (edge**1.6)[..., None]
    dark = colour.lighter(-0.30).array
    paint = dark + (paper - dark) * (solid / np.maximum(alpha, 1e-6))[..., None]
    return Layer(to_paint(paint, alpha), first, 0.0, 0.0, (1.0, DOWN))


def _motes(s: Setting) -> Lights:
    """Specks of light that drift in the air."""
    size = s.stage.unit / 576.0
    colour = s.palette.light.rgb
    lights = tuple(
        Light(
            x * s.stage.width,
            (0.1 + 0.65 * y) * s.stage.height,
            size * (0.06 + 0.22 * luck**3),
            colour,
            swing=0.7,
            rate=0.1 + 0.2 * luck,
            phase=phase,
            stray=40.0 * size,
            opacity=0.75,
        )
        for x, y, luck, phase in s.rng("motes").random((18, 4)).tolist()
    )
    return Lights(lights, glow(0.3), 0.4)
