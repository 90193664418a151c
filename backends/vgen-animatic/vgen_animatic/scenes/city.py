"""A skyline over water, or a street between lit façades."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from vgen_animatic.arrays import grid, smoothstep, to_paint
from vgen_animatic.buildings import Row, row
from vgen_animatic.camera import View
from vgen_animatic.director import Direction
from vgen_animatic.layer import Layer
from vgen_animatic.moving import Light, Lights
from vgen_animatic.palette import Colour
from vgen_animatic.road import Markings, Road, asphalt, traffic
from vgen_animatic.scene import Part, Scene
from vgen_animatic.setting import Setting, bank, birds, heavens, setting, sky, weather
from vgen_animatic.sprite import glow
from vgen_animatic.water import mirror

SIGNS = (
    Colour(0.72, 0.22, 355),
    Colour(0.85, 0.14, 200),
    Colour(0.84, 0.16, 85),
    Colour(0.75, 0.17, 310),
)
BEACON = (255, 60, 50)
STREET_ROWS, SKYLINE_ROWS = 4, 3


def build(direction: Direction, width: int, height: int) -> Scene:
    """Set up a street where the prompt speaks of one, a skyline otherwise."""
    street = direction.has("street")
    s = setting(direction, width, height, 0.66 if street else 0.735)
    body = _street(s) if street else _skyline(s)
    above = sky(s)
    if street:  # little of the sky is seen: its clouds may stand still, which costs nothing
        for part in heavens(s):
            part.draw(above.paint, s.stage, View(), 0.0)
        return Scene(s.stage, above, (*body, *weather(s)))
    return Scene(s.stage, above, (*heavens(s), *birds(s), *body, *weather(s)))


def _wall(s: Setting, near: float) -> Colour:
    """Façades are greyer than the land and bluer than its greens."""
    stone = s.palette.land.mix(s.palette.water, 0.75 if not s.palette.dark else 0.3)
    stone = Colour(stone.lightness, stone.chroma * 0.6, stone.hue)
    return s.palette.haze.mix(stone, 0.26 + 0.68 * near)


def _skyline(s: Setting) -> Iterator[Part]:
    lit = 0.36 if s.palette.dark else 0.05
    peak = 1.0 - s.lamp.x
    for number in range(SKYLINE_ROWS):
        near = number / (SKYLINE_ROWS - 1)
        plan = Row(
            foot=s.horizon + 0.003,
            tallest=(0.52, 0.38, 0.19)[number],
            lowest=(0.15, 0.09, 0.05)[number],
            width=(0.058, 0.075, 0.09)[number],
            depth=0.05 + 0.07 * number,
            wall=_wall(s, near),
            pane=(0.0045, 0.0068, 0.0085)[number],
            lit=lit * (0.45, 0.9, 1.0)[number],
            summit=(peak + 0.06 * (number - 1), 0.22),
        )
        layers, masts = row(s.stage, s.rng(f"row {number}"), s.palette, plan)
        yield from layers
        if s.palette.dark and masts:
            yield _beacons(s, masts, plan.depth)
        if number < SKYLINE_ROWS - 1:
            yield bank(s, f"mist {number}", s.horizon - 0.02, 0.13, 0.1, 0.55 - 0.2 * number)
    yield _quay(s)
    yield mirror(s.palette.water, s.horizon, dull=0.24, ripple=1.1)
    if s.palette.dark:
        yield _shore_lamps(s)


def _beacons(s: Setting, masts: tuple[tuple[float, float], ...], depth: float) -> Lights:
    rng = s.rng("beacons")
    size = s.stage.unit / 6400.0
    lights = tuple(
        Light(x, y, size, BEACON, swing=1.0, rate=0.45, phase=float(rng.random())) for x, y in masts
    )
    return Lights(lights, glow(0.14), depth)


def _quay(s: Setting) -> Layer:
    """The wall along the river, which hides the feet of the buildings."""
    tall = 0.02 * s.stage.unit
    rows, columns = max(round(tall) + 4, 4), int(s.stage.width + 2 * s.stage.margin)
    y = grid(0.0, rows, 1.0)[:, None]
    alpha = np.broadcast_to(smoothstep(1.0, 3.0, y), (rows, columns)).astype(np.float32)
    tone = _wall(s, 1.0).lighter(-0.04).array
    paint = np.broadcast_to(tone, (rows, columns, 3)).astype(np.float32)
    return Layer(to_paint(paint, alpha), s.line - rows + 2.0, -s.stage.margin, 0.2)


def _shore_lamps(s: Setting) -> Lights:
    """Street lamps along the quay, and cars that pass between them."""
    rng = s.rng("shore")
    width, size = s.stage.width, s.stage.unit / 576.0
    colour = s.palette.lamp.mix(Colour(0.9, 0.08, 80), 0.5).rgb
    y = s.line - 0.02 * s.stage.unit
    lamps = [
        Light(x * width, y, 0.16 * size, colour, swing=0.12, rate=0.4, phase=x)
        for x in np.linspace(-0.1, 1.1, 15).tolist()
    ]
    cars = [
        Light(
            float(rng.random()) * width,
            y + 2.0 * size,
            0.10 * size,
            tint,
            rate=0.11,
            phase=float(rng.random()),
            stray=0.3 * width,
        )
        for tint in ((255, 244, 220), (255, 70, 50)) * 3
    ]
    return Lights((*lamps, *cars), glow(0.1), 0.2)


def _street(s: Setting) -> Iterator[Part]:
    wet = s.palette.dark or s.direction.weather == "rain"
    middle = 0.5 + 0.25 * (s.lamp.x - 0.5)
    for number in range(STREET_ROWS):
        near = number / (STREET_ROWS - 1)
        plan = Row(
            foot=s.horizon + 0.004,
            tallest=0.26 + 0.42 * near,
            lowest=0.14 + 0.26 * near,
            width=0.07 + 0.15 * near,
            depth=0.08 + 0.42 * near,
            wall=_wall(s, 0.1 + 0.9 * near),
            pane=0.006 + 0.010 * near,
            lit=0.4 if s.palette.dark else 0.05,
            gap=(middle, 0.015 + 0.23 * near),
            signs=SIGNS if number and s.palette.dark else (),
            shops=s.palette.dark,
        )
        yield from row(s.stage, s.rng(f"row {number}"), s.palette, plan)[0]
        if number < STREET_ROWS - 2:
            yield bank(s, f"mist {number}", s.horizon - 0.01, 0.12, 0.1, 0.6 - 0.15 * number)
    pavement = s.palette.water if s.palette.dark else _wall(s, 0.45)
    yield mirror(pavement, s.horizon, dull=0.3 if wet else 0.82, ripple=1.5 if wet else 0.2)
    road = Road(s.stage, (middle * s.stage.width, s.line), 0.52, 0.0)
    yield _lanes(s, road, wet=wet)
    yield Markings(road, 1.2, asphalt(s.palette.haze).rgb, posts=False)
    if s.palette.dark or s.direction.has("car"):
        yield from traffic(road, glow(), s.rng("traffic"), 2)


def _lanes(s: Setting, road: Road, *, wet: bool) -> Layer:
    """The road between its kerbs, a little darker than the pavement."""
    surface = np.asarray(road.outline((-1.0, 1.0)), dtype=np.float32) / 255.0
    lines = np.asarray(road.outline((-1.0, -0.975), (0.975, 1.0)), dtype=np.float32) / 255.0
    tone = _wall(s, 1.0).lighter(-0.03)
    share = lines[..., None]
    paint = tone.array * (1.0 - share) + asphalt(tone).array * share
    alpha = np.maximum(surface * (0.35 if wet else 0.75), lines * 0.5)
    top = int(s.line)
    return Layer(
        to_paint(paint[top:].astype(np.float32), alpha[top:].astype(np.float32)), top, 0.0, 0.0
    )
