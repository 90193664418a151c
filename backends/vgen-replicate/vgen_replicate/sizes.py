"""The sizes that a model can make, and the inputs that make them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import isclose, log
from typing import Any

from attrs import frozen

from vgen.abc import ClipRequest
from vgen_replicate.schema import Field, Schema

RATIO_NAMES = ("aspect_ratio", "ratio")
RESOLUTION_NAMES = ("resolution", "size", "video_size")

RATIO = re.compile(r"([1-9]\d*(?:\.\d+)?):([1-9]\d*(?:\.\d+)?)")
SIDES = re.compile(r"([1-9]\d+)\s*[x*]\s*([1-9]\d+)", re.IGNORECASE)
SHORT_SIDE = re.compile(r"([1-9]\d{2,})p", re.IGNORECASE)

DEFAULT_MAX_SIZE = (1280, 720)
"""The largest size of a model whose schema does not give one."""

Size = tuple[int, int]


@frozen
class Sizes:
    """The inputs for the size: width and height, or an aspect ratio and a resolution.

    `ratios` maps width / height to the choices of the input `ratio_name`. `sizes` (width and
    height) and `short_sides` map pixels to the choices of the input `resolution_name`.
    """

    width: Field | None
    height: Field | None
    ratio_name: str
    ratios: Mapping[float, Any]
    resolution_name: str
    sizes: Mapping[Size, Any]
    short_sides: Mapping[int, Any]

    @classmethod
    def from_schema(cls, schema: Schema) -> Sizes:
        """Find the size inputs in a schema."""
        width, height = schema.find_number(["width"]), schema.find_number(["height"])
        ratio, resolution = schema.find_choice(RATIO_NAMES), schema.find_choice(RESOLUTION_NAMES)
        resolutions = {str(one): one for one in resolution.choices} if resolution else {}
        ratios = {str(one): one for one in ratio.choices} if ratio else {}
        return cls(
            width=width if height else None,
            height=height if width else None,
            ratio_name=ratio.name if ratio else "",
            ratios={float(m[1]) / float(m[2]): v for m, v in _matched(RATIO, ratios)},
            resolution_name=resolution.name if resolution else "",
            sizes={(int(m[1]), int(m[2])): v for m, v in _matched(SIDES, resolutions)},
            short_sides={int(m[1]): v for m, v in _matched(SHORT_SIDE, resolutions)},
        )

    def inputs(self, request: ClipRequest) -> dict[str, Any]:
        """Return the inputs nearest to the request's size and shape."""
        width, height = request.width, request.height
        inputs: dict[str, Any] = {}
        if self.ratios:
            inputs[self.ratio_name] = self.ratios[_nearest_ratio(self.ratios, width / height)]
        if self.short_sides:
            side = _nearest_ratio(self.short_sides, min(width, height))
            inputs[self.resolution_name] = self.short_sides[side]
        elif self.sizes:
            size = min(self.sizes, key=lambda size: _distance(size, request))
            inputs[self.resolution_name] = self.sizes[size]
        if self.width and self.height:
            shrink = min(
                1.0,
                (self.width.maximum or width) / width,
                (self.height.maximum or height) / height,
            )
            inputs[self.width.name] = self.width.nearest(width * shrink)
            inputs[self.height.name] = self.height.nearest(height * shrink)
        return inputs

    def honours(self, request: ClipRequest) -> bool:
        """Whether the clip will have exactly the request's size.

        It may not where the size is an aspect ratio and the clip is made from an image.
        """
        width, height = request.width, request.height
        inputs = self.inputs(request)
        if self.width and self.height:
            return (inputs[self.width.name], inputs[self.height.name]) == (width, height)
        if self.sizes and not self.short_sides:
            return (width, height) in self.sizes
        has_ratio = any(isclose(each, width / height, rel_tol=0.01) for each in self.ratios)
        return request.image is None and has_ratio and min(width, height) in self.short_sides

    @property
    def largest(self) -> Size:
        """The largest width and height in pixels, as far as the schema says."""
        if self.width and self.height and self.width.maximum and self.height.maximum:
            return int(self.width.maximum), int(self.height.maximum)
        wide = [(round(side * 16 / 9), side) for side in self.short_sides]
        return max(
            [*wide, *self.sizes], key=lambda size: size[0] * size[1], default=DEFAULT_MAX_SIZE
        )


def _matched(
    pattern: re.Pattern[str], values: Mapping[str, Any]
) -> list[tuple[re.Match[str], Any]]:
    found = ((pattern.fullmatch(text), value) for text, value in values.items())
    return [(match, value) for match, value in found if match]


def _nearest_ratio(choices: Mapping[Any, Any], wanted: float) -> Any:
    return min(choices, key=lambda one: (abs(log(one / wanted)), one))


def _distance(size: Size, request: ClipRequest) -> float:
    return abs(log(size[0] / request.width)) + abs(log(size[1] / request.height))
