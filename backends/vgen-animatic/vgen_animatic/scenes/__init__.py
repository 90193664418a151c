"""The scenes that are drawn from a prompt alone."""

from __future__ import annotations

from vgen_animatic.director import Direction
from vgen_animatic.scene import Scene
from vgen_animatic.scenes import abstract, city, landscape, night, sea

BUILDERS = {
    "landscape": landscape.build,
    "sea": sea.build,
    "night": night.build,
    "city": city.build,
    "abstract": abstract.build,
}


def build(direction: Direction, width: int, height: int) -> Scene:
    """Set up the scene that the director chose."""
    return BUILDERS[direction.scene](direction, width, height)
