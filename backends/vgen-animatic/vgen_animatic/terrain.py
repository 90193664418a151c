"""Land: ridges of mountains, hills and dunes, one plane for each."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image

from vgen_animatic.arrays import Floats, grid, smoothstep, to_mask, to_paint
from vgen_animatic.layer import Layer, Stage
from vgen_animatic.noise import Rng, clouds, curve, ridges
from vgen_animatic.palette import Colour

SNOW = Colour(0.97, 0.012, 250)


def positions(stage: Stage) -> Floats:
    """The places of a plane's columns, in pixels of the frame."""
    return grid(-stage.margin, math.ceil(stage.width + 2 * stage.margin), 1.0)


def mountains(rng: Rng, x: Floats, frequency: float) -> Floats:
    """A crest line of peaks, heights 0..1."""
    return np.asarray(ridges(rng, x, frequency=frequency, octaves=6) ** 1.3)


def hills(rng: Rng, x: Floats, frequency: float) -> Floats:
    """A rolling crest line, heights 0..1."""
    return np.asarray(0.5 + 0.42 * curve(rng, x, frequency=frequency, octaves=3, gain=0.35))


def dunes(rng: Rng, x: Floats, frequency: float) -> Floats:
    """A crest line of long dunes with sharp edges, heights 0..1."""
    return np.asarray(0.25 + 0.75 * ridges(rng, x, frequency=frequency, octaves=2) ** 1.6)


def below(crest: Floats, bottom: float) -> tuple[float, Floats]:
    """The first row of the land under `crest`, and how far below that each pixel is."""
    first = math.floor(float(crest.min())) - 3.0
    y = grid(first, max(math.ceil(bottom - first), 4), 1.0)
    return first, y[:, None] - crest[None, :]


def ground(
    stage: Stage,
    crest: Floats,
    *,
    bottom: float,
    tones: tuple[Colour, Colour],
    depth: float,
    relief: Floats | None = None,
    snow: Floats | None = None,
    reach: float = 0.2,
) -> Layer:
    """Land below `crest` (the y of each column, in pixels) down to `bottom`.

    Its colour fades from the first of `tones` along the crest to the second over `reach` units;
    `relief` is added to it, in levels of a byte; `snow` is how much of it is white.
    """
    first, deep = below(crest, bottom)
    alpha = np.clip(deep + 0.5, 0.0, 1.0)
    fade = smoothstep(0.0, reach * stage.unit, np.maximum(deep, 0.0))[..., None]
    top, base = (tone.array for tone in tones)
    paint = top + (base - top) * fade
    if snow is not None:
        paint += (SNOW.mix(tones[1], 0.25).array - paint) * snow[..., None]
    if relief is not None:
        paint += relief[..., None]
    return Layer(to_paint(paint, alpha), first, -stage.margin, depth)


def facets(
    stage: Stage, rng: Rng, crest: Floats, bottom: float, side: float, *, rough: bool
) -> Floats:
    """Light (1) and shadow (-1) on flanks lit from the left (`side` -1) or the right (1).

    They fall slantwise from the crest, with ragged borders on `rough` rock.
    """
    _, deep = below(crest, bottom)
    deep = np.maximum(deep, 0.0)
    slope = np.gradient(_blurred(crest, stage.unit * (0.008 if rough else 0.04)))
    texture = Image.fromarray(clouds(rng, 128, 512, falloff=1.5 if rough else 2.6))
    wander = np.asarray(texture.resize(deep.shape[::-1], Image.Resampling.BICUBIC))
    sway = (wander - 0.5) * stage.unit * 0.13
    columns = np.arange(len(crest), dtype=np.float32)[None, :]
    source = np.clip(columns + side * 0.42 * deep + sway, 0, len(crest) - 1)
    lit = np.tanh(slope[source.astype(np.int32)] * side * (4.5 if rough else 9.0))
    return np.asarray(lit * smoothstep(stage.unit * 0.4, 0.0, deep), dtype=np.float32)


def _blurred(values: Floats, radius: float) -> Floats:
    reach = max(1, round(radius * 2))
    offsets = np.arange(-reach, reach + 1)
    weights = np.exp(-0.5 * (offsets / max(radius, 0.5)) ** 2)
    padded = np.pad(values, reach, mode="edge")
    weights /= float(weights.sum())
    return np.asarray(np.convolve(padded, weights, mode="valid"), dtype=np.float32)


def snow_caps(stage: Stage, rng: Rng, crest: Floats, bottom: float, share: float) -> Floats:
    """How much snow lies on each place of a range: on its upper `share`, with a ragged edge."""
    _, deep = below(crest, bottom)
    high = float(crest.min())
    line = high + share * (float(crest.max()) - high)
    x = np.arange(len(crest), dtype=np.float32) / stage.unit
    ragged = curve(rng, x, frequency=9.0, octaves=4, gain=0.65) * 0.055 * stage.unit
    height = crest[None, :] + deep - line - ragged[None, :]
    return smoothstep(0.012 * stage.unit, -0.012 * stage.unit, height)


def mist(
    stage: Stage,
    rng: Rng,
    colour: Colour,
    *,
    y: float,
    height: float,
    depth: float,
    strength: float,
) -> Layer:
    """A bank of mist around `y`, reaching `height` above and below it, that drifts for ever."""
    rows, columns = 32, 256
    density = 0.35 + 0.65 * clouds(rng, rows, columns, falloff=1.9, stretch=2.0)
    down = np.linspace(-1.0, 1.0, rows, dtype=np.float32)[:, None]
    alpha = density * np.exp(-((down * 1.7) ** 2)) * smoothstep(1.0, 0.7, np.abs(down)) * strength
    period = stage.width * 1.7
    wide = np.concatenate([alpha, alpha[:, : columns * 3 // 4]], axis=1)
    return Layer(
        to_mask(wide),
        y - height,
        0.0,
        depth,
        (columns / period, rows / (2 * height)),
        colour=colour.rgb,
        speed=(0.006 + 0.018 * depth) * stage.width,
        period=period,
    )
