"""A road that runs towards the horizon, its lines and the cars on it."""

from __future__ import annotations

import math
from collections.abc import Iterator

from attrs import frozen
from PIL import Image, ImageDraw

from vgen_animatic.camera import View
from vgen_animatic.layer import Stage
from vgen_animatic.noise import Rng
from vgen_animatic.palette import RGB, Colour
from vgen_animatic.sprite import Sprite

FINENESS = 2
FARTHEST = 40.0
DASH, PITCH = 0.55, 1.5
POST_PITCH = 3.0
NEAREST = 0.7
HEADLIGHT, TAILLIGHT = (255, 246, 220), (255, 46, 38)
Point = tuple[float, float]


@frozen
class Road:
    """A road seen from the driver's seat.

    `vanish` is where it meets the horizon, in pixels; `half` is half its width at the foot of the
    frame, in frame widths; `bend` is how far it curves aside on its way. Distances are counted in
    camera heights: 1 is at the foot of the frame, infinity at the horizon.
    """

    stage: Stage
    vanish: Point
    half: float
    bend: float

    def point(self, aside: float, distance: float) -> Point:
        """Where a place on the road is in the frame; `aside` is -1..1 between its edges."""
        near = 1.0 / distance
        middle = self.vanish[0] + (self.stage.width * 0.5 - self.vanish[0]) * near
        middle += self.bend * self.stage.width * near * (1.0 - near)
        x = middle + aside * self.half * self.stage.width * near
        return x, self.vanish[1] + (self.stage.height - self.vanish[1]) * near

    def strip(self, left: float, right: float, far: float, near: float) -> list[Point]:
        """The outline of a strip of road between two distances."""
        steps = 24 if far > 4.0 * near else 2
        gap = (1.0 / near - 1.0 / far) / (steps - 1)
        away = [1.0 / (1.0 / far + gap * step) for step in range(steps)]
        one = [self.point(left, distance) for distance in away]
        return [*one, *(self.point(right, distance) for distance in reversed(away))]

    def outline(self, *strips: Point) -> Image.Image:
        """A mask of strips that run the whole way to the horizon, each from left to right."""
        size = (self.stage.width * FINENESS, self.stage.height * FINENESS)
        mask = Image.new("L", size, 0)
        pen = ImageDraw.Draw(mask)
        for left, right in strips:
            pen.polygon(_scaled(self.strip(left, right, FARTHEST * 4, NEAREST)), 255)
        return mask.reduce(FINENESS)


@frozen
class Markings:
    """The broken line in the middle and the posts at the sides, coming nearer."""

    road: Road
    speed: float
    colour: RGB
    posts: bool = True

    def draw(self, frame: Image.Image, stage: Stage, view: View, seconds: float) -> None:
        """Put them onto `frame`."""
        shapes = [
            ([stage.place(view, 0.0, *point)[:2] for point in shape], light)
            for shape, light in (*self._dashes(seconds), *self._posts(seconds))
        ]
        left, top, right, bottom = _bounds([shape for shape, _ in shapes], frame.size)
        size = ((right - left) * FINENESS, (bottom - top) * FINENESS)
        mask = Image.new("L", size, 0)
        pen = ImageDraw.Draw(mask)
        for shape, light in shapes:
            pen.polygon(_scaled(shape, left, top), light)
        small = mask.reduce(FINENESS)
        frame.paste(Image.new("RGB", small.size, self.colour), (left, top), small)

    def _dashes(self, seconds: float) -> Iterator[tuple[list[Point], int]]:
        for near in _row(self.speed * seconds, PITCH, -1):
            if near + DASH > NEAREST + 0.05:
                line = self.road.strip(-0.022, 0.022, near + DASH, max(near, NEAREST))
                yield line, _fade(near)

    def _posts(self, seconds: float) -> Iterator[tuple[list[Point], int]]:
        for near in _row(self.speed * seconds, POST_PITCH, 0) if self.posts else ():
            for side in (-1.22, 1.22) if near > NEAREST else ():
                x, y = self.road.point(side, near)
                high, wide = (size * self.road.stage.unit / near for size in (0.13, 0.008))
                post = [(x - wide, y), (x + wide, y), (x + wide, y - high), (x - wide, y - high)]
                yield post, _fade(near) // 2


@frozen
class Car:
    """The pair of lights of a car in a lane (-1..1), coming nearer or keeping ahead.

    One comes `every` so many seconds from `start` on; with 0 it keeps that distance.
    """

    road: Road
    light: Sprite
    lane: float
    start: float
    colour: RGB
    every: float = 0.0
    speed: float = 0.0
    phase: float = 0.0

    def draw(self, frame: Image.Image, stage: Stage, view: View, seconds: float) -> None:
        """Put its lights and their gleam on the road onto `frame`."""
        distance = self.start + 0.3 * math.sin(0.7 * seconds + self.phase)
        fade = 1.0
        if self.every:
            distance = self.start - self.speed * ((seconds + self.phase) % self.every)
            fade = min(1.0, (self.start - distance) / 3.0)
        if distance < 1.02:
            return
        size = self.road.stage.unit / distance
        for side in (-0.12, 0.12):
            point = self.road.point(self.lane + side, distance)
            x, y, zoom = stage.place(view, 0.0, *point)
            near = size * zoom
            self._shine(frame, x, y - 0.10 * near, 0.0052 * near, fade)
            self._shine(frame, x, y + 0.05 * near, 0.0036 * near, 0.28 * fade)

    def _shine(self, frame: Image.Image, x: float, y: float, size: float, opacity: float) -> None:
        least = 0.0004 * self.road.stage.unit
        self.light.shine(frame, x, y, size + least, self.colour, opacity)


def traffic(road: Road, light: Sprite, rng: Rng, count: int) -> tuple[Car, ...]:
    """Cars that come towards the viewer on the left and cars ahead on the right."""
    coming: list[Car] = []
    ahead: list[Car] = []
    for number in range(count):
        every, speed, phase = rng.uniform((4.5, 5.5, 1.5), (7.0, 7.5, 4.5)).tolist()
        coming.append(Car(road, light, -0.5, 26.0, HEADLIGHT, every, speed, phase + 2.3 * number))
        start = 3.4 + 2.4 * number + float(rng.uniform(0.0, 0.8))
        ahead.append(Car(road, light, 0.5, start, TAILLIGHT, phase=phase))
    return (*reversed(ahead), *coming)


def asphalt(colour: Colour) -> Colour:
    """The edge lines on asphalt of a colour."""
    return colour.mix(Colour(0.9, 0.01, 240), 0.6)


def _row(way: float, pitch: float, first: int) -> list[float]:
    """The distances of things `pitch` apart, the nearest last, after some way."""
    begin = pitch - way % pitch
    return [begin + number * pitch for number in range(int(FARTHEST / pitch), first - 1, -1)]


def _fade(distance: float) -> int:
    return round(235 * max(0.0, 1.0 - distance / FARTHEST) ** 2)


def _bounds(shapes: list[list[Point]], size: tuple[int, int]) -> tuple[int, int, int, int]:
    """The part of a frame that shapes lie in, at least one pixel of it."""
    columns = [x for shape in shapes for x, _ in shape]
    rows = [y for shape in shapes for _, y in shape]
    left, top = max(math.floor(min(columns)), 0), max(math.floor(min(rows)), 0)
    right, bottom = min(math.ceil(max(columns)), size[0]), min(math.ceil(max(rows)), size[1])
    return left, top, max(right, left + 1), max(bottom, top + 1)


def _scaled(points: list[Point], left: float = 0.0, top: float = 0.0) -> list[Point]:
    return [((x - left) * FINENESS, (y - top) * FINENESS) for x, y in points]
