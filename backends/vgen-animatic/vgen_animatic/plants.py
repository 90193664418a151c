"""Trees in silhouette."""

from __future__ import annotations

import math

import numpy as np
from attrs import frozen
from PIL import Image, ImageDraw

from vgen_animatic.arrays import Floats
from vgen_animatic.layer import Layer, Stage
from vgen_animatic.noise import Rng, curve
from vgen_animatic.palette import Colour
from vgen_animatic.terrain import positions

FINENESS = 3
Point = tuple[float, float]


def conifer(rng: Rng, x: float, foot: float, height: float) -> list[Point]:
    """The outline of a fir with ragged, drooping boughs."""
    tiers = int(rng.integers(8, 13))
    girth = height * float(rng.uniform(0.15, 0.21))
    right: list[Point] = []
    left: list[Point] = []
    for tier in range(tiers):
        way = (tier + 1) / tiers
        y = foot - height * (1.0 - way * 0.95)
        for side, points in ((1, right), (-1, left)):
            reach = girth * way**0.8 * float(rng.uniform(0.75, 1.15))
            points.append((x + side * reach, y + reach * 0.14))
            points.append((x + side * reach * 0.5, y - height * 0.012))
    return [(x, foot - height), *right, (x, foot + height * 0.03), *reversed(left)]


def broadleaf(rng: Rng, x: float, foot: float, height: float) -> list[list[Point]]:
    """The outlines of a tree: its trunk, its boughs and the leaves of its broad crown."""
    trunk = height * 0.02
    fork = foot - 0.38 * height
    shapes: list[list[Point]] = [
        [(x - 2 * trunk, foot + 3), (x - trunk, fork), (x + trunk, fork), (x + 2 * trunk, foot + 3)]
    ]
    for clump in range(11):
        turn = math.tau * (clump + float(rng.uniform(-0.4, 0.4))) / 10
        out = 0.0 if clump == 10 else float(rng.uniform(0.6, 1.0))
        at = (
            x + 0.33 * height * out * math.cos(turn),
            foot - 0.68 * height - 0.23 * height * out * math.sin(turn),
        )
        shapes.append([(x - trunk, fork + 2), (at[0], at[1]), (x + trunk, fork + 2)])
        for east, south in rng.normal(0.0, 0.046 * height, (30, 2)).tolist():
            leaf = height * float(rng.uniform(0.022, 0.048))
            shapes.append(_blob(rng, (at[0] + 1.25 * east, at[1] + 0.8 * south), leaf))
    return shapes


def _blob(rng: Rng, centre: Point, radius: float) -> list[Point]:
    rough = rng.uniform(0.7, 1.2, 9).tolist()
    turns = [math.tau * step / len(rough) for step in range(len(rough))]
    return [
        (centre[0] + radius * r * math.cos(turn), centre[1] + 0.85 * radius * r * math.sin(turn))
        for r, turn in zip(rough, turns, strict=True)
    ]


def grass(rng: Rng, x: float, foot: float, height: float) -> list[Point]:
    """The outline of one bent blade."""
    lean = height * float(rng.normal(0.0, 0.35))
    thick = height * 0.05 + 1.0
    return [
        (x - thick, foot + 3),
        (x + 0.4 * lean, foot - 0.6 * height),
        (x + lean, foot - height),
        (x + 0.4 * lean + thick, foot - 0.5 * height),
        (x + thick, foot + 3),
    ]


@frozen
class _Canvas:
    """A mask of land below a crest line, drawn fine and then reduced."""

    top: int
    rows: Floats
    mask: Image.Image
    pen: ImageDraw.ImageDraw

    def foot(self, column: float) -> float:
        """The row of the crest at a column, both in its fine pixels."""
        index = min(max(int(column / FINENESS), 0), len(self.rows) - 1)
        return float(self.rows[index])

    def layer(self, stage: Stage, colour: Colour, depth: float) -> Layer:
        """The plane of what has been drawn."""
        return Layer(self.mask.reduce(FINENESS), self.top, -stage.margin, depth, colour=colour.rgb)


def _canvas(crest: Floats, bottom: float, headroom: float) -> _Canvas:
    top = math.floor(float(crest.min()) - headroom)
    size = (len(crest) * FINENESS, math.ceil(bottom - top) * FINENESS)
    mask = Image.new("L", size, 0)
    pen = ImageDraw.Draw(mask)
    rows = (crest - top) * FINENESS
    line = list(zip((np.arange(len(crest)) * FINENESS).tolist(), rows.tolist(), strict=True))
    pen.polygon([(0, size[1]), *line, (size[0], float(rows[-1])), size], 255)
    return _Canvas(top, rows, mask, pen)


@frozen
class Trees:
    """How the firs of a wood stand: in groups, about `size` pixels tall.

    `clearing` is the centre and half the width, as fractions of the frame's width, of an opening;
    `spacing` is the mean distance between two trees in the size of one.
    """

    size: float
    clearing: tuple[float, float] = (0.5, 0.0)
    spacing: float = 0.2


def woods(
    stage: Stage,
    rng: Rng,
    crest: Floats,
    trees: Trees,
    *,
    bottom: float,
    colour: Colour,
    depth: float,
) -> Layer:
    """A silhouette of land under `crest` with firs standing on it."""
    canvas = _canvas(crest, bottom, trees.size * 1.5)
    x = positions(stage) / stage.width
    grouping = curve(rng, x, frequency=4.0, octaves=2)
    place = 0.0
    while place < len(x):
        column = int(place)
        away = float(abs(x[column] - trees.clearing[0]) - trees.clearing[1])
        room = min(max(0.5 + 0.9 * float(grouping[column]) + min(away * 9.0, 0.35), 0.0), 1.0)
        if away > 0.0 and room > 0.2:
            tall = trees.size * FINENESS * (0.45 + 0.65 * room) * float(rng.uniform(0.6, 1.25))
            at = place * FINENESS
            canvas.pen.polygon(conifer(rng, at, canvas.foot(at) + 0.05 * tall, tall), 255)
        step = trees.size * trees.spacing * float(rng.uniform(0.5, 1.6)) * (1.5 - 0.8 * room)
        place += max(step, 0.3)
    return canvas.layer(stage, colour, depth)


def grove(
    stage: Stage,
    rng: Rng,
    crest: Floats,
    *,
    bottom: float,
    colour: Colour,
    size: float,
    middle: float,
) -> Layer:
    """A foreground of grass with one broad tree, and a smaller one, near `middle` (a fraction)."""
    canvas = _canvas(crest, bottom, size * 1.25)
    for away, share in ((0.0, 1.0), (float(rng.choice([-0.13, 0.13])), 0.5)):
        at = ((middle + away) * stage.width + stage.margin) * FINENESS
        for shape in broadleaf(rng, at, canvas.foot(at), size * share * FINENESS):
            canvas.pen.polygon(shape, 255)
    for place, luck in rng.random((420, 2)).tolist():
        at = place * len(crest) * FINENESS
        blade = grass(rng, at, canvas.foot(at), size * FINENESS * (0.03 + 0.07 * luck**2))
        canvas.pen.polygon(blade, 255)
    return canvas.layer(stage, colour, 1.0)
