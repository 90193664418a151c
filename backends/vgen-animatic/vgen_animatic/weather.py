"""Falling rain and snow: planes of drops at several distances, each falling for ever."""

from __future__ import annotations

import math

from attrs import frozen
from PIL import Image, ImageDraw

from vgen_animatic.camera import View
from vgen_animatic.layer import Stage
from vgen_animatic.noise import Rng
from vgen_animatic.palette import RGB

PLANES = 2


@frozen
class Curtain:
    """One plane of drops, repeating down and across; speeds are in pixels a second.

    What falls fast may move in whole pixels; what is slow (`smooth`) would be seen to jump.
    """

    drops: Image.Image
    height: int
    width: int
    fall: float
    drift: float
    sway: float
    smooth: bool

    def draw(self, frame: Image.Image, _stage: Stage, _view: View, seconds: float) -> None:
        """Put it over the whole frame."""
        x = (-self.drift * seconds - self.sway * math.sin(seconds * 0.9)) % self.width
        y = (-self.fall * seconds) % self.height
        if self.smooth:
            box = (x, y, x + frame.width, y + frame.height)
            seen = self.drops.resize(frame.size, Image.Resampling.BILINEAR, box)
        else:
            seen = self.drops.crop((int(x), int(y), int(x) + frame.width, int(y) + frame.height))
        frame.paste(seen, (0, 0), seen)


def rain(stage: Stage, rng: Rng, colour: RGB) -> tuple[Curtain, ...]:
    """Slanting streaks."""
    return tuple(_streaks(stage, rng, colour, plane) for plane in range(PLANES))


def snow(stage: Stage, rng: Rng, colour: RGB) -> tuple[Curtain, ...]:
    """Soft flakes that sway as they fall."""
    return tuple(_flakes(stage, rng, colour, plane) for plane in range(PLANES))


def _streaks(stage: Stage, rng: Rng, colour: RGB, plane: int) -> Curtain:
    near = 1.0 + 0.9 * plane
    tile, pen = _tile(stage)
    long = 0.055 * stage.unit * near
    for x, y, luck in rng.random((85 - 40 * plane, 3)).tolist():
        start = (x * stage.width * 2, y * stage.height * 2)
        end = (start[0] - long * 0.28, start[1] + long * 2 * (0.6 + 0.6 * luck))
        light = round(34 + 40 * luck + 8 * plane)
        _repeated(stage, pen, (*start, *end), light, max(1, round(0.0022 * stage.unit * near * 2)))
    speed = 2.1 * stage.unit * near
    return _curtain(tile, colour, speed, -speed * 0.07)


def _flakes(stage: Stage, rng: Rng, colour: RGB, plane: int) -> Curtain:
    near = 1.0 + 1.1 * plane
    tile, pen = _tile(stage)
    for x, y, luck in rng.random((230 - 120 * plane, 3)).tolist():
        at = (x * stage.width * 2, y * stage.height * 2)
        _repeated(
            stage,
            pen,
            (*at, *at),
            round(130 + 110 * luck),
            max(2, round(0.0055 * stage.unit * near * (0.5 + luck))),
        )
    pace = 0.13 * stage.unit * near
    return _curtain(tile, colour, pace, 0.23 * pace, sway=0.15 * pace)


def _tile(stage: Stage) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    tile = Image.new("L", (stage.width * 2, stage.height * 2), 0)
    return tile, ImageDraw.Draw(tile)


def _repeated(
    stage: Stage,
    pen: ImageDraw.ImageDraw,
    line: tuple[float, float, float, float],
    light: int,
    width: int,
) -> None:
    """Draw a drop, and again where it crosses an edge of the tile."""
    for across in (0, -2 * stage.width, 2 * stage.width):
        for down in (0, -2 * stage.height):
            x0, y0, x1, y1 = line
            moved = (x0 + across, y0 + down, x1 + across, y1 + down)
            if line[:2] == line[2:]:
                r = width / 2
                pen.ellipse((moved[0] - r, moved[1] - r, moved[0] + r, moved[1] + r), light)
            else:
                pen.line(moved, light, width)


def _curtain(
    tile: Image.Image, colour: RGB, fall: float, drift: float, sway: float = 0.0
) -> Curtain:
    small = tile.reduce(2)
    whole = Image.new("L", (small.width * 2, small.height * 2))
    for corner in ((0, 0), (small.width, 0), (0, small.height), small.size):
        whole.paste(small, corner)
    bands = [whole.point([level * channel // 255 for level in range(256)]) for channel in colour]
    drops = Image.merge("RGBa", (*bands, whole))
    return Curtain(drops, small.height, small.width, fall, drift, sway, smooth=sway > 0.0)
