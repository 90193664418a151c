"""Draw the reference images of the example: `python docs/examples/render_images.py`."""

from __future__ import annotations

from pathlib import Path

from vgen_animatic.camera import View
from vgen_animatic.director import direct
from vgen_animatic.scenes import build

FOLDER = Path(__file__).parent / "images"
SECONDS = 2.0
QUALITY = 88

IMAGES = {
    "overlook.jpg": ("A cabin by a mountain lake on a starry night", 5, (900, 1200)),
    "harbour.jpg": ("The harbour lighthouse at dusk, boats on the bay", 6, (1280, 720)),
    "skyline.jpg": ("The city skyline at dawn", 9, (1280, 720)),
}
"""The file's name, then the prompt, the seed and the size that it is drawn from."""


def main() -> None:
    """Write every image, the same bytes each time."""
    FOLDER.mkdir(exist_ok=True)
    for name, (prompt, seed, (width, height)) in IMAGES.items():
        scene = build(direct(prompt, seed), width, height)
        scene.draw(SECONDS, View()).save(FOLDER / name, quality=QUALITY, optimize=True)


if __name__ == "__main__":
    main()
