"""Duds: clips that show nothing, and clips with a fault that show something."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from PIL import Image

from .drawing import ACROSS, COUNT, HEIGHT, WIDTH, disc, drawn, flat, painted, view

if TYPE_CHECKING:
    from collections.abc import Callable

    from .clips import Frame

    Frames: TypeAlias = list[Frame]

HALF, QUARTER = COUNT // 2, COUNT // 4
ALL = slice(None)
ABOVE, BELOW = slice(HEIGHT // 2), slice(HEIGHT // 2, None)
LEFT, RIGHT = slice(WIDTH // 2), slice(WIDTH // 2, None)


def good() -> Frames:
    """A clip with no fault."""
    return drawn(lambda i: painted(view(i)))


def plain(red: float, green: float, blue: float, count: int = COUNT) -> Frames:
    """One colour."""
    return [painted(flat(1)[..., None] * [red, green, blue])] * count


def grain(level: float, spread: float, *, coarse: int = 1) -> Frames:
    """Random pixels about a level."""
    random = np.random.default_rng(3)
    shape = HEIGHT // coarse, WIDTH // coarse
    specks = (random.normal(level, spread, shape) for _ in range(COUNT))
    return [painted(np.kron(speck, np.ones((coarse, coarse)))[:HEIGHT, :WIDTH]) for speck in specks]


def partly_empty(
    rows: slice, columns: slice, colour: tuple[int, int, int] = (128, 128, 128), start: int = 0
) -> Frames:
    """A part of every picture that was not made, from one on."""
    frames = good()
    for frame in frames[start:]:
        frame[rows, columns] = colour
    return frames


def stirred(spread: float, colours: tuple[float, float, float]) -> Frames:
    """One picture under grain that differs from picture to picture."""
    random, still = np.random.default_rng(6), good()[0]
    return [
        painted(still + random.normal(0, spread, (HEIGHT, WIDTH, 1)) * colours)
        for _ in range(COUNT)
    ]


def shuffled() -> Frames:
    """The right pictures in random order."""
    frames = good()
    return [frames[n] for n in np.random.default_rng(4).permutation(COUNT)]


def random_pictures() -> Frames:
    """Smooth pictures that have nothing to do with one another."""
    random = np.random.default_rng(5)
    sheets = random.normal(120, 60, (COUNT, 5, 8)).astype(np.float32)
    return [
        painted(np.asarray(Image.fromarray(sheet).resize((WIDTH, HEIGHT))).astype(float))
        for sheet in sheets
    ]


def flickering() -> Frames:
    """A brightness that jumps."""
    gains = np.random.default_rng(3).normal(1, 0.2, COUNT)
    return [painted(frame * gain) for frame, gain in zip(good(), gains, strict=True)]


NOTHING: dict[str, Callable[[], Frames]] = {
    "black": lambda: plain(0, 0, 0),
    "nearly black": lambda: plain(6, 4, 8),
    "grey": lambda: plain(128, 128, 128),
    "green": lambda: plain(0, 135, 0),
    "white": lambda: plain(255, 255, 255),
    "red": lambda: plain(255, 0, 0),
    "blue": lambda: plain(0, 0, 255),
    "pink": lambda: plain(255, 0, 255),
    "beige": lambda: plain(230, 220, 190),
    "yellow": lambda: plain(250, 240, 20),
    "cyan": lambda: plain(0, 220, 220),
    "dark blue": lambda: plain(10, 10, 60),
    "brown": lambda: plain(90, 60, 30),
    "light grey": lambda: plain(210, 210, 210),
    "black under the faintest grain": lambda: grain(0, 1),
    "grey under the faintest grain": lambda: grain(128, 0.6),
    "a single black picture": lambda: plain(0, 0, 0, 1),
    "two greys, hardly apart": lambda: plain(128, 128, 128, HALF) + plain(129, 129, 129, HALF),
}
"""Clips in which there is nothing at all to see: they are lost."""

POOR: dict[str, tuple[Callable[[], Frames], str]] = {
    "one picture": (lambda: good()[:1] * COUNT, "frozen"),
    "one spot in black": (lambda: [painted(200 * disc(80, 45, 1))] * COUNT, "frozen"),
    "half frozen": (lambda: good()[:HALF] + good()[HALF : HALF + 1] * HALF, "frozen"),
    "a frozen end": (lambda: good()[:-QUARTER] + good()[-QUARTER:][:1] * QUARTER, "frozen"),
    "a frozen start": (lambda: good()[:1] * HALF + good()[:HALF], "frozen"),
    "a black end": (lambda: good()[:-QUARTER] + plain(0, 0, 0, QUARTER), "black"),
    "a black start": (lambda: plain(0, 0, 0, HALF) + good()[:HALF], "black"),
    "black but for one picture": (lambda: plain(0, 0, 0, COUNT - 1) + good()[:1], "black"),
    "a green end": (lambda: good()[:-QUARTER] + plain(0, 135, 0, QUARTER), "flat"),
    "half grey": (lambda: good()[:HALF] + plain(128, 128, 128, HALF), "flat"),
    "grey in the middle": (
        lambda: good()[:QUARTER] + plain(128, 128, 128, HALF) + good()[:QUARTER],
        "flat",
    ),
    "black, then grey": (lambda: plain(0, 0, 0, HALF) + plain(128, 128, 128, HALF), "flat"),
    "noise": (lambda: grain(128, 70), "noise"),
    "faint noise": (lambda: grain(128, 15), "noise"),
    "noise in the dark": (lambda: grain(10, 20), "noise"),
    "coarse noise": (lambda: grain(128, 70, coarse=2), "noise"),
    "shuffled": (shuffled, "noise"),
    "random pictures": (random_pictures, "noise"),
    "flickering": (flickering, "flicker"),
    "grey below": (lambda: partly_empty(BELOW, ALL), "flat"),
    "grey on the right": (lambda: partly_empty(ALL, RIGHT), "flat"),
    "black on the left": (lambda: partly_empty(ALL, LEFT, (0, 0, 0)), "flat"),
    "green on the right": (lambda: partly_empty(ALL, RIGHT, (0, 135, 0)), "flat"),
    "dark grey above": (lambda: partly_empty(ABOVE, ALL, (60, 60, 60)), "flat"),
    "grey below from some time on": (lambda: partly_empty(BELOW, ALL, start=QUARTER), "flat"),
    "short, and mostly frozen": (lambda: good()[:3] + good()[3:4] * 9, "frozen"),
    "one picture under grain": (lambda: stirred(4, (1, 1, 1)), "frozen"),
    "one picture under noise of its colours": (lambda: stirred(8, (1, -0.5, 0)), "frozen"),
    "a short loop": (lambda: good()[: COUNT // 6] * 6, "frozen"),
    "noise at another rate": (
        lambda: [frame for frame in grain(128, 70)[:HALF] for _ in range(2)],
        "noise",
    ),
    "out of focus": (
        lambda: drawn(lambda i: painted(120 + 60 * np.sin(i / 9 + ACROSS / 20))),
        "blurred",
    ),
}
"""Clips with a fault that show something, and the fault: they are kept, and it is told."""


def overwritten(clip: bytes, start: float, end: float, *, zeros: bool = False) -> bytes:
    """The clip with a share of its compressed pictures overwritten."""
    first = clip.index(b"mdat") + 4
    low, high = (first + int((len(clip) - first) * share) for share in (start, end))
    filler = bytes(high - low) if zeros else np.random.default_rng(5).bytes(high - low)
    return clip[:low] + filler + clip[high:]
