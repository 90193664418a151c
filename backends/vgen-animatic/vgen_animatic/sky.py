"""Skies: a graded backdrop with the glow of its sun or moon, clouds that drift, stars."""

from __future__ import annotations

import numpy as np
from attrs import frozen
from PIL import Image, ImageDraw

from vgen_animatic.arrays import Floats, grid, smoothstep, to_paint, to_picture
from vgen_animatic.layer import Layer, Stage
from vgen_animatic.moods import Palette
from vgen_animatic.noise import Rng, clouds
from vgen_animatic.palette import ramp

CLOUD_DEPTH = 0.06
CLOUD_SPEED = 0.016
CLOUD_GRAIN = (160, 640)
STAR_FINENESS = 2
STAR_COLOUR = (232, 238, 255)


@frozen
class Lamp:
    """The sun or the moon: its centre as fractions of the frame, its radius in frame units.

    `bite` is how far, in radii, the dark part of a crescent moon is shifted (0: full).
    """

    x: float
    y: float
    radius: float
    moon: bool = False
    bite: float = 0.0
    veiled: bool = False


def backdrop(stage: Stage, palette: Palette, horizon: float, lamp: Lamp, light: Floats) -> Layer:
    """The sky down to `horizon`, a fraction of the frame's height, and the haze below it.

    It is infinitely far. `light` is added to it: (height, width, 3).
    """
    y = grid(0.0, stage.height, 1.0)
    colours = ramp(palette.sky, np.clip(y / (horizon * stage.height), 0.0, 1.0))
    picture = np.repeat(colours[:, None, :], stage.width, axis=1)
    picture += light
    _shine(picture, _distances(stage, lamp.x, lamp.y), palette, lamp)
    if not lamp.veiled:
        _disc(picture, stage, lamp, palette)
    return Layer(to_picture(picture), 0.0, 0.0, 0.0)


def _distances(stage: Stage, x: float, y: float) -> Floats:
    """How far each pixel is from a point of the frame, in units."""
    across = (grid(0.0, stage.width, 1.0)[None, :] - x * stage.width) / stage.unit
    down = (grid(0.0, stage.height, 1.0)[:, None] - y * stage.height) / stage.unit
    return np.asarray(np.hypot(across, down), dtype=np.float32)


def _shine(picture: Floats, away: Floats, palette: Palette, lamp: Lamp) -> None:
    """Screen the lamp's wide and near glow onto the sky, in place."""
    wide, near = (0.18, 0.32) if lamp.moon else (0.46, 0.40)
    outside = np.maximum(away - lamp.radius, 0.0)
    glow = wide * np.exp(-outside / 0.26) + near * np.exp(-outside / 0.05)
    light = palette.light.array / 255.0
    for channel in range(3):
        tint = float(light[channel]) ** 1.8
        picture[..., channel] += (255.0 - picture[..., channel]) * glow * tint


def _disc(picture: Floats, stage: Stage, lamp: Lamp, palette: Palette) -> None:
    """Draw the lamp itself into the sky, in place."""
    away = _distances(stage, lamp.x, lamp.y)
    soft = 0.8 / stage.unit
    alpha = smoothstep(lamp.radius + soft, lamp.radius - soft, away)
    if lamp.bite:
        x = lamp.x + lamp.bite * lamp.radius * stage.unit / stage.width
        y = lamp.y - 0.25 * lamp.radius * stage.unit / stage.height
        edge = lamp.radius * 0.94
        alpha *= smoothstep(edge - soft, edge + soft, _distances(stage, x, y))
    picture += (palette.light.lighter(0.02).array - picture) * alpha[..., None]


def cloud_deck(
    stage: Stage, palette: Palette, rng: Rng, *, top: float, bottom: float, cover: float
) -> Layer:
    """Streaks of cloud between two heights (fractions), which may drift for ever.

    `cover` (0..1) is about the share of the sky that they take.
    """
    rows, columns = CLOUD_GRAIN
    density = clouds(rng, rows, columns, falloff=1.6, stretch=3.2)
    down = np.linspace(0.0, 1.0, rows, dtype=np.float32)[:, None]
    band = smoothstep(0.0, 0.3, down) * smoothstep(1.0, 0.6, down)
    body = smoothstep(1.0 - cover, 1.18 - cover * 0.5, density) * band
    lit = np.clip(0.55 + (np.roll(density, -4, axis=0) - density) * 3.4, 0.0, 1.0)[..., None]
    paint = palette.cloud.array + (palette.shade.array - palette.cloud.array) * lit
    height = (bottom - top) * stage.height
    period = max(stage.width * 1.7, height * 3.0)
    wide = [np.concatenate([a, a[:, : columns * 3 // 4]], axis=1) for a in (paint, body * 0.9)]
    return Layer(
        to_paint(wide[0], wide[1]),
        top * stage.height,
        0.0,
        CLOUD_DEPTH,
        (columns / period, rows / height),
        speed=CLOUD_SPEED * stage.width,
        period=period,
    )


def stars(stage: Stage, rng: Rng, horizon: float, count: int) -> Floats:
    """The light of a field of stars, fewer and fainter towards the horizon: (height, width, 3)."""
    wide, high = stage.width * STAR_FINENESS, stage.height * STAR_FINENESS
    field = Image.new("L", (wide, high), 0)
    pen = ImageDraw.Draw(field)
    size = max(1.0, stage.unit / 576.0) * STAR_FINENESS
    for x, y, luck in rng.random((count, 3)).tolist():
        radius = size * (0.42 + 0.75 * luck**10)
        light = round((70 + 185 * luck**3) * (1.0 - 0.85 * y**2.5))
        at, down = x * wide, y**1.25 * horizon * high
        pen.ellipse((at - radius, down - radius, at + radius, down + radius), light)
    share = np.asarray(field.reduce(STAR_FINENESS), dtype=np.float32)[..., None] / 255.0
    return share * np.array(STAR_COLOUR, dtype=np.float32)
