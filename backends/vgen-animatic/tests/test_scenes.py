"""What the scenes show, and how they move."""

from __future__ import annotations

import numpy as np
import pytest
from attrs import evolve
from PIL import Image

from vgen_animatic.arrays import Floats
from vgen_animatic.camera import Camera, Move, View
from vgen_animatic.director import direct
from vgen_animatic.layer import Stage
from vgen_animatic.road import Car, Markings, Road
from vgen_animatic.scene import Scene
from vgen_animatic.scenes import build
from vgen_animatic.sprite import glow

SIZE = (192, 108)
MAGENTA = (255, 0, 255)

PROMPTS = [
    "Snowy mountain peaks",
    "A forest in the fog",
    "Rolling hills with a cabin in autumn",
    "Sand dunes at sunset",
    "A lake at dawn, birds",
    "The lighthouse in a storm",
    "Boats near an island by day",
    "The aurora above a lake, snowfall",
    "Meteors over the woods, fireflies at night",
    "A road at dusk",
    "The skyline by day",
    "A street in the rain at night",
    "Cars in a sunny street",
    "Abstract shapes in winter",
]

ADDITIONS = [
    ("the night sky", "aurora"),
    ("the night sky", "fireflies"),
    ("a mountain", "snowy"),
    ("a mountain", "lake"),
    ("a mountain", "dunes"),
    ("a mountain at dusk", "cabin"),
    ("the sea", "rain"),
    ("the sea", "snowfall"),
    ("the city", "street"),
    ("the city", "neon"),
    ("the stars", "road"),
]


@pytest.mark.parametrize("prompt", PROMPTS)
def test_moves_without_jumping(prompt: str) -> None:
    """From frame to frame little changes, over three seconds something does."""
    scene = scene_of(prompt)
    first, following, later = (grey(scene, seconds) for seconds in (1.0, 1.0 + 1 / 30, 4.0))
    assert np.abs(first - following).mean() < 4.0
    assert np.abs(first - later).mean() > 0.1
    assert abs(first.mean() - later.mean()) < 12.0


@pytest.mark.parametrize(("prompt", "thing"), ADDITIONS)
def test_shows_what_is_named(prompt: str, thing: str) -> None:
    """A known thing changes the picture, the seed being the same."""
    plain = direct(prompt, 3)
    named = evolve(direct(f"{prompt}, {thing}", 3), key=plain.key, camera=plain.camera)
    pictures = [grey(build(direction, *SIZE), 1.0) for direction in (plain, named)]
    assert np.abs(pictures[0] - pictures[1]).max() > 20


@pytest.mark.parametrize("move", Move)
@pytest.mark.parametrize("prompt", ["dunes", "hills", "the sea", "a road", "an abstract dream"])
def test_no_move_uncovers_the_foot(prompt: str, move: Move) -> None:
    """However strong the move, nothing behind the scene shows at the frame's foot."""
    scene = scene_of(prompt)
    screen = Image.new("RGB", scene.backdrop.paint.size, MAGENTA)
    scene = evolve(scene, backdrop=evolve(scene.backdrop, paint=screen))
    camera = Camera(move, 1.6)
    for step in range(5):
        frame = scene.draw(4.0 * step, camera.view(step / 4, 4.0 * step))
        foot = np.asarray(frame)[-1]
        assert not (foot == MAGENTA).all(axis=1).any()


@pytest.mark.parametrize("prompt", ["mountains by day", "an abstract dream"])
def test_drifts_for_five_minutes(prompt: str) -> None:
    """What drifts has no end: at the end of the longest clip it moves as at its beginning."""
    scene = scene_of(prompt)
    paces = [
        np.abs(grey(scene, seconds) - grey(scene, seconds + 0.5)).mean() for seconds in (0.0, 299.5)
    ]
    assert paces[1] > 0.3 * paces[0] > 0.0


def test_the_road_and_what_is_on_it_move_together() -> None:
    """Under a long lens the markings and the cars are magnified like the road that they are on."""
    stage = Stage(*SIZE, focus=(0.5, 0.5))
    road = Road(stage, (96.0, 54.0), 0.3, 0.0)
    for part in (
        Markings(road, 1.0, (255, 255, 255)),
        Car(road, glow(), 0.5, 3.0, (255, 255, 255)),
    ):
        spreads: list[float] = []
        for lens in (1.0, 1.25):
            frame = Image.new("RGB", SIZE)
            part.draw(frame, stage, View(lens=lens), 0.0)
            rows = np.asarray(frame.convert("L"), dtype=np.float32).sum(axis=1)
            spreads.append(float((rows * np.abs(np.arange(SIZE[1]) - 53.5)).sum() / rows.sum()))
        assert spreads[1] > 1.1 * spreads[0]


def scene_of(prompt: str) -> Scene:
    """The scene of a prompt, small."""
    return build(direct(prompt, 5), *SIZE)


def grey(scene: Scene, seconds: float) -> Floats:
    """The brightness of a scene's pixels, the camera standing still."""
    return np.asarray(scene.draw(seconds, View()).convert("L"), dtype=np.float32)
