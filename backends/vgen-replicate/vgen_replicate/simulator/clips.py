"""The clips that the simulated models make: slow camera moves over a picture."""

from __future__ import annotations

import hashlib
from functools import partial
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import trio
from attrs import define, field, frozen
from PIL import Image, ImageOps

from vgen.video import Encoder
from vgen_replicate.simulator.model import Size
from vgen_replicate.simulator.prediction import Prediction
from vgen_replicate.simulator.threads import in_thread

SEEDS = 4
"""Predictions that differ in no more than their seed share this many clips."""

MAX_KEPT = 64

MIN_SIDE = 32

MARGIN = 1.3
"""How much larger than a frame the picture is that the camera moves over."""

TILES = 0.3
"""How much of the tiles shows through a picture: over a plain one, the camera moves unseen."""


@frozen
class Wanted:
    """All that decides what a clip looks like."""

    frames: int
    fps: int
    size: Size
    seed: int
    digest: str


@define(eq=False)
class ClipMaker:
    """Makes clips when they are first downloaded, one at a time, and keeps the latest.

    Sides are `scale` times those that the model would give, even and at least 32 pixels.
    """

    scale: float = 1.0
    _kept: dict[Wanted, bytes] = field(factory=dict[Wanted, bytes])
    _lock: trio.Lock = field(factory=trio.Lock)

    async def clip(self, prediction: Prediction, index: int) -> bytes:
        """The MP4 file that is the prediction's output of that index."""
        picture = prediction.picture
        wanted = self._wanted(prediction, picture, index)
        async with self._lock:
            if wanted not in self._kept:
                self._kept[wanted] = await in_thread(partial(drawn, wanted, picture))
            clip = self._kept[wanted] = self._kept.pop(wanted)
            if len(self._kept) > MAX_KEPT:
                del self._kept[next(iter(self._kept))]
        return clip

    def _wanted(self, prediction: Prediction, picture: bytes | None, index: int) -> Wanted:
        shot = prediction.shot
        if shot is None:
            raise ValueError(f"prediction {prediction.id} has no output")
        width, height = shot.size
        seed = prediction.input.get("seed", prediction.number) + index
        digest = hashlib.sha256(picture or b"").hexdigest()
        size = (self._side(width), self._side(height))
        return Wanted(shot.frames, shot.fps, size, int(seed) % SEEDS, digest)

    def _side(self, side: int) -> int:
        return max(MIN_SIDE, round(side * self.scale / 2) * 2)


def drawn(wanted: Wanted, picture: bytes | None) -> bytes:
    """Draw and encode a clip: the picture, or a made-up one, under a slow pan and zoom."""
    width, height = wanted.size
    scene = _scene(wanted, picture)
    with TemporaryDirectory() as folder:
        path = Path(folder, "output.mp4")
        with Encoder(path, width=width, height=height, fps=wanted.fps) as encoder:
            for frame in range(wanted.frames):
                box = _view(scene.size, wanted, frame / wanted.frames)
                shown = scene.resize(wanted.size, Image.Resampling.BILINEAR, box)
                encoder.write(np.asarray(shown))
        return path.read_bytes()


def _scene(wanted: Wanted, picture: bytes | None) -> Image.Image:
    size = (round(wanted.size[0] * MARGIN), round(wanted.size[1] * MARGIN))
    made_up = _made_up(size, wanted.seed)
    if not picture:
        return made_up
    with Image.open(BytesIO(picture)) as image:
        scene = ImageOps.fit(image.convert("RGB"), size)
    return Image.blend(scene, made_up, TILES)


def _made_up(size: Size, seed: int) -> Image.Image:
    """Soft waves of colour with a grid of lighter tiles, so that there are edges to follow."""
    random = np.random.default_rng(seed)
    x, y = np.meshgrid(np.linspace(0, 1, size[0]), np.linspace(0, 1, size[1]))
    waves = [
        np.sin(a * x + b * y + c) for a, b, c in random.uniform((2, 2, 0), (7, 7, 6), size=(3, 3))
    ]
    tiles = (np.floor(x * 8) + np.floor(y * 6)) % 2
    channels = [128 + 70 * wave + 36 * tiles for wave in waves]
    return Image.fromarray(np.stack(channels, axis=-1).clip(0, 255).astype(np.uint8))


def _view(size: Size, wanted: Wanted, share: float) -> tuple[float, float, float, float]:
    """What the camera sees after that share of the clip: from one corner inwards."""
    width, height = size
    zoom = 1 - 0.2 * share
    view_w, view_h = width * zoom / MARGIN, height * zoom / MARGIN
    to_right = share if wanted.seed % 2 else 1 - share
    left, top = (width - view_w) * to_right, (height - view_h) * share
    return (left, top, left + view_w, top + view_h)
