"""Prints what it costs to probe and to judge a clip of 6 s at 1024x576 and 30 fps."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from vgen.video import Encoder, inspect, judge, probe

if TYPE_CHECKING:
    from collections.abc import Callable

WIDTH, HEIGHT, FPS, SECONDS = 1024, 576, 30, 6
ROUNDS = 5


def main() -> None:
    """Makes the clip and prints one line for each way to look at it."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "clip.mp4")
        encoding = cpu_milliseconds(partial(encode, path), rounds=1)
        print(f"clip of {path.stat().st_size / 1e6:.2f} MB, drawn and encoded {encoding:8.1f} ms")
        looks: dict[str, Callable[[], object]] = {
            "probe": partial(probe, path),
            "judge": partial(judge, path),
            "judge, thorough": partial(judge, path, thorough=True),
            "inspect": partial(inspect, path),
        }
        for name, look in looks.items():
            print(f"{name:16} {cpu_milliseconds(look):8.1f} ms of CPU time")


def encode(path: Path) -> None:
    """A camera gliding over clouds."""
    ground = Image.fromarray(clouds(2 * WIDTH, 2 * HEIGHT))
    with Encoder(path, width=WIDTH, height=HEIGHT, fps=FPS) as encoder:
        for index in range(FPS * SECONDS):
            x, y = 1.3 * index, 0.4 * index
            view = ground.resize((WIDTH, HEIGHT), box=(x, y, x + WIDTH, y + HEIGHT))
            encoder.write(np.asarray(view))


def clouds(width: int, height: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
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
