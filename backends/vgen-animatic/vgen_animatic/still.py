"""A clip from a reference image: camera moves over it, with slight parallax."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from attrs import frozen
from PIL import Image

from vgen_animatic.arrays import Floats, ease
from vgen_animatic.camera import SWAYS_PER_SECOND, Camera, Move
from vgen_animatic.depth import COLUMNS, ROWS, depth_grid, focus
from vgen_animatic.director import Direction
from vgen_animatic.picture import read_picture
from vgen_animatic.travel import Shot, busiest_window, travelling

PARALLAX = 0.02
SPARE = 1.25
"""Picture pixels for one of the frame's at the widest view: the tight shot stays sharp."""
TWO_SHOTS_FROM = 2.5
CROSSFADE = 0.8
CUT = 0.58
TALL, WIDE = 0.72, 1.6
"""Pictures of other shapes than these, in shapes of the frame, are tilted or panned over."""

COURSES = {
    Move.PAN_LEFT: (-1.0, 0.0, 0.0),
    Move.PAN_RIGHT: (1.0, 0.0, 0.0),
    Move.TILT_UP: (0.0, -1.0, 0.0),
    Move.TILT_DOWN: (0.0, 1.0, 0.0),
    Move.PULL_OUT: (0.35, 0.0, -1.0),
    Move.ZOOM_OUT: (0.0, 0.0, -1.0),
    Move.AERIAL: (0.3, 0.6, -0.6),
    Move.STATIC: (0.0, 0.0, 0.12),
}
"""How far each move goes aside, down and inwards; those not named go in and a little aside."""


@frozen
class Look:
    """Where the camera looks.

    `centre` is in fractions of the picture, `zoom` 1 shows all of it, and `lean` is how far the
    camera has moved aside and down for the parallax, about -1..1.
    """

    centre: tuple[float, float]
    zoom: float
    lean: tuple[float, float] = (0.0, 0.0)


Path = Callable[[float, float], Look]
"""Where the camera looks after so many seconds and a fraction of the clip."""

Mesh = list[tuple[tuple[int, int, int, int], tuple[float, ...]]]


def shoot(data: bytes, direction: Direction, width: int, height: int, seconds: float) -> Shot:
    """Set up the moves over a reference image; `seconds` is the length of the clip.

    Raises:
        GenerationError: the image cannot be drawn.
    """
    picture = read_picture(data)
    shape = picture.width / picture.height / (width / height)
    if shape < TALL or shape > WIDE:
        if direction.camera.move is not Move.STATIC:
            return travelling(picture, direction.camera, width, height, seconds)
        picture = busiest_window(picture, width / height)
    return _staged(picture, direction, width, height, seconds)


@frozen
class Relief:
    """A picture cut to the frame's shape, with the nearness of its parts."""

    picture: Image.Image
    near: Floats
    size: tuple[int, int]

    def draw(self, look: Look) -> Image.Image:
        """Show what the camera sees."""
        wide, high = self.picture.size
        across = np.linspace(-0.5, 0.5, COLUMNS + 1, dtype=np.float32)[None, :]
        down = np.linspace(-0.5, 0.5, ROWS + 1, dtype=np.float32)[:, None]
        zoom = max(look.zoom, 1.0)
        x, y = (_inside(place, zoom) for place in look.centre)
        shift = (self.near - 0.5) * PARALLAX
        mesh = self._mesh(
            np.clip(x + across / zoom + shift * look.lean[0], 0.0, 1.0) * wide,
            np.clip(y + down / zoom + shift * look.lean[1], 0.0, 1.0) * high,
        )
        return self.picture.transform(
            self.size, Image.Transform.MESH, mesh, Image.Resampling.BILINEAR
        )

    def _mesh(self, x: Floats, y: Floats) -> Mesh:
        columns = np.linspace(0, self.size[0], COLUMNS + 1).round().astype(int).tolist()
        rows = np.linspace(0, self.size[1], ROWS + 1).round().astype(int).tolist()
        points = np.stack([x, y], axis=-1)
        corners = (points[:-1, :-1], points[1:, :-1], points[1:, 1:], points[:-1, 1:])
        quads = np.concatenate(corners, axis=-1).tolist()
        return [
            ((columns[i], rows[j], columns[i + 1], rows[j + 1]), tuple(quads[j][i]))
            for j in range(ROWS)
            for i in range(COLUMNS)
            if columns[i] < columns[i + 1] and rows[j] < rows[j + 1]
        ]


def _staged(
    picture: Image.Image, direction: Direction, width: int, height: int, length: float
) -> Shot:
    """A wide shot and, if there is time, a tight one of the picture's focus."""
    cut = _cover(picture, width, height, SPARE)
    near = depth_grid(cut)
    relief = Relief(cut, near, (width, height))
    wide, tight = _wide_shot(direction.camera), _tight_shot(focus(near), direction.camera.strength)
    if length < TWO_SHOTS_FROM or direction.camera.move is Move.STATIC:
        return lambda seconds, fraction: relief.draw(wide(seconds, fraction))
    half = CROSSFADE / length / 2.0

    def shot(seconds: float, fraction: float) -> Image.Image:
        share = (fraction - CUT + half) / (2.0 * half)
        first = wide(seconds, min(fraction / (CUT + half), 1.0))
        second = tight(seconds, max((fraction - CUT + half) / (1.0 - CUT + half), 0.0))
        if not 0.0 < share < 1.0:
            return relief.draw(first if share <= 0.0 else second)
        return Image.blend(relief.draw(first), relief.draw(second), ease(share))

    return shot


def _wide_shot(camera: Camera) -> Path:
    aside, down, inwards = COURSES.get(camera.move, (0.35, 0.0, 1.0))

    def path(seconds: float, fraction: float) -> Look:
        way = ease(fraction)
        swing = (2.0 * way - 1.0) * camera.strength
        near = way if inwards >= 0.0 else 1.0 - way
        zoom = (
            1.06 + 0.05 * max(abs(aside), abs(down)) + 0.10 * abs(inwards) * near * camera.strength
        )
        sway = _sway(seconds)
        centre = (0.5 + 0.03 * aside * swing + 0.006 * sway, 0.5 + 0.03 * down * swing)
        return Look(centre, zoom, (-aside * swing - 0.5 * sway, -down * swing))

    return path


def _tight_shot(centre: tuple[float, float], strength: float) -> Path:
    side = -1.0 if centre[0] > 0.5 else 1.0

    def path(seconds: float, fraction: float) -> Look:
        way = ease(fraction)
        swing = (2.0 * way - 1.0) * strength
        aside = centre[0] + 0.02 * side * swing + 0.004 * _sway(seconds)
        return Look((aside, centre[1]), 1.38 + 0.07 * way * strength, (-side * swing, 0.25 * swing))

    return path


def _sway(seconds: float) -> float:
    """The slight unrest of a hand-held camera, -1..1."""
    return math.sin(math.tau * SWAYS_PER_SECOND * seconds)


def _cover(picture: Image.Image, width: int, height: int, scale: float) -> Image.Image:
    """The middle of a picture in the shape of the frame, a little above centre if it is tall."""
    shape = width / height
    wide = min(float(picture.width), picture.height * shape)
    high = min(float(picture.height), picture.width / shape)
    left, top = (picture.width - wide) * 0.5, (picture.height - high) * 0.4
    size = (max(math.ceil(width * scale), 2), max(math.ceil(height * scale), 2))
    return picture.resize(size, Image.Resampling.LANCZOS, (left, top, left + wide, top + high))


def _inside(place: float, zoom: float) -> float:
    """Keep the window within the picture, with room for the parallax."""
    half = 0.5 / zoom + PARALLAX / 2.0
    return min(max(place, min(half, 0.5)), max(1.0 - half, 0.5))
