"""The night sky over dark land, or a road through it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from vgen_animatic.arrays import grid, to_paint
from vgen_animatic.director import Direction
from vgen_animatic.layer import Layer
from vgen_animatic.near import MEADOW_DEPTH, far_shore, fireflies, home, meadow, near_woods
from vgen_animatic.nightsky import Aurora, Meteor, milky_way
from vgen_animatic.palette import Colour
from vgen_animatic.plants import Trees, woods
from vgen_animatic.road import Markings, Road, asphalt, traffic
from vgen_animatic.scene import Part, Scene
from vgen_animatic.setting import Setting, bank, heavens, setting, sky, weather
from vgen_animatic.sprite import glow
from vgen_animatic.terrain import ground, hills, mountains, positions
from vgen_animatic.water import mirror

BLACK = Colour(0.0, 0.0, 0.0)
SHORE = 0.8
SPEED = 4.5
HEADLIGHTS = np.array([255.0, 238.0, 200.0], dtype=np.float32)


def build(direction: Direction, width: int, height: int) -> Scene:
    """Set up a night: a road where the prompt speaks of one, else woods, perhaps with a lake."""
    drive = direction.has("road")
    s = setting(direction, width, height, 0.60 if drive else 0.71)
    lake = direction.has("lake") or direction.rng("lake").random() < 0.4
    body = _drive(s) if drive else _wilds(s, lake=lake)
    parts = (*_sky_life(s), *heavens(s), *_ranges(s), *body, *weather(s))
    return Scene(
        s.stage, sky(s, milky_way(s.stage, s.rng("milky way"), _galaxy(s), s.shady)), parts
    )


def _sky_life(s: Setting) -> Iterator[Part]:
    if s.direction.has("aurora"):
        yield Aurora.seeded(s.rng("aurora"), s.line)
    if s.direction.has("meteor") or s.rng("meteor").random() < 0.35:
        yield Meteor.seeded(s.stage, s.rng("meteor path"))


def _galaxy(s: Setting) -> Colour:
    return s.palette.sky[-1][1].mix(BLACK, 0.35 if s.direction.mood == "night" else 0.7)


def _ranges(s: Setting) -> Iterator[Part]:
    tall, x = s.stage.height, positions(s.stage) / s.stage.width
    for number in range(2):
        line = s.horizon + 0.03 + 0.035 * number
        form = mountains(s.rng(f"range {number}"), x, 1.8 + 0.5 * number)
        crest = line * tall - (0.27 - 0.11 * number) * s.stage.unit * form
        tone = s.palette.haze.mix(s.palette.land, 0.35 + 0.28 * number)
        depth = 0.1 + 0.1 * number
        tones = (tone, s.palette.haze.mix(tone, 0.5))
        yield ground(s.stage, crest, bottom=(line + 0.13) * tall, tones=tones, depth=depth)
        yield bank(s, f"mist {number}", line + 0.02, 0.08, depth + 0.05, 0.55)


def _wilds(s: Setting, *, lake: bool) -> Iterator[Part]:
    if lake:
        yield far_shore(s, SHORE, 0.055)
        yield mirror(s.palette.water, SHORE, dull=0.18)
        yield bank(s, "lake mist", SHORE, 0.025, 0.0, 0.35)
    else:
        yield meadow(s, 0.1)
    if s.direction.has("cabin") or s.rng("cabin").random() < 0.5:
        yield from home(s, *((SHORE + 0.01, 0.0) if lake else (0.87, MEADOW_DEPTH)))
    yield near_woods(s, 0.3)
    if s.direction.has("fireflies"):
        yield fireflies(s)


def _drive(s: Setting) -> Iterator[Part]:
    """The road from the driver's seat, between woods."""
    tall, x = s.stage.height, positions(s.stage) / s.stage.width
    middle = 0.5 + 0.3 * (0.5 - s.lamp.x)
    crest = tall * (s.horizon + 0.035 - 0.03 * hills(s.rng("verge"), x, 1.0))
    trees = Trees(0.15 * s.stage.unit, clearing=(middle, 0.09), spacing=0.13)
    verge = s.palette.land.mix(s.palette.haze, 0.16)
    rng = s.rng("verge woods")
    yield woods(s.stage, rng, crest, trees, bottom=tall + 4.0, colour=verge, depth=0.0)
    vanish = (middle * s.stage.width, (s.horizon + 0.02) * tall)
    half = 0.34 * max(1.0, 0.8 * tall / s.stage.width)
    bend = float(s.rng("road").uniform(-0.12, 0.12))
    road = Road(s.stage, vanish, half, bend)
    yield _bed(s, road)
    yield Markings(road, SPEED, (216, 200, 156))
    yield from traffic(road, glow(), s.rng("traffic"), 1)


def _bed(s: Setting, road: Road) -> Layer:
    """The asphalt with its edge lines, lit by the headlights, and their spill on the verge."""
    stage = s.stage
    tone = s.palette.land.mix(s.palette.haze, 0.14)
    surface = np.asarray(road.outline((-1.08, 1.08)), dtype=np.float32)[..., None] / 255.0
    lines = np.asarray(road.outline((-0.97, -0.94), (0.94, 0.97)), dtype=np.float32)[..., None]
    paint = tone.array + (asphalt(tone).array - tone.array) * (lines / 255.0)
    horizon = road.vanish[1]
    near = np.clip((grid(0.0, stage.height, 1.0) - horizon) / (stage.height - horizon), 0.0, 1.0)
    middle = stage.width * 0.5 + (road.vanish[0] - stage.width * 0.5) * (1.0 - near)
    x = (grid(0.0, stage.width, 1.0)[None, :] - middle[:, None]) / stage.width
    pool = np.exp(-(((near - 0.42) / 0.3) ** 2))[:, None] * np.exp(
        -((x / (0.07 + 0.3 * near[:, None])) ** 2)
    )
    pool *= (near > 0.0)[:, None]
    lit = paint + pool[..., None] * (HEADLIGHTS * 0.3 + paint * 0.5)
    alpha = np.maximum(surface[..., 0], 0.3 * pool)
    top = int(horizon)
    return Layer(
        to_paint(lit[top:].astype(np.float32), alpha[top:].astype(np.float32)), top, 0.0, 0.0
    )
