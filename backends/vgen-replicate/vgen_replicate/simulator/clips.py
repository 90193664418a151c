"""Renders the clips of the simulated models: slow camera moves over a picture, and a slate."""

from __future__ import annotations

import hashlib
from functools import partial
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import trio
from attrs import define, field, frozen
from numpy.typing import NDArray
from PIL import Image, ImageOps

from vgen.video import Encoder
from vgen_replicate.simulator.model import Size
from vgen_replicate.simulator.prediction import Prediction
from vgen_replicate.simulator.slate import slate
from vgen_replicate.simulator.threads import in_thread

MAX_CACHED = 64

MIN_SIDE = 32

MARGIN = 1.3
"""The size of the picture that the camera moves over, as a multiple of a frame's."""

TILE_OPACITY = 0.3
"""The opacity of the tiles over a picture: on a plain one, camera moves would be invisible."""

BT709 = (
    np.array(
        [
            [0.2126, 0.7152, 0.0722],
            [-0.2126 / 1.8556, -0.7152 / 1.8556, 0.5],
            [0.5, -0.7152 / 1.5748, -0.0722 / 1.5748],
        ],
        dtype=np.float32,
    )
    * np.array([[219], [224], [224]], dtype=np.float32)
    / 255
)
"""From full-range RGB to limited-range luma and chroma (ITU-R BT.709-6, items 3.2 to 3.5)."""

NEUTRAL = 128
"""The chroma of grey."""


@frozen
class ClipSpec:
    """Everything that determines a clip."""

    frames: int
    fps: int
    size: Size
    prompt: str
    remark: str
    picture: str

    def digest(self) -> bytes:
        """Return 32 bytes, other ones for each other clip."""
        return hashlib.sha256(repr(self).encode()).digest()


@define(eq=False)
class ClipMaker:
    """Renders clips when they are first downloaded, one at a time, and caches the latest.

    Each output of each prediction has a clip of its own, the same whenever it is downloaded.

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
        seed = prediction.input.get("seed")
        number = f"no. {prediction.number}{f'.{index + 1}' if shot.clips > 1 else ''}"
        return ClipSpec(
            shot.frames,
            shot.fps,
            (self._side(width), self._side(height)),
            prompt=str(prediction.input.get("prompt", "")),
            remark=number if seed is None else f"{number}, seed {seed}",
            picture=hashlib.sha256(picture or b"").hexdigest(),
        )

    def _side(self, side: int) -> int:
        return max(MIN_SIDE, round(side * self.scale / 2) * 2)


def render(spec: ClipSpec, picture: bytes | None) -> bytes:
    """Draw and encode a clip: the picture, or a generated one, with a slow pan and zoom."""
    width, height = spec.size
    half = (width // 2, height // 2)
    random = np.random.default_rng(list(spec.digest()))
    to_right = bool(random.integers(2))
    luma, *chroma = _planes(_scene(spec.size, random, picture))
    strip = slate(spec.prompt, spec.remark, spec.size)
    with TemporaryDirectory() as folder:
        path = Path(folder, "output.mp4")
        with Encoder(path, width=width, height=height, fps=spec.fps) as encoder:
            for frame in range(spec.frames):
                box = _view(luma.size, frame / spec.frames, to_right=to_right)
                y = _shown(luma, spec.size, box)
                u, v = (_shown(plane, half, tuple(side / 2 for side in box)) for plane in chroma)
                y[-len(strip) :] = strip
                u[-len(strip) // 2 :] = v[-len(strip) // 2 :] = NEUTRAL
                encoder.write_planes(y, u, v)
        return path.read_bytes()


def _scene(size: Size, random: np.random.Generator, picture: bytes | None) -> Image.Image:
    width, height = (2 * round(side * MARGIN / 2) for side in size)
    generated = _generated_picture((width, height), random)
    if not picture:
        return generated
    with Image.open(BytesIO(picture)) as image:
        scene = ImageOps.fit(image.convert("RGB"), (width, height))
    return Image.blend(scene, generated, TILE_OPACITY)


def _generated_picture(size: Size, random: np.random.Generator) -> Image.Image:
    """Soft waves of colour with a grid of lighter tiles, whose edges make motion visible."""
    x, y = np.meshgrid(np.linspace(0, 1, size[0]), np.linspace(0, 1, size[1]))
    waves = [
        np.sin(a * x + b * y + c) for a, b, c in random.uniform((2, 2, 0), (7, 7, 6), size=(3, 3))
    ]
    across, down, lean = random.uniform((6, 5, -2), (10, 8, 2))
    tiles = (np.floor(x * across + lean * y) + np.floor(y * down)) % 2
    channels = [128 + 70 * wave + 36 * tiles for wave in waves]
    return Image.fromarray(np.stack(channels, axis=-1).clip(0, 255).astype(np.uint8))


def _planes(scene: Image.Image) -> list[Image.Image]:
    """Return luma, and both chromas at half size, once for all frames: BT.709, limited range."""
    pixels = np.asarray(scene, dtype=np.float32)
    planes = (pixels @ BT709.T + (16, NEUTRAL, NEUTRAL)).round().astype(np.uint8)
    luma, *chroma = (Image.fromarray(plane) for plane in np.moveaxis(planes, -1, 0))
    return [luma, *(plane.reduce(2) for plane in chroma)]


def _shown(plane: Image.Image, size: Size, box: tuple[float, ...]) -> NDArray[np.uint8]:
    left, top, right, bottom = box
    shown = plane.resize(size, Image.Resampling.BILINEAR, (left, top, right, bottom))
    return np.array(shown)


def _view(size: Size, progress: float, *, to_right: bool) -> tuple[float, float, float, float]:
    """Return the visible box at that progress (0 to 1): from one corner, zooming in."""
    width, height = size
    zoom = 1 - 0.2 * progress
    view_w, view_h = width * zoom / MARGIN, height * zoom / MARGIN
    left = (width - view_w) * (progress if to_right else 1 - progress)
    top = (height - view_h) * progress
    return (left, top, left + view_w, top + view_h)
