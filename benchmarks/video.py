"""Prints what it costs to probe and to judge clips of 6 s at 1024x576 and 30 fps."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from PIL import Image

from vgen.video import Encoder, inspect, judge, probe

if TYPE_CHECKING:
    from collections.abc import Callable

    Frame: TypeAlias = np.ndarray[tuple[int, ...], np.dtype[np.uint8]]

WIDTH, HEIGHT, FPS, SECONDS = 1024, 576, 30, 6
ROUNDS = 5


def main() -> None:
    """Makes a clip of each kind and prints a line for it: CPU milliseconds of each look at it."""
    print("CPU ms         MB   encode    probe    judge  inspect thorough")
    ground = clouds(2 * WIDTH, 2 * HEIGHT)
    with TemporaryDirectory() as folder:
        path = Path(folder, "clip.mp4")
        for kind in (gliding, creeping, standing, grainy, on_twos, handheld, dark):
            encoding = cpu_milliseconds(partial(encode, path, partial(kind, ground)), rounds=1)
            looks: list[Callable[[], object]] = [
                partial(probe, path),
                partial(judge, path),
                partial(inspect, path),
                partial(judge, path, thorough=True),
            ]
            costs = " ".join(f"{cpu_milliseconds(look):8.1f}" for look in looks)
            size = path.stat().st_size / 1e6
            print(f"{kind.__name__:10} {size:6.2f} {encoding:8.0f} {costs}")


def encode(path: Path, draw: Callable[[int], Frame]) -> None:
    """Writes the pictures that are drawn."""
    with Encoder(path, width=WIDTH, height=HEIGHT, fps=FPS) as encoder:
        for index in range(FPS * SECONDS):
            encoder.write(draw(index))


def view(ground: Frame, x: float, y: float) -> Frame:
    """The part of a ground that begins at x and y, between pixels too."""
    box = (x, y, x + WIDTH, y + HEIGHT)
    return np.array(Image.fromarray(ground).resize((WIDTH, HEIGHT), box=box))


def gliding(ground: Frame, index: int) -> Frame:
    """A camera gliding over clouds."""
    return view(ground, 1.3 * index, 0.4 * index)


def creeping(ground: Frame, index: int) -> Frame:
    """A camera that hardly moves."""
    return view(ground, index / 20, 0)


def standing(ground: Frame, index: int) -> Frame:
    """A camera that stands still while a ball rolls by."""
    picture = view(ground, 0, 0)
    left = 100 + 4 * index
    picture[300:400, left : left + 100] = (220, 60, 40)
    return picture


def grainy(ground: Frame, index: int) -> Frame:
    """A gliding camera and the grain of a film."""
    grain = np.random.default_rng(index).normal(0, 5, (HEIGHT, WIDTH, 1))
    return (gliding(ground, index) + grain).clip(0, 255).astype(np.uint8)


def on_twos(ground: Frame, index: int) -> Frame:
    """Fifteen pictures a second, each shown twice."""
    return gliding(ground, 2 * (index // 2))


def handheld(ground: Frame, index: int) -> Frame:
    """A camera held by hand."""
    return view(ground, 200 + 20 * np.sin(index / 5), 200 + 12 * np.sin(index / 3.1))


def dark(ground: Frame, index: int) -> Frame:
    """A gliding camera at night."""
    return gliding(ground, index) // 6


def clouds(width: int, height: int) -> Frame:
    """Grey noise of several sizes, about as hard to encode as a drawn landscape."""
    random = np.random.default_rng(1)
    total = np.full((height, width), 128, np.float32)
    for cells, strength in ((6, 30), (24, 20), (96, 10), (400, 12)):
        noise = Image.fromarray(random.normal(size=(cells, 2 * cells)).astype(np.float32))
        total += strength * np.asarray(noise.resize((width, height), Image.Resampling.BICUBIC))
    return np.repeat(total.clip(0, 255).astype(np.uint8)[..., None], 3, axis=2)


def cpu_milliseconds(look: Callable[[], object], rounds: int = ROUNDS) -> float:
    """The least CPU time of several calls, all threads of the process together."""
    return 1000 * min(_cpu_seconds(look) for _ in range(rounds))


def _cpu_seconds(look: Callable[[], object]) -> float:
    before = time.process_time()
    look()
    return time.process_time() - before


if __name__ == "__main__":
    main()
