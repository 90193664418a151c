"""The camera: how the frame looks into a scene of layers at each moment of its move."""

from __future__ import annotations

import math
from enum import StrEnum

from attrs import frozen

from vgen_animatic.arrays import ease

PAN = 0.055
TILT = 0.16
RISE = 0.04
DOLLY = 0.16
ZOOM = 0.14
SWAY, SWAYS_PER_SECOND = 0.01, 0.14
"""Even a camera on a tripod moves a little, in a circle so that it never stands: a long clip of a
quiet scene must not look frozen."""


class Move(StrEnum):
    """The moves of a film camera that an animatic can show."""

    PUSH_IN = "push in"
    PULL_OUT = "pull out"
    ZOOM_IN = "zoom in"
    ZOOM_OUT = "zoom out"
    PAN_LEFT = "pan left"
    PAN_RIGHT = "pan right"
    TILT_UP = "tilt up"
    TILT_DOWN = "tilt down"
    AERIAL = "aerial"
    STATIC = "static"


@frozen
class View:
    """Where the camera stands: aside and above in frames, its way forward and its lens.

    `aside` is in frame widths, `above` in frame heights (negative looks up), both for the plane
    at depth 1; `dolly` and `lens` are magnifications, `dolly` for that plane and `lens` for all.
    `gaze`, where it is given, is the part of the picture that the lens keeps in view: 0 its top, 1
    its bottom; without it the lens keeps the scene's focus in place.
    """

    aside: float = 0.0
    above: float = 0.0
    dolly: float = 1.0
    lens: float = 1.0
    gaze: float | None = None

    def zoom(self, depth: float) -> float:
        """How much a plane is magnified: 0 is at infinity, 1 in the foreground."""
        return self.lens * (1.0 + (self.dolly - 1.0) * depth)


@frozen
class Camera:
    """A move of some strength; 1 is the ordinary one, 0 stands still but for a slight sway."""

    move: Move
    strength: float = 1.0

    def view(self, fraction: float, seconds: float) -> View:
        """Look into the scene when `fraction` (0..1) of the clip, so many seconds, has passed."""
        way = ease(fraction)
        turn = math.tau * SWAYS_PER_SECOND * seconds
        sway, bob = SWAY * math.sin(turn), 0.8 * SWAY * math.cos(turn)
        if self.move in (Move.TILT_UP, Move.TILT_DOWN):
            gaze = way if self.move is Move.TILT_DOWN else 1.0 - way
            return View(aside=sway, lens=1.0 + TILT * self.strength, gaze=gaze)
        aside, above, dolly, lens = _course(self.move, way)
        return View(
            aside=aside * self.strength + sway,
            above=above * self.strength + bob,
            dolly=1.0 + dolly * self.strength,
            lens=1.0 + lens * self.strength,
        )


def _course(move: Move, way: float) -> tuple[float, float, float, float]:
    back, swing = 1.0 - way, 2.0 * way - 1.0
    courses = {
        Move.PUSH_IN: (0.0, 0.0, DOLLY * way, 0.0),
        Move.PULL_OUT: (0.0, 0.0, DOLLY * back, 0.0),
        Move.ZOOM_IN: (0.0, 0.0, 0.0, ZOOM * way),
        Move.ZOOM_OUT: (0.0, 0.0, 0.0, ZOOM * back),
        Move.PAN_LEFT: (-PAN * swing, 0.0, 0.02, 0.0),
        Move.PAN_RIGHT: (PAN * swing, 0.0, 0.02, 0.0),
        Move.AERIAL: (0.3 * PAN * swing, -RISE * swing, DOLLY * 0.7 * way, 0.0),
    }
    return courses.get(move, (0.0, 0.0, 0.0, 0.0))
