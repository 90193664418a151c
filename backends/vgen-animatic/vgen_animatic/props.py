"""Things that give a scene its focal point: a boat, a lighthouse, a cabin, birds."""

from __future__ import annotations

import math

from PIL import Image, ImageDraw

from vgen_animatic.palette import RGB, Colour
from vgen_animatic.sprite import Sprite

FINENESS = 4
CLEAR = (0, 0, 0, 0)
Point = tuple[float, float]


class _Pen:
    """Draws polygons in units of the prop's height, its foot at (0, 0), y upwards."""

    def __init__(self, height: float, width: float) -> None:
        self.scale = height * FINENESS
        across = math.ceil(height * width) + 4
        down = math.ceil(height * 1.12) + 4
        self.foot = (across / 2, down - 2 - height * 0.06)
        self.picture = Image.new("RGBA", (across * FINENESS, down * FINENESS), CLEAR)
        self.pen = ImageDraw.Draw(self.picture)

    def at(self, x: float, y: float) -> Point:
        return self.foot[0] * FINENESS + x * self.scale, self.foot[1] * FINENESS - y * self.scale

    def polygon(self, points: list[Point], colour: RGB) -> None:
        self.pen.polygon([self.at(x, y) for x, y in points], (*colour, 255))

    def line(self, start: Point, end: Point, width: float, colour: RGB) -> None:
        thick = max(1, round(width * self.scale))
        self.pen.line([self.at(*start), self.at(*end)], (*colour, 255), thick)

    def sprite(self) -> Sprite:
        return Sprite(self.picture.convert("RGBa").reduce(FINENESS), self.foot)


def sailboat(height: float, hull: Colour, sail: Colour) -> Sprite:
    """A sloop under sail, `height` pixels from the waterline to the top of its mast."""
    pen = _Pen(height, 1.2)
    pen.line((0.02, 0.05), (0.02, 1.0), 0.016, hull.rgb)
    main = [
        (0.0, 0.97),
        *((-0.42 * t - 0.05 * math.sin(math.pi * t), 0.97 - 0.83 * t) for t in _steps(9)),
        (0.0, 0.14),
    ]
    pen.polygon(main, sail.rgb)
    jib = [
        (0.05, 0.88),
        *((0.05 + 0.36 * t + 0.04 * math.sin(math.pi * t), 0.88 - 0.74 * t) for t in _steps(9)),
        (0.07, 0.16),
    ]
    pen.polygon(jib, sail.mix(hull, 0.16).rgb)
    pen.polygon([(-0.40, 0.11), (0.48, 0.13), (0.36, -0.03), (-0.30, -0.03)], hull.rgb)
    return pen.sprite()


def lighthouse(height: float, wall: Colour, band: Colour, lamp: Colour) -> Sprite:
    """A banded tower, `height` pixels tall with its lantern."""
    pen = _Pen(height, 0.6)
    for step in range(5):
        low, high = step * 0.155, (step + 1) * 0.155
        wide, narrow = 0.105 - 0.045 * low / 0.78, 0.105 - 0.045 * high / 0.78
        colour = wall if step % 2 == 0 else band
        pen.polygon([(-wide, low), (wide, low), (narrow, high), (-narrow, high)], colour.rgb)
        pen.polygon(
            [(0.3 * wide, low), (wide, low), (narrow, high), (0.3 * narrow, high)],
            colour.lighter(-0.09).rgb,
        )
    pen.polygon(
        [(-0.085, 0.775), (0.085, 0.775), (0.085, 0.80), (-0.085, 0.80)], band.lighter(-0.1).rgb
    )
    pen.polygon([(-0.045, 0.80), (0.045, 0.80), (0.045, 0.895), (-0.045, 0.895)], lamp.rgb)
    pen.polygon(
        [(-0.065, 0.89), (0.065, 0.89), (0.012, 0.965), (0.0, 1.0), (-0.012, 0.965)],
        band.lighter(-0.1).rgb,
    )
    return pen.sprite()


def cabin(height: float, wall: Colour, roof: Colour, window: Colour) -> Sprite:
    """A small house with two lit windows, `height` pixels to the top of its chimney."""
    pen = _Pen(height, 2.2)
    pen.polygon([(-0.62, -0.06), (0.62, -0.06), (0.62, 0.46), (-0.62, 0.46)], wall.rgb)
    pen.polygon([(0.34, 0.55), (0.47, 0.55), (0.47, 1.0), (0.34, 1.0)], wall.lighter(-0.03).rgb)
    pen.polygon([(-0.76, 0.40), (-0.46, 0.92), (0.46, 0.92), (0.76, 0.40)], roof.rgb)
    for left in (-0.44, 0.14):
        pen.polygon(
            [(left, 0.12), (left + 0.27, 0.12), (left + 0.27, 0.34), (left, 0.34)], window.rgb
        )
        pen.line((left + 0.135, 0.12), (left + 0.135, 0.34), 0.022, wall.rgb)
    return pen.sprite()


def bird(span: float, flap: float) -> Sprite:
    """A far bird with its wings at `flap` (-1 down .. 1 up), `span` pixels from tip to tip."""
    pen = _Pen(span, 1.3)
    lift = 0.16 * flap
    for side in (-1.0, 1.0):
        wing = [(0.0, 0.30), (side * 0.22, 0.36 + lift), (side * 0.5, 0.32 + 0.4 * lift)]
        under = [(side * 0.24, 0.305 + lift), (0.0, 0.24)]
        pen.polygon([*wing, *under], (255, 255, 255))
    sprite = pen.sprite()
    return Sprite(sprite.paint.getchannel("a"), sprite.anchor)


def _steps(count: int) -> list[float]:
    return [index / (count - 1) for index in range(count)]
