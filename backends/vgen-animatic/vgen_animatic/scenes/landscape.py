"""Mountains, hills or dunes under a wide sky."""

from __future__ import annotations

from collections.abc import Iterator

from vgen_animatic.arrays import Floats
from vgen_animatic.director import Direction
from vgen_animatic.layer import Layer
from vgen_animatic.near import MEADOW_DEPTH, far_shore, home, lone_tree, meadow, near_woods
from vgen_animatic.noise import Rng
from vgen_animatic.palette import Colour
from vgen_animatic.scene import Part, Scene
from vgen_animatic.setting import Setting, bank, birds, heavens, setting, sky, weather
from vgen_animatic.terrain import dunes, facets, ground, hills, mountains, positions, snow_caps
from vgen_animatic.water import mirror

RANGES = 4
SHORE = 0.755
SAND = Colour(0.50, 0.11, 48)


def build(direction: Direction, width: int, height: int) -> Scene:
    """Set up a landscape; its form follows from the prompt, or else from the random generator."""
    rng = direction.rng("landscape")
    s = setting(direction, width, height, 0.63)
    form = _form(direction, rng)
    lake = direction.has("lake") or (form == "peaks" and rng.random() < 0.4)
    parts = (
        *heavens(s),
        *birds(s),
        *_ranges(s, form),
        *_foreground(s, form, lake=lake),
        *weather(s),
    )
    return Scene(s.stage, sky(s), parts)


def _form(direction: Direction, rng: Rng) -> str:
    if direction.has("dunes") or direction.mood == "desert":
        return "dunes"
    if direction.has("peaks", "forest"):
        return "peaks"
    if direction.has("hills"):
        return "hills"
    return "peaks" if rng.random() < 0.65 else "hills"


def _ranges(s: Setting, form: str) -> Iterator[Part]:
    """Ranges one before the other, each nearer to the colour of the land, with mist between."""
    for number in range(RANGES):
        near = number / RANGES
        line = s.horizon + 0.01 + 0.055 * number
        yield _range(s, form, number, line)
        if number < RANGES - 1:
            strength = (0.72 if form != "dunes" else 0.35) - 0.12 * number
            yield bank(s, f"mist {number}", line + 0.025, 0.07, 0.13 + 0.4 * near, strength)


def _range(s: Setting, form: str, number: int, line: float) -> Layer:
    near = number / RANGES
    crest = _crest(s, form, number, line * s.stage.height)
    bottom = (line + 0.095) * s.stage.height
    tone = _tone(s, form, 0.2 + 0.62 * near**1.1, number)
    lit = facets(s.stage, s.rng(f"facets {number}"), crest, bottom, -s.shady, rough=form == "peaks")
    return ground(
        s.stage,
        crest,
        bottom=bottom,
        tones=(tone, s.palette.haze.mix(tone, 0.4)),
        depth=0.08 + 0.42 * near,
        relief=lit * (7.0 + 9.0 * near) * (1.5 if form == "dunes" else 1.0),
        snow=_snow(s, form, number, crest, bottom),
    )


def _snow(s: Setting, form: str, number: int, crest: Floats, bottom: float) -> Floats | None:
    wintry = s.direction.has("snowy") or s.direction.mood == "winter"
    if form != "peaks" or number == RANGES - 1 or not wintry:
        return None
    return snow_caps(s.stage, s.rng(f"snow {number}"), crest, bottom, 0.45 - 0.08 * number)


def _crest(s: Setting, form: str, number: int, line: float) -> Floats:
    rng = s.rng(f"range {number}")
    x = positions(s.stage) / s.stage.width
    unit = s.stage.unit
    if form == "dunes":
        return line - (0.24 - 0.02 * number) * unit * dunes(rng, x, 1.7 + 0.3 * number)
    if form == "peaks" and number < RANGES - 1:
        return line - (0.37 - 0.075 * number) * unit * mountains(rng, x, 1.7 + 0.3 * number)
    return line - (0.19 - 0.025 * number) * unit * hills(rng, x, 1.3 + 0.3 * number)


def _tone(s: Setting, form: str, share: float, number: int) -> Colour:
    tone = s.palette.haze.mix(_land(s, form), share)
    if form == "hills" and s.direction.mood in ("day", "dawn"):
        return tone.turned(-14.0 * (number % 2)).lighter(0.03)
    return tone


def _land(s: Setting, form: str) -> Colour:
    return s.palette.land.mix(SAND, 0.35) if form == "dunes" else s.palette.land


def _foreground(s: Setting, form: str, *, lake: bool) -> Iterator[Part]:
    if form == "dunes":
        yield from _near_dunes(s)
        return
    if lake:
        yield far_shore(s, SHORE, 0.045)
        yield mirror(s.palette.water, SHORE, dull=0.22)
        yield bank(s, "mist near", SHORE, 0.03, 0.0, 0.4)
    else:
        yield meadow(s, 0.085 if form == "peaks" else 0.035)
        yield bank(s, "mist near", 0.89, 0.06, 0.75, 0.3)
    if s.direction.has("cabin") or s.rng("cabin").random() < 0.25:
        yield from home(s, *((SHORE + 0.012, 0.0) if lake else (0.865, MEADOW_DEPTH)))
    yield lone_tree(s) if form == "hills" else near_woods(s, 0.27)


def _near_dunes(s: Setting) -> Iterator[Part]:
    tall, x = s.stage.height, positions(s.stage) / s.stage.width
    for number, (foot, rise) in enumerate(((0.90, 0.20), (1.04, 0.26))):
        crest = tall * foot - rise * tall * dunes(s.rng(f"dune {number}"), x, 1.3)
        bottom = (0.99, 1.12)[number] * tall
        lit = facets(s.stage, s.rng(f"lee {number}"), crest, bottom, -s.shady, rough=False)
        tone = s.palette.haze.mix(_land(s, "dunes"), 0.75 + 0.3 * number).lighter(-0.04 * number)
        yield ground(
            s.stage,
            crest,
            bottom=bottom,
            tones=(tone.lighter(0.03), tone.lighter(-0.06)),
            depth=0.6 + 0.4 * number,
            relief=lit * 20.0,
            reach=0.3,
        )
