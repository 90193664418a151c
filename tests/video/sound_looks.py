"""Sound clips that look odd: dark, plain, flashing or full of specks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw

from .drawing import (
    ACROSS,
    COUNT,
    DOWN,
    FPS,
    HEIGHT,
    WIDTH,
    Levels,
    bar,
    disc,
    entering,
    flat,
    spots,
    view,
    words,
)

if TYPE_CHECKING:
    from .drawing import Scene

SPECKS = np.random.default_rng(14).uniform(0, 1, (400, 4))
"""Where specks are, and two more numbers for each."""

LOOKS: dict[str, Scene] = {}
"""The scenes by name, each with its picture `i`."""

look = entering(LOOKS)


@look
def the_end(i: int) -> Levels:
    """White letters on black that stand still."""
    return 235 * words("THE END", 24, 28, 30)


@look
def the_end_fading(i: int) -> Levels:
    """White letters that come up out of black and go again."""
    return the_end(i) * np.sin(np.pi * i / (COUNT - 1))


@look
def small_words(i: int) -> Levels:
    """One short word in a corner."""
    return 200 * words("fin", 8, 140, 78)


@look
def credits_on_black(i: int) -> Levels:
    """Names that roll upwards."""
    roll = words("A. Lovelace\n\nG. Hopper\n\nM. Hamilton\n\nK. Johnson", 11, 44, 20, 3 * HEIGHT)
    return 220 * roll[i : i + HEIGHT]


@look
def candle(i: int) -> Levels:
    """A flame that flickers."""
    sway = np.sin(i * 0.9) + np.sin(i * 2.3)
    flame = disc(80 + 0.4 * sway, 44, 2.5 + 0.3 * np.sin(i * 1.7))
    glow = np.exp(-np.hypot(ACROSS - 80, DOWN - 44) / 6) * (60 + 8 * sway)
    return (235 * flame + glow)[..., None] * [1, 0.7, 0.3]


@look
def starfield(i: int) -> Levels:
    """Stars that twinkle."""
    sky = flat(2)
    for x, y, light, phase in SPECKS[:60]:
        sky[int(y * HEIGHT), int(x * WIDTH)] = (
            80 + 120 * light * (1 + np.sin(6 * phase + i / 4)) / 2
        )
    return sky


@look
def flight_through_stars(i: int) -> Levels:
    """Stars that fly outwards."""
    angle, start = 2 * np.pi * SPECKS[:50, 0], SPECKS[:50, 1]
    far = 90 * ((start + i / COUNT) % 1) ** 2
    return 220 * spots(np.stack([80 + far * np.cos(angle), 45 + far * np.sin(angle)], 1))


@look
def fireflies(i: int) -> Levels:
    """A few spots that wander and glow at times."""
    picture = flat(3)
    for x, y, turn, phase in SPECKS[:7]:
        place = (
            WIDTH * x + 12 * np.sin(i / 9 + 6 * turn),
            HEIGHT * y + 8 * np.cos(i / 7 + 6 * phase),
        )
        picture += 190 * max(0, np.sin(i / 5 + 6 * turn)) * disc(*place, 1)
    return picture[..., None] * [0.8, 1, 0.3]


@look
def one_firefly(i: int) -> Levels:
    """A single spot of a few pixels."""
    return 150 * disc(30 + 2 * i, 45 + 20 * np.sin(i / 8), 0.8)


@look
def moon_rise(i: int) -> Levels:
    """A moon that comes up in an empty sky."""
    return 190 * disc(110, 80 - 0.7 * i, 6) + 3


@look
def fireworks(i: int) -> Levels:
    """Sparks that fly apart, fall and fade."""
    age = i % FPS
    angle, speed = 2 * np.pi * SPECKS[:40, 0], 1 + SPECKS[:40, 1]
    x = 50 + 60 * (i >= FPS) + age * speed * np.cos(angle)
    y = 35 + age * speed * np.sin(angle) + 0.04 * age**2
    return (250 - 9 * age) * spots(np.stack([x, y], 1))


@look
def lightning(i: int) -> Levels:
    """A night land that two strokes light up."""
    return view(0) * (1.5 if i in {10, 12, 33} else 0.12)


@look
def headlights(i: int) -> Levels:
    """Two lamps that come nearer on a dark road."""
    near = 3 + 30 * (i / COUNT) ** 2
    return 240 * np.maximum(disc(80 - near, 50, near / 4), disc(80 + near, 50, near / 4))


@look
def dim_room(i: int) -> Levels:
    """Shapes that can just be made out, and a shadow that walks."""
    return 8 + view(0) / 12 - 6 * disc(20 + 2 * i, 50, 18)


@look
def fade_in(i: int) -> Levels:
    """A land that appears during the whole clip."""
    return view(i) * i / COUNT


@look
def fade_out(i: int) -> Levels:
    """A land that is gone halfway."""
    return view(i) * max(0, 1 - 2 * i / COUNT)


@look
def opens_on_black(i: int) -> Levels:
    """Black for half of the clip, then a land."""
    return view(i) * (i >= COUNT // 2)


@look
def equalizer(i: int) -> Levels:
    """Bars that jump with a sound."""
    heights = 8 + 30 * abs(np.sin(i * (1 + SPECKS[:12, 0]) + 9 * SPECKS[:12, 1]))
    return 200 * sum(bar(8 + 12 * n, 80 - high, 8, high) for n, high in enumerate(heights))


@look
def fog(i: int) -> Levels:
    """Faint shapes that drift."""
    return 150 + (view(i / 2) - 110) / 10


@look
def thick_fog(i: int) -> Levels:
    """A grey that gets a little lighter here and there."""
    return 200 + 3 * np.sin(ACROSS / 20 + i / 9)


@look
def white_page(i: int) -> Levels:
    """A pen that draws a line on white."""
    line = bar(20, 44, 2 + 2.4 * i, 1)
    return 250 - 220 * line


@look
def bird_in_the_sky(i: int) -> Levels:
    """A few dark pixels that cross an empty sky."""
    return flat(180) - 120 * disc(10 + 3 * i, 30 + 6 * np.sin(i / 2), 1)


@look
def colour_wash(i: int) -> Levels:
    """One colour that turns into others."""
    return flat(1)[..., None] * (120 + 90 * np.sin(i / 15 + np.array([0.0, 2.0, 4.0])))


@look
def red_on_green(i: int) -> Levels:
    """A red ball on a green as bright: a grey picture would show nothing."""
    ball = disc(30 + 2 * i, 45, 12)[..., None]
    return ball * [220, 30, 40] + (1 - ball) * [20, 92, 40]


@look
def strobe(i: int) -> Levels:
    """Black and white by turns."""
    return flat(235 if i // 2 % 2 else 0)


@look
def strobe_over_dancers(i: int) -> Levels:
    """A scene lit every third picture."""
    return view(0) * (i % 3 == 0) + 60 * disc(40 + 2 * i, 45, 14) * (i % 3 == 0)


@look
def title_card(i: int) -> Levels:
    """Letters on a colour that stand still."""
    letters = words("Chapter One", 18, 24, 34)[..., None]
    return letters * [250, 240, 220] + (1 - letters) * [40, 30, 90]


@look
def snow(i: int) -> Levels:
    """Flakes that fall through a grey day."""
    x = (WIDTH * SPECKS[:120, 0] + 3 * np.sin(i / 6 + 6 * SPECKS[:120, 2])) % WIDTH
    y = (HEIGHT * SPECKS[:120, 1] + i * (2 + 2 * SPECKS[:120, 3])) % HEIGHT
    return flat(110) + 120 * spots(np.stack([x, y], 1))


@look
def blizzard(i: int) -> Levels:
    """Flakes all over the picture, fast."""
    x = (WIDTH * SPECKS[:, 0] + 7 * i) % WIDTH
    y = (HEIGHT * SPECKS[:, 1] + i * (4 + 4 * SPECKS[:, 3])) % HEIGHT
    return view(0) / 2 + 60 + 120 * spots(np.stack([x, y], 1), 0.8)


@look
def rain(i: int) -> Levels:
    """Streaks over a dark land."""
    page = Image.new("L", (WIDTH, HEIGHT))
    for x, y, _, speed in SPECKS[:80]:
        top = (y * HEIGHT + i * (9 + 5 * speed)) % HEIGHT
        ImageDraw.Draw(page).line((x * WIDTH, top, x * WIDTH, top + 7), fill=60)
    return view(0) / 3 + np.asarray(page)


@look
def confetti(i: int) -> Levels:
    """Bright paper that tumbles down."""
    page = Image.new("L", (WIDTH, HEIGHT), 40)
    for x, y, tone, speed in SPECKS[:90]:
        left, top = x * WIDTH, (y * HEIGHT + i * (1 + 2 * speed)) % HEIGHT
        high = 1 + 2 * abs(np.sin(i * (0.5 + speed)))
        ImageDraw.Draw(page).rectangle((left, top, left + 2, top + high), fill=int(90 + 160 * tone))
    return np.asarray(page).astype(float)


@look
def glitter(i: int) -> Levels:
    """Light that dances on water."""
    wave = np.sin(ACROSS / 3 + i) + np.sin(ACROSS / 5 - 1.3 * i + DOWN) + np.sin(DOWN * 1.3 + i / 2)
    return 70 + 25 * wave + 110 * (wave > 1.9)


@look
def old_film(i: int) -> Levels:
    """Black and white, with grain and scratches."""
    grain = np.random.default_rng(i).normal(0, 9, (HEIGHT, WIDTH))
    return view(i / 2) + grain + 60 * bar(37 * i % WIDTH, 0, 1, HEIGHT)
