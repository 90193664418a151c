"""Colours in OKLCH, brought into the gamut of sRGB by shrinking their chroma alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Self

import numpy as np
from attrs import evolve, frozen

from vgen_animatic.arrays import Floats

RGB = tuple[int, int, int]
GAMUT_STEPS = 16
RAMP_SAMPLES = 129


@frozen
class Colour:
    """A colour of Björn Ottosson's Oklab, given as lightness 0..1, chroma and hue in degrees."""

    lightness: float
    chroma: float
    hue: float

    @classmethod
    def from_lab(cls, lightness: float, a: float, b: float) -> Self:
        """Make a colour from Cartesian Oklab."""
        return cls(lightness, math.hypot(a, b), math.degrees(math.atan2(b, a)) % 360.0)

    @property
    def lab(self) -> tuple[float, float, float]:
        """Its Cartesian Oklab coordinates."""
        angle = math.radians(self.hue)
        return self.lightness, self.chroma * math.cos(angle), self.chroma * math.sin(angle)

    @property
    def rgb(self) -> RGB:
        """The nearest sRGB colour of the same lightness and hue, in bytes."""
        red, green, blue = (round(255.0 * _encoded(c)) for c in self._in_gamut())
        return red, green, blue

    @property
    def array(self) -> Floats:
        """As `rgb`, unrounded, as an array of three."""
        return np.array([255.0 * _encoded(c) for c in self._in_gamut()], dtype=np.float32)

    def mix(self, other: Colour, share: float) -> Colour:
        """Blend with `other` through Oklab; `share` 1 gives `other`."""
        pairs = zip(self.lab, other.lab, strict=True)
        return Colour.from_lab(*(a + (b - a) * share for a, b in pairs))

    def lighter(self, amount: float) -> Colour:
        """Add to the lightness, staying within 0..1."""
        return evolve(self, lightness=min(max(self.lightness + amount, 0.0), 1.0))

    def turned(self, degrees: float) -> Colour:
        """Turn the hue."""
        return evolve(self, hue=(self.hue + degrees) % 360.0)

    def _in_gamut(self) -> tuple[float, float, float]:
        whole = _linear(*self.lab)
        if _fits(whole):
            return whole
        low, high = 0.0, self.chroma
        for _ in range(GAMUT_STEPS):
            middle = (low + high) / 2.0
            fits = _fits(_linear(*evolve(self, chroma=middle).lab))
            low, high = (middle, high) if fits else (low, middle)
        return _linear(*evolve(self, chroma=low).lab)


def ramp(stops: Sequence[tuple[float, Colour]], positions: Floats) -> Floats:
    """Colour each position along a gradient through `stops`; gives bytes as floats, (…, 3)."""
    places = np.array([place for place, _ in stops])
    samples = np.linspace(stops[0][0], stops[-1][0], RAMP_SAMPLES)
    axes = zip(*(colour.lab for _, colour in stops), strict=True)
    lab = zip(*(np.interp(samples, places, axis) for axis in axes), strict=True)
    table = np.array([Colour.from_lab(*map(float, point)).array for point in lab])
    channels = [np.interp(positions, samples, table[:, i]) for i in range(3)]
    return np.stack(channels, axis=-1).astype(np.float32)


def _linear(lightness: float, a: float, b: float) -> tuple[float, float, float]:
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )


def _fits(linear: tuple[float, float, float]) -> bool:
    return all(-1e-4 <= channel <= 1.0 + 1e-4 for channel in linear)


def _encoded(linear: float) -> float:
    value = min(max(linear, 0.0), 1.0)
    return 12.92 * value if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055
