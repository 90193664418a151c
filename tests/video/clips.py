"""Clips to try the video tools on: moving scenes and nine ways to spoil them."""

from __future__ import annotations

from fractions import Fraction
from itertools import chain
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from PIL import Image, ImageFilter

from vgen.video import Encoder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from numpy.typing import NDArray

Frame: TypeAlias = "NDArray[np.uint8]"

WIDTH, HEIGHT, FPS = 256, 144, 15
SIX_SECONDS = 6 * FPS

CREEP, SMOOTH = Image.Transform.AFFINE, Image.Resampling.BICUBIC


def texture(seed: int, width: int, height: int) -> NDArray[np.float32]:
    """Clouds of three sizes, about 0 on average and 1 in spread."""
    random = np.random.default_rng(seed)
    total = np.zeros((height, width), np.float32)
    for size in (6, 20, 60):
        cells = Image.fromarray(random.normal(size=(size, 2 * size)).astype(np.float32))
        total += np.asarray(cells.resize((width, height), Image.Resampling.BICUBIC))
    total /= total.std()
    return total


def clouds(count: int = SIX_SECONDS, seed: int = 0) -> list[Frame]:
    """A camera gliding over a texture."""
    sheets = [texture(3 * seed + colour, 2 * WIDTH, 2 * HEIGHT) for colour in range(3)]
    ground = Image.fromarray(np.clip(120 + 45 * np.stack(sheets, -1), 0, 255).astype(np.uint8))
    places = [(1.37 * index, 20 + 0.41 * index) for index in range(count)]
    return [
        np.asarray(ground.resize((WIDTH, HEIGHT), box=(x, y, x + WIDTH, y + HEIGHT)))
        for x, y in places
    ]


def hills(count: int = SIX_SECONDS, seed: int = 1) -> list[Frame]:
    """Ridges sliding past one another before a bright sky."""
    rough = texture(seed, 3 * WIDTH, HEIGHT)
    return [_hills(rough, shift) for shift in range(count)]


def _hills(rough: NDArray[np.float32], shift: int) -> Frame:
    down, right = np.arange(HEIGHT)[:, None], np.arange(WIDTH)
    picture = np.broadcast_to(200 - 60 * down / HEIGHT, (HEIGHT, WIDTH))
    for base, speed, tone in ((70, 1, 130), (95, 2, 80), (120, 3, 40)):
        place = right + speed * shift // 2
        ridge = base + 14 * np.sin(place / 25) + 5 * np.sin(place / 6)
        picture = np.where(down > ridge, tone + 8 * rough[:, place % rough.shape[1]], picture)
    colours: NDArray[np.float64] = picture[..., None] + np.array([0.0, 5.0, 12.0])
    return np.clip(colours, 0, 255).astype(np.uint8)


def night(count: int = SIX_SECONDS) -> list[Frame]:
    """A dark sky under a still camera, in which only the stars twinkle."""
    random = np.random.default_rng(8)
    ground = 26 + 6 * texture(8, WIDTH, HEIGHT)
    down, right = random.integers(0, HEIGHT, 150), random.integers(0, WIDTH, 150)
    phase = random.uniform(0, 6, 150)
    pictures = np.repeat(ground[None], count, axis=0)
    for index, picture in enumerate(pictures):
        picture[down, right] = 130 + 100 * np.sin(phase + index / 3)
    return [np.clip(p[..., None] * [0.9, 1, 1.3], 0, 255).astype(np.uint8) for p in pictures]


def dunes(count: int = SIX_SECONDS) -> list[Frame]:
    """A dark land past which a camera creeps: no picture differs much from the one before."""
    ground = Image.fromarray(40 + 8 * texture(9, 2 * WIDTH, HEIGHT))
    pictures = [
        np.asarray(ground.transform((WIDTH, HEIGHT), CREEP, (1, 0, x, 0, 1, 0), SMOOTH))
        for x in 0.09 * np.arange(count)
    ]
    return [np.repeat(picture.astype(np.uint8)[..., None], 3, axis=2) for picture in pictures]


SCENES: dict[str, Callable[[], list[Frame]]] = {
    "clouds": clouds,
    "hills": hills,
    "night": night,
    "dunes": dunes,
}


def black(frames: list[Frame]) -> list[Frame]:
    """Nothing to see."""
    return [np.zeros_like(frame) for frame in frames]


def grey(frames: list[Frame]) -> list[Frame]:
    """One grey throughout."""
    return [np.full_like(frame, 128) for frame in frames]


def frozen(frames: list[Frame]) -> list[Frame]:
    """The first picture for ever."""
    return frames[:1] * len(frames)


def half_frozen(frames: list[Frame]) -> list[Frame]:
    """Movement that stops halfway."""
    half = len(frames) // 2
    return frames[:half] + frames[half : half + 1] * (len(frames) - half)


def noise(frames: list[Frame]) -> list[Frame]:
    """Random pixels."""
    random = np.random.default_rng(2)
    return [random.integers(0, 256, frame.shape, dtype=np.uint8) for frame in frames]


def flicker(frames: list[Frame]) -> list[Frame]:
    """A brightness that jumps from picture to picture."""
    gains = np.random.default_rng(3).normal(1, 0.12, len(frames))
    return [
        np.clip(frame * gain, 0, 255).astype(np.uint8)
        for frame, gain in zip(frames, gains, strict=True)
    ]


def shuffled(frames: list[Frame]) -> list[Frame]:
    """The right pictures in random order."""
    return [frames[index] for index in np.random.default_rng(4).permutation(len(frames))]


def blurred(frames: list[Frame]) -> list[Frame]:
    """Everything out of focus."""
    blur = ImageFilter.GaussianBlur(9)
    return [np.asarray(Image.fromarray(frame).filter(blur)) for frame in frames]


def black_tail(frames: list[Frame]) -> list[Frame]:
    """A last quarter in black."""
    start = len(frames) * 3 // 4
    return frames[:start] + black(frames[start:])


DUDS: dict[Callable[[list[Frame]], list[Frame]], str] = {
    black: "black",
    grey: "flat",
    frozen: "frozen",
    half_frozen: "frozen",
    noise: "noise",
    flicker: "flicker",
    shuffled: "noise",
    blurred: "blurred",
    black_tail: "black",
}
"""Each way to spoil a clip, and the fault that must be found."""


def encode(path: Path, frames: Iterable[Frame], fps: Fraction | int = FPS) -> Path:
    """The frames as this package encodes them."""
    pending = iter(frames)
    first = next(pending)
    height, width = first.shape[:2]
    with Encoder(path, width=width, height=height, fps=fps) as encoder:
        for frame in chain([first], pending):
            encoder.write(frame)
    return path
