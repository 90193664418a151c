"""Renders the clips of the simulated models: slow camera moves over a picture."""

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

SEED_VARIANTS = 4
"""Predictions that differ only in their seeds share this many clips."""

MAX_CACHED = 64

MIN_SIDE = 32

MARGIN = 1.3
"""The size of the picture that the camera moves over, as a multiple of a frame's."""

TILE_OPACITY = 0.3
"""The opacity of the tiles over a picture: on a plain one, camera moves would be invisible."""


@frozen
class ClipSpec:
    """Everything that determines a clip."""

    frames: int
    fps: int
    size: Size
    seed: int
    digest: str


@define(eq=False)
class ClipMaker:
    """Renders clips when they are first downloaded, one at a time, and caches the latest.

    Width and height are `scale` times the model's, even and at least 32 pixels.
    """

    scale: float = 1.0
    _cache: dict[ClipSpec, bytes] = field(factory=dict[ClipSpec, bytes])
    _lock: trio.Lock = field(factory=trio.Lock)

    async def clip(self, prediction: Prediction, index: int) -> bytes:
        """Return the MP4 file of the prediction's output with that index."""
        picture = prediction.picture
        spec = self._spec(prediction, picture, index)
        async with self._lock:
            if spec not in self._cache:
                self._cache[spec] = await in_thread(partial(render, spec, picture))
            clip = self._cache[spec] = self._cache.pop(spec)
            if len(self._cache) > MAX_CACHED:
                del self._cache[next(iter(self._cache))]
        return clip

    def _spec(self, prediction: Prediction, picture: bytes | None, index: int) -> ClipSpec:
        shot = prediction.shot
        if shot is None:
            raise ValueError(f"prediction {prediction.id} has no output")
        width, height = shot.size
        seed = prediction.input.get("seed", prediction.number) + index
        digest = hashlib.sha256(picture or b"").hexdigest()
        size = (self._side(width), self._side(height))
        return ClipSpec(shot.frames, shot.fps, size, int(seed) % SEED_VARIANTS, digest)

    def _side(self, side: int) -> int:
        return max(MIN_SIDE, round(side * self.scale / 2) * 2)


def render(spec: ClipSpec, picture: bytes | None) -> bytes:
    """Draw and encode a clip: the picture, or a generated one, with a slow pan and zoom."""
    width, height = spec.size
    scene = _scene(spec, picture)
    with TemporaryDirectory() as folder:
        path = Path(folder, "output.mp4")
        with Encoder(path, width=width, height=height, fps=spec.fps) as encoder:
            for frame in range(spec.frames):
                box = _view(scene.size, spec, frame / spec.frames)
                shown = scene.resize(spec.size, Image.Resampling.BILINEAR, box)
                encoder.write(np.asarray(shown))
        return path.read_bytes()


def _scene(spec: ClipSpec, picture: bytes | None) -> Image.Image:
    size = (round(spec.size[0] * MARGIN), round(spec.size[1] * MARGIN))
    generated = _generated_picture(size, spec.seed)
    if not picture:
        return generated
    with Image.open(BytesIO(picture)) as image:
        scene = ImageOps.fit(image.convert("RGB"), size)
    return Image.blend(scene, generated, TILE_OPACITY)


def _generated_picture(size: Size, seed: int) -> Image.Image:
    """Soft waves of colour with a grid of lighter tiles, whose edges make motion visible."""
    random = np.random.default_rng(seed)
    x, y = np.meshgrid(np.linspace(0, 1, size[0]), np.linspace(0, 1, size[1]))
    waves = [
        np.sin(a * x + b * y + c) for a, b, c in random.uniform((2, 2, 0), (7, 7, 6), size=(3, 3))
    ]
    tiles = (np.floor(x * 8) + np.floor(y * 6)) % 2
    channels = [128 + 70 * wave + 36 * tiles for wave in waves]
    return Image.fromarray(np.stack(channels, axis=-1).clip(0, 255).astype(np.uint8))


def _view(size: Size, spec: ClipSpec, progress: float) -> tuple[float, float, float, float]:
    """Return the visible box at that progress (0 to 1): from one corner, zooming in."""
    width, height = size
    zoom = 1 - 0.2 * progress
    view_w, view_h = width * zoom / MARGIN, height * zoom / MARGIN
    to_right = progress if spec.seed % 2 else 1 - progress
    left, top = (width - view_w) * to_right, (height - view_h) * progress
    return (left, top, left + view_w, top + view_h)
