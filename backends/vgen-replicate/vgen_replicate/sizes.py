"""The sizes that a model can make, and the inputs that make them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import isclose, log
from typing import Any

from attrs import frozen

from vgen.abc import ClipRequest
from vgen_replicate.schema import Field, Schema

SHAPE = ("aspect_ratio", "ratio")
RESOLUTION = ("resolution", "size", "video_size")

RATIO = re.compile(r"([1-9]\d*(?:\.\d+)?):([1-9]\d*(?:\.\d+)?)")
SIDES = re.compile(r"([1-9]\d+)\s*[x*]\s*([1-9]\d+)", re.IGNORECASE)
SHORT_SIDE = re.compile(r"([1-9]\d{2,})p", re.IGNORECASE)

USUAL = (1280, 720)
"""What is taken for the largest size where a schema tells none."""

Size = tuple[int, int]


@frozen
class Sizes:
    """How a model is told a size: as width and height, or by a shape and a resolution.

    `shapes` are choices by their width over their height, `sizes` by width and height, and
    `sides` by the shorter side, in pixels.
    """

    width: Field | None
    height: Field | None
    shape: str
    shapes: Mapping[float, Any]
    resolution: str
    sizes: Mapping[Size, Any]
    sides: Mapping[int, Any]

    @classmethod
    def of(cls, schema: Schema) -> Sizes:
        """Find what the schema offers."""
        width, height = schema.number(["width"]), schema.number(["height"])
        shape, resolution = schema.choice(SHAPE), schema.choice(RESOLUTION)
        levels = {str(one): one for one in resolution.choices} if resolution else {}
        ratios = {str(one): one for one in shape.choices} if shape else {}
        return cls(
            width=width if height else None,
            height=height if width else None,
            shape=shape.name if shape else "",
            shapes={float(m[1]) / float(m[2]): v for m, v in _matched(RATIO, ratios)},
            resolution=resolution.name if resolution else "",
            sizes={(int(m[1]), int(m[2])): v for m, v in _matched(SIDES, levels)},
            sides={int(m[1]): v for m, v in _matched(SHORT_SIDE, levels)},
        )

    def inputs(self, request: ClipRequest) -> dict[str, Any]:
        """Give the inputs nearest to the request's size and shape."""
        width, height = request.width, request.height
        told: dict[str, Any] = {}
        if self.shapes:
            told[self.shape] = self.shapes[_nearest_ratio(self.shapes, width / height)]
        if self.sides:
            told[self.resolution] = self.sides[_nearest_ratio(self.sides, min(width, height))]
        elif self.sizes:
            told[self.resolution] = self.sizes[min(self.sizes, key=lambda s: _far(s, request))]
        if self.width and self.height:
            shrink = min(
                1.0,
                (self.width.maximum or width) / width,
                (self.height.maximum or height) / height,
            )
            told[self.width.name] = self.width.nearest(width * shrink)
            told[self.height.name] = self.height.nearest(height * shrink)
        return told

    def honour(self, request: ClipRequest) -> bool:
        """Whether the clip has the request's size; what an image's own shape may change has not."""
        width, height = request.width, request.height
        told = self.inputs(request)
        if self.width and self.height:
            return (told[self.width.name], told[self.height.name]) == (width, height)
        if self.sizes and not self.sides:
            return (width, height) in self.sizes
        has_shape = any(isclose(each, width / height, rel_tol=0.01) for each in self.shapes)
        return request.image is None and has_shape and min(width, height) in self.sides

    @property
    def largest(self) -> Size:
        """The largest width and height in pixels, as far as the schema tells."""
        if self.width and self.height and self.width.maximum and self.height.maximum:
            return int(self.width.maximum), int(self.height.maximum)
        wide = [(round(side * 16 / 9), side) for side in self.sides]
        return max([*wide, *self.sizes], key=lambda size: size[0] * size[1], default=USUAL)


def _matched(
    pattern: re.Pattern[str], values: Mapping[str, Any]
) -> list[tuple[re.Match[str], Any]]:
    found = ((pattern.fullmatch(text), value) for text, value in values.items())
    return [(match, value) for match, value in found if match]


def _nearest_ratio(choices: Mapping[Any, Any], wanted: float) -> Any:
    return min(choices, key=lambda one: (abs(log(one / wanted)), one))


def _far(size: Size, request: ClipRequest) -> float:
    return abs(log(size[0] / request.width)) + abs(log(size[1] / request.height))
