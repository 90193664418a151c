"""The open sea, a bay or a harbour."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from vgen_animatic.arrays import Floats
from vgen_animatic.director import Direction
from vgen_animatic.layer import Layer
from vgen_animatic.moving import Beam, Light, Lights, Standing, wedge
from vgen_animatic.near import WARM
from vgen_animatic.palette import Colour
from vgen_animatic.props import lighthouse, sailboat
from vgen_animatic.scene import Part, Scene
from vgen_animatic.setting import Setting, bank, birds, heavens, setting, sky, weather
from vgen_animatic.sprite import glow
from vgen_animatic.terrain import facets, ground, hills, mountains, positions
from vgen_animatic.water import sea

CAPE = 0.1
WHITE, RED = Colour(0.93, 0.015, 80), Colour(0.52, 0.15, 25)


def build(direction: Direction, width: int, height: int) -> Scene:
    """Set up a seascape with its horizon on one of the thirds."""
    rng = direction.rng("sea")
    s = setting(direction, width, height, float(rng.choice([0.45, 0.56])))
    calm = 0.1 if direction.mood == "storm" else float(rng.uniform(0.3, 0.8))
    path = None if direction.mood == "storm" else s.lamp.x
    water = sea(s.stage, s.palette, s.rng("waves"), horizon=s.horizon, path=path, calm=calm)
    parts = (*heavens(s), *_coast(s), *birds(s), water, *_life(s), *weather(s))
    return Scene(s.stage, sky(s), parts)


def _coast(s: Setting) -> Iterator[Part]:
    """Far islands in the haze."""
    rng = s.rng("islands")
    if not (s.direction.has("island") or rng.random() < 0.65):
        return
    x = positions(s.stage) / s.stage.width
    for number in range(2):
        rise = (0.11 if s.direction.has("island") else 0.065) * (1.0 - 0.35 * number) * s.stage.unit
        form = mountains(s.rng(f"island {number}"), x, 1.6 + number)
        crest = s.line + 2.0 - rise * (1.9 * form - 0.75).clip(-0.1, None)
        tone = s.palette.haze.mix(s.palette.land, 0.22 + 0.2 * number)
        lit = facets(s.stage, s.rng(f"cliffs {number}"), crest, s.line + 4.0, -1.0, rough=True)
        yield ground(
            s.stage,
            crest,
            bottom=s.line + 4.0,
            tones=(tone, tone.mix(s.palette.haze, 0.5)),
            depth=0.02 + 0.02 * number,
            relief=lit * 6.0,
            reach=0.1,
        )
    yield bank(s, "sea mist", s.horizon, 0.03, 0.0, 0.5)


def _life(s: Setting) -> Iterator[Part]:
    rng = s.rng("life")
    tower = s.direction.has("lighthouse") or (not s.direction.has("boat") and rng.random() < 0.3)
    if s.direction.has("boat", "lighthouse") or not tower or rng.random() < 0.3:
        yield from _boats(s, 0.17 if tower else 0.30)
    if tower:
        yield from _headland(s)


def _boats(s: Setting, away: float) -> Iterator[Part]:
    """One sailing boat `away` from the light (in widths), and perhaps a second far off."""
    rng = s.rng("boats")
    side = s.shady
    hull = s.palette.land.mix(s.palette.haze, 0.1)
    sail = s.palette.light.mix(s.palette.haze, 0.35) if not s.palette.dark else s.palette.haze
    for number in range(1 + int(rng.integers(2))):
        size = (0.2, 0.075)[number] * s.stage.unit * float(rng.uniform(0.85, 1.1))
        x = s.lamp.x + side * (away, 0.09)[number] + float(rng.uniform(-0.04, 0.04))
        y = s.line + (0.115, 0.022)[number] * s.stage.height
        boat = sailboat(size, hull.mix(s.palette.haze, 0.35 * number), sail)
        depth = (0.3, 0.08)[number]
        drift, bob = -side * 0.006 * s.stage.width * depth * 3, 0.012 * size
        yield Standing(boat.mirrored(0.3), x * s.stage.width, y, depth, drift, bob)
        yield Standing(boat, x * s.stage.width, y, depth, drift, bob)


def _headland(s: Setting) -> Iterator[Part]:
    """A dark cape with a lighthouse."""
    side = s.shady
    middle = (0.5 + 0.37 * side) * s.stage.width
    unit, tall = s.stage.unit, s.stage.height
    x = positions(s.stage)
    away = (x - middle) * side / unit + 0.42
    rise = 1.0 - np.exp(-3.2 * away.clip(0.0, None))
    rough = hills(s.rng("cape"), x / s.stage.width, 7.0)
    crest = s.line + CAPE * tall + 2.0 - unit * rise * (0.10 + 0.03 * rough + 0.03 * away)
    yield _cape(s, crest)
    foot = float(crest[int(abs(x - middle).argmin())]) + 0.006 * unit
    high = 0.30 * unit
    wall = WHITE.mix(s.palette.haze, 0.3).mix(s.palette.land, 0.45 if s.palette.dark else 0.12)
    band = RED.mix(s.palette.land, 0.45 if s.palette.dark else 0.15)
    yield Standing(lighthouse(high, wall, band, s.palette.lamp), middle, foot, 0.2)
    lamp = foot - 0.85 * high
    if s.palette.dark or s.direction.mood in ("storm", "fog", "sunset"):
        yield Beam(middle, lamp, 0.2, (255, 238, 196), wedge(), 0.75 * unit, glow(), unit / 360.0)
    yield Lights((Light(middle, lamp, unit / 900.0, WARM, opacity=0.8),), glow(0.1), 0.2)


def _cape(s: Setting, crest: Floats) -> Layer:
    tone = s.palette.land.mix(s.palette.haze, 0.08)
    bottom = s.line + CAPE * s.stage.height
    return ground(
        s.stage, crest, bottom=bottom, tones=(tone.lighter(0.02), tone.lighter(-0.05)), depth=0.2
    )
