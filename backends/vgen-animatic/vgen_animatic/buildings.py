"""Rows of buildings with lit windows, one plane for each row."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from attrs import frozen
from PIL import Image, ImageDraw

from vgen_animatic.layer import Layer, Stage
from vgen_animatic.moods import Palette
from vgen_animatic.noise import Rng
from vgen_animatic.palette import Colour

FINENESS = 2
BORDER = 2
FINEST = 0.4
"""Windows lower than this, in pixels, are left out."""
NARROWEST = 2.0
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
    stage: Stage, rng: Rng, palette: Palette, plan: Row
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
        wide = max(plan.width * unit * float(rng.uniform(0.6, 1.5)), NARROWEST)
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
        rng: Rng,
        palette: Palette,
        plan: Row,
        pen: ImageDraw.ImageDraw,
        foot: float,
    ) -> None:
        self.stage, self.rng, self.palette, self.plan = stage, rng, palette, plan
        self.pen, self.foot = pen, foot
        self.masts: list[Point] = []
        self.inks: dict[Colour, tuple[int, int, int, int]] = {}

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
        rng = np.random.default_rng(int(self.rng.integers(2**32)))
        pane = self.plan.pane * self.stage.unit
        if pane < FINEST:
            return
        across = pane * (0.62 if rng.random() < 0.6 else 1.5)
        step_x, step_y = across + 0.75 * pane, 1.95 * pane
        columns = max(int((wide - pane) // step_x), 0)
        left = x + (wide - columns * step_x + 0.75 * pane) / 2
        tints = self.tints(wall)
        for level in range(int((tall - 1.2 * pane) // step_y)):
            y = base + tall - (level + 1) * step_y
            for column, tint in enumerate(self.floor(rng, columns, tints)):
                self.box(left + column * step_x, across, y, pane, tint)

    def tints(self, wall: Colour) -> tuple[list[Colour], list[Colour]]:
        """The colours of a building's lit and of its dark windows."""
        lamp, light = self.palette.lamp, self.palette.light.mix(self.palette.lamp, 0.25)
        warm = [wall.mix(lamp, share) for share in (0.45, 0.55, 0.65, 0.75, 0.8)]
        cold = [wall.mix(light, share) for share in (0.82, 0.94)]
        glass = (-0.03,) if self.palette.dark else (-0.012, 0.0, 0.011, 0.022)
        return warm + cold, [wall.lighter(step) for step in glass]

    def floor(
        self, rng: Rng, columns: int, tints: tuple[list[Colour], list[Colour]]
    ) -> list[Colour]:
        """The windows of one storey; now and then a whole storey is up late."""
        lit, dark = tints
        share = self.plan.lit * (2.2 if rng.random() < 0.1 else 1.0)
        draws = rng.random((columns, 2)).tolist()
        return [
            lit[int(shade * len(lit))] if luck < share else dark[int(shade * len(dark))]
            for luck, shade in draws
        ]

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
        self.pen.polygon(corners, self.ink(colour))

    def ink(self, colour: Colour) -> tuple[int, int, int, int]:
        """The bytes of a colour: few colours serve for many windows."""
        if colour not in self.inks:
            self.inks[colour] = (*colour.rgb, 255)
        return self.inks[colour]
