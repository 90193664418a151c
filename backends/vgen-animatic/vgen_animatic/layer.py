"""A painted plane at some depth, which the camera looks at between whole pixels."""

from __future__ import annotations

import math

from attrs import frozen
from PIL import Image

from vgen_animatic.camera import View
from vgen_animatic.palette import RGB

OVERSCAN = 0.14
BLACK = (0, 0, 0)
ROUNDING = 1e-6


@frozen
class Stage:
    """The frame in pixels and the point in it that the camera moves towards, as fractions."""

    width: int
    height: int
    focus: tuple[float, float] = (0.5, 0.5)

    @property
    def unit(self) -> float:
        """The length that objects are sized by, in pixels: a wide frame shows more of them."""
        return min(self.height, self.width * 0.8)

    @property
    def margin(self) -> int:
        """How far a plane reaches beyond each side of the frame, in pixels."""
        return math.ceil(OVERSCAN * self.width)

    def window(self, view: View, depth: float) -> tuple[float, float, float]:
        """Where the frame's corner lies on the plane at `depth`, and its magnification."""
        zoom = view.zoom(depth)
        shrink = 1.0 - 1.0 / zoom
        left = self.focus[0] * self.width * shrink + view.aside * self.width * depth
        gaze = self.focus[1] if view.gaze is None else view.gaze
        top = gaze * self.height * shrink + view.above * self.height * depth
        return left, top, zoom

    def place(self, view: View, depth: float, x: float, y: float) -> tuple[float, float, float]:
        """Where a point of a plane is in the frame, in pixels, and its magnification."""
        left, top, zoom = self.window(view, depth)
        return (x - left) * zoom, (y - top) * zoom, zoom


@frozen
class Layer:
    """A picture on a plane, its first row at `top` and its first column at `left` of the frame.

    `paint` is opaque ("RGB"), has an opacity ("RGBa", premultiplied) or is nothing but one ("L",
    of the one `colour`). `scale` is how many of its own pixels it has for one of the frame's,
    across and down. It drifts to the right by `speed` pixels of the frame a second, for ever if it
    repeats itself after a `period`.
    """

    paint: Image.Image
    top: float
    left: float
    depth: float
    scale: tuple[float, float] = (1.0, 1.0)
    colour: RGB = BLACK
    speed: float = 0.0
    period: float | None = None

    def draw(self, frame: Image.Image, stage: Stage, view: View, seconds: float) -> None:
        """Put it onto `frame`."""
        left, top, zoom = stage.window(view, self.depth)
        left -= self.speed * seconds
        wide, high = self.paint.width / self.scale[0], self.paint.height / self.scale[1]
        rows = _span((self.top - top) * zoom, high * zoom, frame.height)
        if self.period is None:
            columns = _span((self.left - left) * zoom, wide * zoom, frame.width)
        else:
            columns = (0, frame.width)
            left = self.left + (left - self.left) % self.period
        if rows[0] >= rows[1] or columns[0] >= columns[1]:
            return
        size = (columns[1] - columns[0], rows[1] - rows[0])
        x, y = left + columns[0] / zoom - self.left, top + rows[0] / zoom - self.top
        seen = _cut(self.paint, size, self._box(x, y, size[0] / zoom, size[1] / zoom))
        _put(frame, seen, (columns[0], rows[0]), self.colour)

    def _box(
        self, x: float, y: float, width: float, height: float
    ) -> tuple[float, float, float, float]:
        across, down = self.scale
        wide, high = self.paint.size
        left, top = max(x * across, 0.0), max(y * down, 0.0)
        return left, top, min(left + width * across, wide), min(top + height * down, high)


def _span(start: float, length: float, limit: int) -> tuple[int, int]:
    """The whole pixels of a stretch that lie within the frame."""
    first, last = math.ceil(start - ROUNDING), math.floor(start + length + ROUNDING)
    return max(first, 0), min(last, limit)


def _cut(
    paint: Image.Image, size: tuple[int, int], box: tuple[float, float, float, float]
) -> Image.Image:
    left, top = round(box[0]), round(box[1])
    whole = (left, top, left + size[0], top + size[1])
    if box == tuple(map(float, whole)):  # a plane at rest needs no resampling
        return paint.crop(whole)
    return paint.resize(size, Image.Resampling.BILINEAR, box)


def _put(frame: Image.Image, seen: Image.Image, corner: tuple[int, int], colour: RGB) -> None:
    if seen.mode == "RGB":
        frame.paste(seen, corner)
    elif seen.mode == "L":
        frame.paste(Image.new("RGB", seen.size, colour), corner, seen)
    else:
        frame.paste(seen, corner, seen)
