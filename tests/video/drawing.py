"""Drawing small pictures for clips: spots, bars, words and a textured land."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from .clips import texture

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .clips import Frame

    Scene: TypeAlias = Callable[[int], Frame]

Levels: TypeAlias = Any
"""An array of 8-bit levels as floats, grey or in colours: arithmetic loses numpy's own types."""

WIDTH, HEIGHT, FPS = 160, 90, 24
COUNT = 2 * FPS
DOWN, ACROSS = np.mgrid[0:HEIGHT, 0:WIDTH].astype(float)


def drawn(scene: Scene) -> list[Frame]:
    """All pictures of a scene."""
    return [scene(index) for index in range(COUNT)]


def entering(
    scenes: dict[str, Scene],
) -> Callable[[Callable[[int], Levels]], Callable[[int], Levels]]:
    """Make a decorator that enters a function, which draws a scene's picture `i`, in a table."""

    def enter(scene: Callable[[int], Levels]) -> Callable[[int], Levels]:
        scenes[scene.__name__] = lambda i: painted(scene(i))
        return scene

    return enter


def painted(levels: Levels) -> Frame:
    """The picture in eight bits and three colours."""
    colours = levels if levels.ndim > 2 else np.repeat(levels[..., None], 3, axis=2)
    picture: Frame = np.clip(colours, 0, 255).astype(np.uint8)
    return picture


def flat(level: float) -> Levels:
    """A grey picture."""
    return np.full((HEIGHT, WIDTH), float(level))


def disc(x: float, y: float, radius: float) -> Levels:
    """A round spot, 1 inside and 0 outside."""
    return np.clip(radius + 0.5 - np.hypot(ACROSS - x, DOWN - y), 0, 1)


def spots(places: Iterable[tuple[float, float]], radius: float = 0.8) -> Levels:
    """Many small spots, 1 in them, at rows of x and y."""
    page = Image.new("L", (WIDTH, HEIGHT))
    for x, y in places:
        ImageDraw.Draw(page).ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    return np.asarray(page) / 255


def bar(left: float, top: float, width: float, height: float) -> Levels:
    """An upright rectangle, 1 inside and 0 outside."""
    across = abs(ACROSS - left - width / 2) <= width / 2
    return (across & (abs(DOWN - top - height / 2) <= height / 2)).astype(float)


@cache
def words(text: str, size: int, x: int, y: int, height: int = HEIGHT) -> Levels:
    """Lines of text, 1 in the letters."""
    page = Image.new("L", (WIDTH, height))
    ImageDraw.Draw(page).text((x, y), text, fill=255, font=ImageFont.load_default(size))
    return np.asarray(page) / 255


@cache
def land() -> Levels:
    """A textured ground, twice as wide as the picture."""
    return 110 + 40 * texture(5, 2 * WIDTH, HEIGHT).astype(float)


def view(x: float) -> Levels:
    """The part of the ground that begins at x, between pixels too."""
    whole, part = int(x), x % 1
    ground = land()
    return (1 - part) * ground[:, whole : whole + WIDTH] + part * (
        ground[:, whole + 1 : whole + 1 + WIDTH]
    )
