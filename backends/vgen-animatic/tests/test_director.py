"""How words choose what is shown."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vgen_animatic.camera import Camera, Move
from vgen_animatic.director import direct
from vgen_animatic.moods import PALETTES
from vgen_animatic.scenes import BUILDERS


@pytest.mark.parametrize(
    ("prompt", "scene"),
    [
        ("Mountains in the mist", "landscape"),
        ("Two boats, far from any harbour", "sea"),
        ("She drives down an empty road", "night"),
        ("Neon signs above a wet street", "city"),
        ("An abstract flow of ink", "abstract"),
        ("Midnight", "night"),
        ("A snowy morning", "landscape"),
        ("Zwei Köche streiten", "abstract"),
        ("", "abstract"),
    ],
)
def test_words_choose_the_scene(prompt: str, scene: str) -> None:
    """The scene that most of the words belong to is shown; without any, an abstract one."""
    assert direct(prompt).scene == scene


@pytest.mark.parametrize(
    ("prompt", "mood"),
    [
        ("the sea at sunset", "sunset"),
        ("a forest at DAWN", "dawn"),
        ("the city at night in the rain", "night"),
        ("a stormy sea", "storm"),
        ("a foggy field", "fog"),
        ("sand dunes", "desert"),
        ("a road on a sunny day", "night"),
        ("a road at dusk", "dusk"),
    ],
)
def test_words_choose_the_light(prompt: str, mood: str) -> None:
    """The time of day goes before the weather; a night scene stays dark."""
    moods = {direct(prompt, seed).mood for seed in range(8)}
    assert mood in moods
    assert moods <= {mood} or (mood == "night" and moods <= {"night", "dusk"})


@pytest.mark.parametrize(
    ("prompt", "weather"),
    [
        ("rain on the roof", "rain"),
        ("Snowfall", "snow"),
        ("misty hills", "fog"),
        ("hills", "clear"),
    ],
)
def test_words_choose_the_weather(prompt: str, weather: str) -> None:
    """Rain, snow and fog are shown where they are named."""
    assert direct(prompt).weather == weather


@pytest.mark.parametrize(
    ("prompt", "move"),
    [
        ("The sea. Static camera.", Move.STATIC),
        ("aerial shot of a forest", Move.AERIAL),
        ("slow zoom-in on a boat", Move.ZOOM_IN),
        ("zoom out", Move.ZOOM_OUT),
        ("push in", Move.PUSH_IN),
        ("the camera pulls back", Move.PULL_OUT),
        ("Pan left over the bay", Move.PAN_LEFT),
        ("the camera pans", Move.PAN_RIGHT),
        ("tilt down", Move.TILT_DOWN),
        ("tilting up", Move.TILT_UP),
    ],
)
def test_words_choose_the_camera(prompt: str, move: Move) -> None:
    """A move that is named is the one that is shown."""
    assert direct(prompt).camera.move is move


def test_a_word_within_another_is_not_heard() -> None:
    """`pan` in `companion` moves no camera, `sea` in `season` shows no sea."""
    moves = {direct("a companion", seed).camera.move for seed in range(40)}
    assert len(moves) > 1
    assert direct("the season of mountains").scene == "landscape"


def test_motion_is_the_strength_of_the_move() -> None:
    """More motion moves the camera farther; a still one hardly moves."""
    reach = [
        direct("pan left", motion=motion).camera.view(0.0, 0.0).aside for motion in (1, 127, 255)
    ]
    assert 0 < reach[0] < reach[1] < reach[2]


@pytest.mark.parametrize("move", Move)
def test_moves_are_smooth(move: Move) -> None:
    """No view jumps: between two frames nothing changes by more than a hundredth."""
    camera = Camera(move, 1.6)
    views = [camera.view(step / 200, step / 30) for step in range(201)]
    for one, other in pairwise(views):
        for name in ("aside", "above", "dolly", "lens"):
            assert abs(getattr(one, name) - getattr(other, name)) < 0.01


@given(prompt=st.text(max_size=60), seed=st.none() | st.integers(0, 2**32 - 1))
def test_any_prompt_has_a_direction(prompt: str, seed: int | None) -> None:
    """Every text leads to a scene and a mood that exist, the same each time."""
    direction = direct(prompt, seed)
    assert direction.scene in BUILDERS
    assert direction.mood in PALETTES
    assert direct(prompt, seed) == direction
