"""Sound clips that move oddly: a little, again and again, at another rate, or by jumps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .drawing import (
    ACROSS,
    DOWN,
    FPS,
    HEIGHT,
    WIDTH,
    Levels,
    bar,
    disc,
    entering,
    flat,
    view,
    words,
)

if TYPE_CHECKING:
    from .drawing import Scene

MOVES: dict[str, Scene] = {}
"""The scenes by name, each with its picture `i`."""

move = entering(MOVES)


@move
def talking_head(i: int) -> Levels:
    """A mouth that opens and shuts four times a second before a ground that stands still."""
    face = 150 * disc(80, 45, 30) + view(0) * (1 - disc(80, 45, 30))
    opening = 1 + 3 * abs(np.sin(np.pi * 4 * i / FPS))
    return face - 110 * bar(70, 60 - opening / 2, 20, opening)


@move
def small_mouth(i: int) -> Levels:
    """The same far away: a few pixels move."""
    face = 170 * disc(80, 45, 8) + view(0) * (1 - disc(80, 45, 8))
    return face - 110 * (i // 3 % 2) * bar(78, 49, 4, 1.5)


@move
def blinking_sign(i: int) -> Levels:
    """A neon sign that goes on and off twice a second in a street at night."""
    lit = i // 6 % 2
    return (view(0) / 4)[..., None] + words("OPEN", 20, 50, 30)[..., None] * [220 * lit, 40, 60]


@move
def large_sign(i: int) -> Levels:
    """A sign over much of the picture that goes on and off four times a second."""
    lit = i // 3 % 2
    return (view(0) / 4)[..., None] + words("OPEN", 50, 10, 15)[..., None] * [220 * lit, 40, 60]


@move
def large_mouth(i: int) -> Levels:
    """A face from near, whose mouth opens as the words have it."""
    wide = np.random.default_rng(9).uniform(0, 1, 100)[i]
    face = 150 * disc(80, 45, 44) + view(0) * (1 - disc(80, 45, 44))
    return face - 110 * bar(60, 65 - 9 * wide, 40, 1 + 18 * wide)


@move
def propeller(i: int) -> Levels:
    """Blades that turn fast before a ground that stands still."""
    return view(0) - 70 * _blades(0.9 * i)


@move
def slow_propeller(i: int) -> Levels:
    """Blades that the shutter makes seem to creep: a third of a turn and a little more."""
    return view(0) - 70 * _blades((2 * np.pi / 3 + 0.05) * i)


@move
def far_propeller(i: int) -> Levels:
    """Blades of a few pixels."""
    return view(0) - 70 * _blades(0.9 * i, 5)


def _blades(turned: float, length: float = 22) -> Levels:
    angle = np.arctan2(DOWN - 45, ACROSS - 80)
    return (np.cos(3 * (angle + turned)) > 0.6) * disc(80, 45, length)


@move
def second_hand(i: int) -> Levels:
    """A clock whose hand jumps once a second."""
    turned = 2 * np.pi * (i // FPS) / 60
    away = (ACROSS - 80) * np.cos(turned) + (DOWN - 45) * np.sin(turned)
    hand = (abs(away) < 1) * disc(80, 45, 28) * (DOWN < 45)
    return view(0) / 2 + 120 * disc(80, 45, 32) - 150 * hand


@move
def loading(i: int) -> Levels:
    """Dots in a ring that light up in turn."""
    page = flat(245)
    for n in range(8):
        angle = np.pi * n / 4
        page -= (40 + 25 * ((n - i // 2) % 8)) * disc(
            80 + 14 * np.cos(angle), 45 + 14 * np.sin(angle), 2.5
        )
    return page


@move
def bouncing_ball(i: int) -> Levels:
    """The same bounce three times a second."""
    return view(0) + 90 * disc(80, 70 - 50 * abs(np.sin(np.pi * 3 * i / FPS)), 6)


@move
def leaf_in_the_wind(i: int) -> Levels:
    """A landscape in which one leaf stirs."""
    return view(0) + 70 * disc(120 + 2 * np.sin(i / 3), 20, 2)


@move
def typing(i: int) -> Levels:
    """A recorded screen on which words appear."""
    page = 250 - 30 * bar(0, 0, WIDTH, 10) - 200 * words("Untitled", 8, 4, 0)
    return page - 220 * words("It was a dark and stormy night"[: i // 2], 9, 8, 30)


@move
def twelve_a_second(i: int) -> Levels:
    """Twelve pictures a second shown at 24."""
    return view(4 * (i // 2))


@move
def sixteen_a_second(i: int) -> Levels:
    """Sixteen pictures a second shown at 24, as Wan makes them."""
    return view(3 * (i * 2 // 3)) + 60 * disc(20 + 3 * (i * 2 // 3), 45, 9)


@move
def eight_a_second(i: int) -> Levels:
    """Eight pictures a second shown at 24, of a fast pan."""
    return view(6 * (i // 3))


@move
def shaken_at_sixteen(i: int) -> Levels:
    """A camera held by a running hand, sixteen pictures a second shown at 24."""
    return shaken_camera(i * 2 // 3)


@move
def sixteen_blended(i: int) -> Levels:
    """Sixteen pictures a second, of which two are mixed where they do not fit."""
    place = i * 2 / 3
    first, share = int(place), place % 1
    return (1 - share) * view(3 * first) + share * view(3 * first + 3)


@move
def cartoon_on_twos(i: int) -> Levels:
    """A drawn figure that changes every second picture on a ground that stands still."""
    step = i // 2
    return view(0) + 80 * disc(30 + 4 * step, 60 - 10 * abs(np.sin(step / 2)), 8)


@move
def boiling_on_twos(i: int) -> Levels:
    """A drawing whose lines quiver, twelve pictures a second shown at 24."""
    return view(0) + np.random.default_rng(i // 2).normal(0, 15, (HEIGHT, WIDTH))


@move
def time_lapse(i: int) -> Levels:
    """Clouds that race, under a light that wavers."""
    return view(3 * i) * (1 + 0.04 * np.sin(2.1 * i))


@move
def slow_pan(i: int) -> Levels:
    """A camera that creeps."""
    return view(i / 8)


@move
def whip_pan(i: int) -> Levels:
    """A camera that is torn around."""
    return view(min(155.0, 0.07 * i**2))


@move
def shaken_camera(i: int) -> Levels:
    """A camera held by a running hand."""
    return view(60 + 14 * np.sin(1.9 * i) + 9 * np.sin(3.1 * i + 1))


@move
def quick_cuts(i: int) -> Levels:
    """Another place every quarter of a second."""
    shot = i // 6
    return np.roll(view(17 * shot + i % 6), 23 * shot, axis=0)[:: (-1) ** shot]


@move
def letterbox(i: int) -> Levels:
    """A wide film between black bars."""
    return view(i) * (abs(DOWN - 45) < 28)


@move
def pillarbox(i: int) -> Levels:
    """A phone's film between black bars."""
    return view(i) * (abs(ACROSS - 80) < 25)


@move
def band_for_subtitles(i: int) -> Levels:
    """A film over a black band."""
    return view(i) * (DOWN < 0.78 * HEIGHT)


@move
def wipe(i: int) -> Levels:
    """A film that a straight line uncovers."""
    return view(i) * (4 * i > ACROSS)


@move
def plain_sky(i: int) -> Levels:
    """Hills before a sky without a cloud."""
    ridge = 45 + 5 * np.sin((ACROSS + 2 * i) / 15) + 3 * np.sin((ACROSS + 2 * i) / 5)
    return np.where(ridge > DOWN, 200, view(2 * i))


@move
def two_halves(i: int) -> Levels:
    """A film on the left, a colour with words on the right."""
    card = 128 + 100 * words("NOW", 20, 96, 30)
    return view(i) * (ACROSS < 80) + card * (ACROSS >= 80)


@move
def chessboard(i: int) -> Levels:
    """Hard squares that move by as much as their side in each picture."""
    return 40 + 180.0 * ((ACROSS // 8 + DOWN // 8 + i) % 2)
