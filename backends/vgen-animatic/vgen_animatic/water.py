"""Water: waves in perspective with a path of light, and reflections of what stands behind."""

from __future__ import annotations

import math

import numpy as np
from attrs import frozen
from PIL import Image

from vgen_animatic.arrays import Bytes, Floats, grid, to_bytes
from vgen_animatic.camera import View
from vgen_animatic.layer import Layer, Stage
from vgen_animatic.moods import Palette
from vgen_animatic.noise import Rng, clouds
from vgen_animatic.palette import Colour, ramp

ACROSS = 0.5
GLINT = 0.35
CAMERA_HEIGHT = 0.42
WAVES = 14
SHORTEST_WAVE, LONGEST_WAVE = 0.022, 3.2
FINEST_PHASE = 1.15
"""Above so many radians a pixel a wave is faded out: it would alias."""


@frozen
class Sea:
    """A surface of travelling waves, each the sum of a cosine part and a sine part."""

    top: int
    parts: tuple[tuple[Floats, Floats, float, Floats], ...]
    base: Floats
    swing: Floats
    light: Floats
    threshold: Floats
    sheen: Floats

    def draw(self, frame: Image.Image, stage: Stage, view: View, seconds: float) -> None:
        """Paint the water below the horizon."""
        height = self.surface(seconds, view.aside)
        sparkle = np.clip((height - self.threshold) / GLINT, 0.0, 1.0)
        np.maximum(sparkle, self.sheen * (1.0 + 0.6 * height), out=sparkle)
        pixels = np.empty((*height.shape, 3), dtype=np.uint8)
        for channel in range(3):
            base = self.base[:, channel, None]
            values = base + height * self.swing[:, channel, None]
            values += (self.light[channel] - values) * sparkle
            pixels[..., channel] = to_bytes(values)
        picture = Image.fromarray(pixels)
        Layer(picture, self.top, 0.0, 0.0, (ACROSS, 1.0)).draw(frame, stage, view, 0.0)

    def surface(self, seconds: float, aside: float) -> Floats:
        """The height of the water at each of its pixels, about -1..1."""
        total = np.zeros_like(self.threshold)
        for cosine, sine, speed, drift in self.parts:
            turn = drift * aside - speed * seconds
            total += cosine * np.cos(turn)
            total -= sine * np.sin(turn)
        return total


def sea(
    stage: Stage, palette: Palette, rng: Rng, *, horizon: float, path: float | None, calm: float
) -> Sea:
    """Water from `horizon` (a fraction of the height) to the foot of the frame.

    `path` is where the light's path meets the horizon, as a fraction of the width (`None`: no
    path), `calm` from 0 (a gale) to 1 (glass).
    """
    top = round(horizon * stage.height)
    rows, columns = max(stage.height - top, 1), max(math.ceil(stage.width * ACROSS), 1)
    near = grid(0.0, rows, float(rows))
    across = grid(-0.5, columns, float(columns)) * stage.width / stage.unit
    warp = _warp(rng, (columns, rows))
    parts = tuple(_wave(stage, rng, near, across, index, warp) for index in range(WAVES))
    sky = palette.sky[-1][1].mix(palette.haze, 0.4)
    stops = (
        (0.0, sky.mix(palette.water, 0.25)),
        (0.25, sky.mix(palette.water, 0.62)),
        (1.0, palette.water.lighter(-0.04)),
    )
    shine = palette.sky[len(palette.sky) // 2][1].array - palette.water.array
    swing = shine[None, :] * (0.10 + 0.16 * near[:, None]) * (1.2 - 0.5 * calm)
    threshold, sheen = _glints(stage, near, columns, path)
    return Sea(
        top,
        parts,
        ramp(stops, near),
        swing.astype(np.float32),
        palette.light.array,
        threshold,
        sheen,
    )


def _warp(rng: Rng, size: tuple[int, int]) -> Floats:
    """Noise that bends the crests of the waves, in radians."""
    rough = Image.fromarray(clouds(rng, 96, 256, falloff=1.7, stretch=0.6) * 5.0)
    return np.asarray(rough.resize(size, Image.Resampling.BICUBIC), dtype=np.float32)


def _wave(
    stage: Stage, rng: Rng, near: Floats, across: Floats, index: int, warp: Floats
) -> tuple[Floats, Floats, float, Floats]:
    length = SHORTEST_WAVE * (LONGEST_WAVE / SHORTEST_WAVE) ** (index / (WAVES - 1))
    number = math.tau / length
    heading = float(rng.normal(0.0, 0.2))
    ahead, aside = math.cos(heading) * number * CAMERA_HEIGHT, math.sin(heading) * number
    away = 1.0 / (near + 0.012)
    phase = (ahead + aside * across[None, :]) * away[:, None]
    phase += np.roll(warp, int(float(rng.random()) * warp.shape[1]), axis=1)
    fineness = number * CAMERA_HEIGHT * away**2 / len(near)
    weight = np.exp(-((fineness / FINEST_PHASE) ** 2)) * np.minimum(fineness * 9.0, 1.0) * 0.55
    swell = np.asarray(weight, dtype=np.float32)[:, None]
    drift = np.full((len(near), 1), aside * stage.width / stage.unit, dtype=np.float32)
    cosine, sine = np.cos(phase) * swell, np.sin(phase) * swell
    return cosine.astype(np.float32), sine.astype(np.float32), 0.9 * math.sqrt(number), drift


def _glints(stage: Stage, near: Floats, columns: int, path: float | None) -> tuple[Floats, Floats]:
    """How high a wave must stand to glint, and the steady sheen: both follow the light's path."""
    if path is None:
        blank = np.zeros((len(near), columns), dtype=np.float32)
        return blank + 9.0, blank
    x = grid(0.0, columns, float(columns))
    width = (0.022 + 0.13 * near) * stage.unit / stage.width
    away = np.abs(x[None, :] - path) / width[:, None]
    threshold = 0.02 + 0.5 * near[:, None] + 0.33 * away**1.4
    sheen = 0.34 * np.exp(-((away / 1.9) ** 2)) * (1.0 - 0.75 * near[:, None])
    return threshold.astype(np.float32), sheen.astype(np.float32)


@frozen
class Mirror:
    """Still water or a wet street that shows what stands above its far edge, upside down.

    `edge` is that edge's height as a fraction of the frame's. The `tint` is mixed in, with a share
    from `dull` there to half of the rest at the foot; ripples move the rows by up to `ripple`.
    """

    edge: float
    tint: Floats
    dull: float
    ripple: float

    def draw(self, frame: Image.Image, stage: Stage, view: View, seconds: float) -> None:
        """Paint the reflection below the edge."""
        _, line, zoom = stage.place(view, 0.0, 0.0, self.edge * stage.height)
        top = max(math.ceil(line), 2)
        if top >= frame.height:
            return
        above = np.asarray(frame.crop((0, 0, frame.width, top)))
        down = grid(top - line, frame.height - top, 1.0)
        near = down / (stage.height * (1.0 - self.edge) * zoom)
        swing = self.ripple * stage.unit * (0.001 + 0.011 * near)
        source = line - 0.5 - down * min(1.0, line / float(down[-1])) + swing * _beat(near, seconds)
        dull = np.minimum(self.dull + 0.5 * (1.0 - self.dull) * near, 1.0)
        rows = np.clip(source, 0.0, top - 1.001)
        frame.paste(Image.fromarray(_mixed(above, rows, dull, self.tint)), (0, top))


def mirror(tint: Colour, edge: float, *, dull: float = 0.25, ripple: float = 1.0) -> Mirror:
    """A mirror with its far edge at a fraction of the frame's height."""
    return Mirror(edge, tint.array, dull, ripple)


def _beat(near: Floats, seconds: float) -> Floats:
    """Ripples that come nearer, closer together the farther they are."""
    away = 26.0 * np.log(near + 0.06)
    slow, quick = np.sin(away + 2.6 * seconds), np.sin(2.3 * away + 3.7 * seconds + 1.0)
    return np.asarray((slow + 0.6 * quick) * 0.7, dtype=np.float32)


def _mixed(above: Bytes, source: Floats, dull: Floats, tint: Floats) -> Bytes:
    """Blend each row from the two that it falls between, and from the tint."""
    first = source.astype(np.int32)
    part = source - first
    keep = np.round(256.0 * (1.0 - dull))
    upper = np.round(keep * part)
    second = np.minimum(first + 1, len(above) - 1)
    # The shares of a row add up to 256, so that the sums stay within sixteen bits.
    mixed = above[first] * (keep - upper).astype(np.uint16)[:, None, None]
    mixed += above[second] * upper.astype(np.uint16)[:, None, None]
    mixed += ((256.0 - keep)[:, None] * tint).astype(np.uint16)[:, None, :]
    return np.asarray(mixed >> 8, dtype=np.uint8)
