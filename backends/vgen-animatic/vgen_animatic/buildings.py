"""Rows of buildings with lit windows, one plane for each row."""

from __future__ import annotations

import math
from collections.abc import Iterator

from attrs import frozen
from PIL import Image, ImageDraw

from vgen_animatic.layer import Layer, Stage
from vgen_animatic.moods import Palette
from vgen_animatic.noise import Dice
from vgen_animatic.palette import RGB, Colour

FINENESS = 2
BORDER = 2
Point = tuple[float, float]


@frozen
class Row:
    """How one row of buildings is built; lengths are in frame units.

    `gap` is the centre and half the width of an opening, as fractions of the frame's width; `lit`
    is the share of windows that are lit, `pane` the height of a window. The row is tallest around
    its `summit` (centre and spread, as fractions). `signs` are the colours of neon signs.
    """

    foot: float
    tallest: float
    lowest: float
    width: float
    depth: float
    wall: Colour
    pane: float = 0.0
    lit: float = 0.3
    gap: tuple[float, float] = (0.5, 0.0)
    summit: tuple[float, float] | None = None
    signs: tuple[Colour, ...] = ()
    shops: bool = False


def row(
    stage: Stage, rng: Dice, palette: Palette, plan: Row
) -> tuple[tuple[Layer, ...], tuple[Point, ...]]:
    """Build a row, in two planes if it has a gap; the points are the tips of its masts."""
    unit = stage.unit
    foot = plan.foot * stage.height
    top = math.floor(foot - plan.tallest * 1.5 * unit)
    width = stage.width + 2 * stage.margin
    size = (width * FINENESS, max(math.ceil(foot - top) + 2, 4) * FINENESS)
    canvas = Image.new("RGBA", size, (0, 0, 0, 0))
    builder = _Builder(stage, rng, palette, plan, ImageDraw.Draw(canvas), float(foot - top))
    x = float(-rng.uniform(0.0, plan.width) * unit)
    while x < width:
        wide = plan.width * unit * float(rng.uniform(0.6, 1.5))
        builder.block(x, wide)
        x += wide + (0.0 if rng.random() < 0.7 else 0.15 * wide)
    drawn = canvas.convert("RGBa").reduce(FINENESS)
    middle = round(plan.gap[0] * stage.width) + stage.margin if plan.gap[1] else width
    layers = tuple(_planes(stage, plan, drawn, top, ((0, middle), (middle, width))))
    return layers, tuple((x - stage.margin, y + top) for x, y in builder.masts)


def _planes(
    stage: Stage, plan: Row, drawn: Image.Image, top: int, parts: tuple[tuple[int, int], ...]
) -> Iterator[Layer]:
    """Cut the drawing into its parts and each of them to what is there."""
    for left, right in parts:
        part = drawn.crop((left, 0, right, drawn.height))
        kept = part.getbbox()
        if kept:
            x, y = left + kept[0] - stage.margin - BORDER, top + kept[1] - BORDER
            bordered = (kept[0] - BORDER, kept[1] - BORDER, kept[2] + BORDER, kept[3])
            yield Layer(part.crop(bordered), y, x, plan.depth)


class _Builder:
    """Draws the blocks of one row, from left to right."""

    def __init__(
        self,
        stage: Stage,
        rng: Dice,
        palette: Palette,
        plan: Row,
        pen: ImageDraw.ImageDraw,
        foot: float,
    ) -> None:
        self.stage, self.rng, self.palette, self.plan = stage, rng, palette, plan
        self.pen, self.foot = pen, foot
        self.masts: list[Point] = []

    def block(self, x: float, wide: float) -> None:
        """One building from `x` on, unless it stands in the gap."""
        rng, plan, unit = self.rng, self.plan, self.stage.unit
        middle = (x + wide / 2 - self.stage.margin) / self.stage.width
        away = abs(middle - plan.gap[0]) - plan.gap[1] - wide / 2 / self.stage.width
        luck = float(rng.random()) ** 1.7
        if plan.summit:
            luck *= 0.3 + 0.9 * math.exp(-(((middle - plan.summit[0]) / plan.summit[1]) ** 2))
        if plan.gap[1] > 0.0 and away < 0.0:
            return
        tall = (plan.lowest + (plan.tallest - plan.lowest) * luck) * unit
        wall = plan.wall.lighter(float(rng.uniform(-0.018, 0.022)))
        self.tower(x, wide, tall, wall)
        if plan.shops:
            self.shop(x, wide)
        if plan.signs and away * self.stage.width < wide * 1.2 and rng.random() < 0.9:
            self.sign(x, wide, tall, inner=middle < plan.gap[0])

    def tower(self, x: float, wide: float, tall: float, wall: Colour) -> None:
        """A block with its setbacks, windows and roof."""
        self.storeys(x, wide, 0.0, tall, wall)
        kind = int(self.rng.integers(6))
        if kind <= 1 and tall > 1.5 * wide:
            self.storeys(x + 0.16 * wide, 0.68 * wide, tall, 0.22 * wide, wall)
            tall += 0.22 * wide
        if kind == 0 and tall > 1.5 * wide:
            self.mast(x + wide / 2, tall, 0.34 * tall)
        elif kind == 2:
            self.box(x + 0.2 * wide, 0.26 * wide, tall, 0.12 * wide, wall.lighter(-0.015))
        elif kind == 3 and tall > 1.3 * wide:
            slope = 0.35 * wide
            self.polygon(
                [(x, tall - 1), (x + wide, tall - 1), (x + wide, tall + slope), (x, tall)], wall
            )

    def storeys(self, x: float, wide: float, base: float, tall: float, wall: Colour) -> None:
        """A box of the façade with its grid of windows."""
        self.box(x, wide, base, tall, wall)
        self.box(x + 0.82 * wide, 0.18 * wide, base, tall, wall.lighter(-0.02))
        pane = self.plan.pane * self.stage.unit
        if pane < 1.2:
            return
        across = pane * (0.62 if self.rng.random() < 0.6 else 1.5)
        step_x, step_y = across + 0.75 * pane, 1.95 * pane
        columns = int((wide - pane) // step_x)
        rows = int((tall - 1.2 * pane) // step_y)
        left = x + (wide - columns * step_x + 0.75 * pane) / 2
        lively = self.plan.lit * float(self.rng.uniform(0.25, 1.7))
        for level in range(rows):
            floor = lively * (2.2 if self.rng.random() < 0.1 else 1.0)
            for column in range(columns):
                self.window(
                    left + column * step_x,
                    base + tall - (level + 1) * step_y,
                    across,
                    pane,
                    wall,
                    floor,
                )

    def window(
        self, x: float, y: float, wide: float, tall: float, wall: Colour, lit: float
    ) -> None:
        """A window, lit by chance."""
        luck, shade = self.rng.random(2).tolist()
        if luck < lit:
            lamp = (
                self.palette.lamp
                if shade < 0.72
                else self.palette.light.mix(self.palette.lamp, 0.25)
            )
            colour = wall.mix(lamp, 0.45 + 0.5 * shade)
        else:
            colour = wall.lighter(-0.03 if self.palette.dark else 0.035 * (shade - 0.35))
        self.box(x, wide, y, tall, colour)

    def shop(self, x: float, wide: float) -> None:
        """A lit shop front on the ground floor."""
        tall = 2.1 * self.plan.pane * self.stage.unit
        colour = self.plan.wall.mix(self.palette.lamp, float(self.rng.uniform(0.35, 0.75)))
        for part in range(3):
            left = x + wide * (0.06 + 0.31 * part)
            if self.rng.random() < 0.75:
                self.box(left, 0.26 * wide, 0.2 * tall, 0.75 * tall, colour)

    def mast(self, x: float, base: float, tall: float) -> None:
        """A thin mast on a roof."""
        thick = max(0.0022 * self.stage.unit, 0.6)
        self.box(x - thick, 2 * thick, base, tall, self.plan.wall)
        self.masts.append((x, self.foot - base - tall))

    def sign(self, x: float, wide: float, tall: float, *, inner: bool) -> None:
        """A neon sign at the side of a building that faces the opening."""
        colour = self.plan.signs[int(self.rng.integers(len(self.plan.signs)))]
        size = 0.11 * wide
        left = x + wide - 0.04 * wide if inner else x - size + 0.04 * wide
        base = tall * float(self.rng.uniform(0.22, 0.45))
        high = tall * float(self.rng.uniform(0.18, 0.36))
        self.box(left, size, base, high, self.plan.wall.lighter(-0.03))
        edge = 0.14 * size
        cell = size - 2 * edge
        for part in range(max(int(high // (cell * 1.35)), 1)):
            self.box(
                left + edge,
                cell,
                base + edge + part * cell * 1.35,
                cell * (0.5 + 0.5 * float(self.rng.random())),
                colour,
            )

    def box(self, x: float, wide: float, base: float, tall: float, colour: Colour) -> None:
        """A rectangle, `base` pixels above the foot of the row."""
        self.polygon(
            [(x, base), (x + wide, base), (x + wide, base + tall), (x, base + tall)], colour
        )

    def polygon(self, points: list[Point], colour: Colour) -> None:
        """A polygon, its y counted upwards from the foot of the row."""
        corners = [(x * FINENESS, (self.foot - y) * FINENESS) for x, y in points]
        self.pen.polygon(corners, _opaque(colour.rgb))


def _opaque(colour: RGB) -> tuple[int, int, int, int]:
    return (*colour, 255)
