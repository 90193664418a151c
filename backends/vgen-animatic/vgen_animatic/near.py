"""What stands near the viewer on land: woods, a lone tree, a home, fireflies."""

from __future__ import annotations

from collections.abc import Iterator

from vgen_animatic.arrays import Floats
from vgen_animatic.layer import Layer
from vgen_animatic.moving import Light, Lights, Standing
from vgen_animatic.plants import Trees, grove, woods
from vgen_animatic.props import cabin
from vgen_animatic.scene import Part
from vgen_animatic.setting import Setting
from vgen_animatic.sprite import glow
from vgen_animatic.terrain import hills, positions

WARM = (255, 190, 110)
FIREFLY = (226, 255, 140)
MEADOW_DEPTH = 0.62


def far_shore(s: Setting, edge: float, size: float) -> Layer:
    """Low woods at the far edge of a lake, which is at a fraction of the frame's height."""
    tall, x = s.stage.height, positions(s.stage) / s.stage.width
    crest = tall * (edge - 0.007 - 0.012 * hills(s.rng("shore"), x, 1.4))
    return _far(s, crest, (edge + 0.02) * tall, 0.0, size)


def meadow(s: Setting, size: float) -> Layer:
    """Rolling ground in the middle distance with trees of about `size` units on it."""
    tall, x = s.stage.height, positions(s.stage) / s.stage.width
    crest = tall * (0.875 - 0.06 * hills(s.rng("meadow"), x, 1.4))
    return _far(s, crest, 1.04 * tall, MEADOW_DEPTH, size)


def _far(s: Setting, crest: Floats, bottom: float, depth: float, size: float) -> Layer:
    trees = Trees(size * s.stage.unit)
    colour = s.palette.haze.mix(s.palette.land, 0.78)
    return woods(
        s.stage, s.rng("far woods"), crest, trees, bottom=bottom, colour=colour, depth=depth
    )


def near_woods(s: Setting, size: float) -> Layer:
    """Dark firs that frame the view and leave an opening towards the light."""
    tall, x = s.stage.height, positions(s.stage) / s.stage.width
    crest = tall * (1.0 - 0.10 * hills(s.rng("near"), x, 1.1))
    trees = Trees(size * s.stage.unit, clearing=(s.lamp.x, 0.25))
    colour = s.palette.land.lighter(-0.05)
    return woods(
        s.stage, s.rng("near woods"), crest, trees, bottom=1.12 * tall, colour=colour, depth=1.0
    )


def lone_tree(s: Setting) -> Layer:
    """Dark grass with one broad tree on the side away from the light."""
    tall, x = s.stage.height, positions(s.stage) / s.stage.width
    return grove(
        s.stage,
        s.rng("grove"),
        tall * (0.98 - 0.10 * hills(s.rng("near"), x, 1.1)),
        bottom=1.12 * tall,
        colour=s.palette.land.lighter(-0.06),
        size=0.3 * s.stage.unit,
        middle=1.0 - s.lamp.x,
    )


def home(s: Setting, foot: float, depth: float) -> Iterator[Part]:
    """A cabin with lit windows, the one warm spot of the picture; `foot` as a fraction."""
    high = 0.048 * s.stage.unit
    wall = s.palette.land.mix(s.palette.haze, 0.12)
    house = cabin(high, wall.lighter(0.03), wall.lighter(-0.05), s.palette.lamp)
    x, y = (s.lamp.x + 0.18 * s.shady) * s.stage.width, foot * s.stage.height
    yield Standing(house, x, y, depth)
    shine = Light(x, y - 0.25 * high, high / 24.0, WARM, swing=0.15, rate=0.3, opacity=0.55)
    yield Lights((shine,), glow(0.02), depth)


def fireflies(s: Setting) -> Lights:
    """Lights that wander above the near ground."""
    size = s.stage.unit / 576.0
    lights = tuple(
        Light(
            x * s.stage.width,
            (0.80 + 0.16 * y) * s.stage.height,
            size * (0.10 + 0.14 * luck),
            FIREFLY,
            swing=1.0,
            rate=0.25 + 0.3 * luck,
            phase=phase,
            stray=22.0 * size,
        )
        for x, y, luck, phase in s.rng("fireflies").random((26, 4)).tolist()
    )
    return Lights(lights, glow(), 0.9)
