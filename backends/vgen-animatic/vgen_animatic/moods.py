"""Curated palettes: the colours of a scene at each time of day and in each weather."""

from __future__ import annotations

from attrs import frozen

from vgen_animatic.palette import Colour

Sky = tuple[tuple[float, Colour], ...]


lch = Colour


@frozen
class Palette:
    """The colours of one scene.

    `sky` runs from the top (0) to the horizon (1). `light` is the sun or the moon, `cloud` and
    `shade` the bright and the dark side of a cloud, `haze` what distance fades to, `land` the
    foreground, `water` its depth, `lamp` what people have lit. `dark` brings out stars and lamps.
    """

    sky: Sky
    light: Colour
    cloud: Colour
    shade: Colour
    haze: Colour
    land: Colour
    water: Colour
    lamp: Colour = lch(0.86, 0.13, 75)
    dark: bool = False

    def turned(self, degrees: float) -> Palette:
        """The same palette with the hues of air, land and water turned a little."""
        return Palette(
            sky=tuple((place, colour.turned(degrees)) for place, colour in self.sky),
            light=self.light,
            cloud=self.cloud.turned(degrees),
            shade=self.shade.turned(degrees),
            haze=self.haze.turned(degrees),
            land=self.land.turned(degrees),
            water=self.water.turned(degrees),
            lamp=self.lamp,
            dark=self.dark,
        )


def _sky(*colours: tuple[float, float, float]) -> Sky:
    last = len(colours) - 1
    return tuple(((index / last) ** 0.85, lch(*each)) for index, each in enumerate(colours))


PALETTES: dict[str, tuple[Palette, ...]] = {
    "dawn": (
        Palette(
            sky=_sky((0.58, 0.07, 262), (0.75, 0.06, 310), (0.87, 0.07, 20), (0.94, 0.07, 75)),
            light=lch(0.98, 0.05, 85),
            cloud=lch(0.95, 0.05, 45),
            shade=lch(0.72, 0.06, 320),
            haze=lch(0.88, 0.06, 35),
            land=lch(0.31, 0.05, 275),
            water=lch(0.50, 0.06, 265),
        ),
        Palette(
            sky=_sky(
                (0.62, 0.08, 235),
                (0.79, 0.06, 215),
                (0.91, 0.05, 120),
                (0.96, 0.07, 92),
            ),
            light=lch(0.99, 0.04, 95),
            cloud=lch(0.97, 0.03, 85),
            shade=lch(0.77, 0.05, 225),
            haze=lch(0.90, 0.05, 130),
            land=lch(0.33, 0.05, 200),
            water=lch(0.53, 0.07, 215),
        ),
    ),
    "day": (
        Palette(
            sky=_sky(
                (0.61, 0.12, 252),
                (0.75, 0.09, 240),
                (0.87, 0.06, 228),
                (0.94, 0.03, 215),
            ),
            light=lch(0.99, 0.03, 100),
            cloud=lch(0.985, 0.01, 220),
            shade=lch(0.82, 0.04, 245),
            haze=lch(0.86, 0.05, 230),
            land=lch(0.37, 0.08, 152),
            water=lch(0.47, 0.09, 240),
        ),
        Palette(
            sky=_sky(
                (0.57, 0.10, 235),
                (0.73, 0.09, 220),
                (0.86, 0.06, 200),
                (0.95, 0.04, 110),
            ),
            light=lch(0.99, 0.04, 95),
            cloud=lch(0.98, 0.015, 95),
            shade=lch(0.80, 0.04, 225),
            haze=lch(0.87, 0.05, 195),
            land=lch(0.36, 0.08, 165),
            water=lch(0.48, 0.09, 215),
        ),
    ),
    "sunset": (
        Palette(
            sky=_sky((0.40, 0.10, 282), (0.56, 0.13, 330), (0.73, 0.15, 30), (0.88, 0.13, 75)),
            light=lch(0.96, 0.09, 92),
            cloud=lch(0.86, 0.12, 50),
            shade=lch(0.48, 0.10, 315),
            haze=lch(0.76, 0.12, 45),
            land=lch(0.22, 0.05, 300),
            water=lch(0.34, 0.08, 295),
            lamp=lch(0.90, 0.12, 85),
        ),
        Palette(
            sky=_sky((0.46, 0.08, 245), (0.63, 0.06, 250), (0.80, 0.08, 50), (0.90, 0.12, 78)),
            light=lch(0.97, 0.08, 95),
            cloud=lch(0.91, 0.09, 60),
            shade=lch(0.58, 0.06, 270),
            haze=lch(0.80, 0.09, 60),
            land=lch(0.25, 0.05, 250),
            water=lch(0.40, 0.07, 245),
            lamp=lch(0.90, 0.12, 85),
        ),
        Palette(
            sky=_sky((0.30, 0.10, 305), (0.45, 0.15, 350), (0.64, 0.18, 25), (0.84, 0.15, 68)),
            light=lch(0.94, 0.11, 85),
            cloud=lch(0.76, 0.16, 35),
            shade=lch(0.38, 0.11, 345),
            haze=lch(0.67, 0.15, 32),
            land=lch(0.19, 0.06, 325),
            water=lch(0.30, 0.09, 330),
            lamp=lch(0.90, 0.12, 85),
        ),
    ),
    "dusk": (
        Palette(
            sky=_sky(
                (0.25, 0.07, 275),
                (0.36, 0.09, 282),
                (0.52, 0.10, 315),
                (0.74, 0.11, 45),
            ),
            light=lch(0.93, 0.07, 75),
            cloud=lch(0.62, 0.09, 330),
            shade=lch(0.31, 0.07, 285),
            haze=lch(0.55, 0.09, 320),
            land=lch(0.15, 0.04, 282),
            water=lch(0.25, 0.07, 280),
            dark=True,
        ),
        Palette(
            sky=_sky(
                (0.27, 0.06, 245),
                (0.40, 0.07, 235),
                (0.58, 0.07, 205),
                (0.80, 0.10, 85),
            ),
            light=lch(0.95, 0.07, 90),
            cloud=lch(0.66, 0.06, 200),
            shade=lch(0.34, 0.06, 240),
            haze=lch(0.58, 0.06, 200),
            land=lch(0.16, 0.04, 240),
            water=lch(0.27, 0.06, 235),
            dark=True,
        ),
    ),
    "night": (
        Palette(
            sky=_sky(
                (0.15, 0.05, 270),
                (0.21, 0.07, 266),
                (0.30, 0.08, 258),
                (0.43, 0.08, 245),
            ),
            light=lch(0.96, 0.02, 220),
            cloud=lch(0.42, 0.06, 250),
            shade=lch(0.20, 0.05, 265),
            haze=lch(0.36, 0.07, 250),
            land=lch(0.10, 0.03, 268),
            water=lch(0.18, 0.06, 262),
            dark=True,
        ),
        Palette(
            sky=_sky(
                (0.15, 0.04, 245),
                (0.22, 0.06, 232),
                (0.32, 0.07, 212),
                (0.47, 0.07, 195),
            ),
            light=lch(0.96, 0.03, 180),
            cloud=lch(0.44, 0.05, 210),
            shade=lch(0.21, 0.05, 235),
            haze=lch(0.38, 0.06, 205),
            land=lch(0.10, 0.03, 240),
            water=lch(0.19, 0.05, 230),
            dark=True,
        ),
        Palette(
            sky=_sky(
                (0.15, 0.06, 295),
                (0.22, 0.08, 295),
                (0.32, 0.10, 302),
                (0.46, 0.11, 325),
            ),
            light=lch(0.96, 0.03, 60),
            cloud=lch(0.44, 0.08, 315),
            shade=lch(0.21, 0.07, 295),
            haze=lch(0.38, 0.09, 310),
            land=lch(0.10, 0.04, 295),
            water=lch(0.18, 0.07, 297),
            dark=True,
        ),
    ),
    "neon": (
        Palette(
            sky=_sky(
                (0.14, 0.06, 285),
                (0.20, 0.09, 300),
                (0.31, 0.14, 325),
                (0.47, 0.18, 350),
            ),
            light=lch(0.93, 0.06, 340),
            cloud=lch(0.42, 0.13, 335),
            shade=lch(0.19, 0.08, 300),
            haze=lch(0.37, 0.14, 330),
            land=lch(0.10, 0.04, 285),
            water=lch(0.15, 0.06, 285),
            lamp=lch(0.86, 0.12, 205),
            dark=True,
        ),
        Palette(
            sky=_sky(
                (0.14, 0.05, 265),
                (0.20, 0.08, 255),
                (0.31, 0.10, 225),
                (0.48, 0.11, 195),
            ),
            light=lch(0.94, 0.06, 190),
            cloud=lch(0.42, 0.09, 210),
            shade=lch(0.19, 0.07, 260),
            haze=lch(0.37, 0.10, 215),
            land=lch(0.10, 0.04, 265),
            water=lch(0.15, 0.06, 262),
            lamp=lch(0.84, 0.15, 340),
            dark=True,
        ),
    ),
    "storm": (
        Palette(
            sky=_sky(
                (0.28, 0.03, 255),
                (0.38, 0.03, 245),
                (0.52, 0.035, 230),
                (0.72, 0.04, 205),
            ),
            light=lch(0.93, 0.03, 180),
            cloud=lch(0.60, 0.03, 230),
            shade=lch(0.29, 0.03, 255),
            haze=lch(0.60, 0.035, 220),
            land=lch(0.19, 0.03, 235),
            water=lch(0.30, 0.045, 230),
        ),
        Palette(
            sky=_sky(
                (0.27, 0.04, 285),
                (0.38, 0.05, 280),
                (0.53, 0.045, 275),
                (0.76, 0.06, 80),
            ),
            light=lch(0.95, 0.05, 90),
            cloud=lch(0.62, 0.045, 290),
            shade=lch(0.29, 0.045, 285),
            haze=lch(0.61, 0.04, 290),
            land=lch(0.19, 0.035, 280),
            water=lch(0.31, 0.05, 270),
        ),
    ),
    "fog": (
        Palette(
            sky=_sky(
                (0.70, 0.025, 240),
                (0.78, 0.02, 235),
                (0.85, 0.018, 225),
                (0.90, 0.02, 200),
            ),
            light=lch(0.98, 0.02, 110),
            cloud=lch(0.91, 0.01, 220),
            shade=lch(0.74, 0.02, 240),
            haze=lch(0.88, 0.018, 215),
            land=lch(0.33, 0.03, 225),
            water=lch(0.58, 0.03, 225),
        ),
        Palette(
            sky=_sky(
                (0.72, 0.03, 295),
                (0.80, 0.03, 310),
                (0.87, 0.03, 350),
                (0.92, 0.035, 60),
            ),
            light=lch(0.98, 0.03, 85),
            cloud=lch(0.93, 0.02, 20),
            shade=lch(0.76, 0.03, 300),
            haze=lch(0.89, 0.03, 350),
            land=lch(0.34, 0.035, 290),
            water=lch(0.60, 0.035, 300),
        ),
    ),
    "winter": (
        Palette(
            sky=_sky(
                (0.62, 0.07, 252),
                (0.75, 0.05, 248),
                (0.87, 0.03, 250),
                (0.95, 0.03, 35),
            ),
            light=lch(0.99, 0.03, 70),
            cloud=lch(0.96, 0.015, 30),
            shade=lch(0.78, 0.035, 260),
            haze=lch(0.90, 0.02, 260),
            land=lch(0.40, 0.05, 250),
            water=lch(0.50, 0.06, 245),
        ),
        Palette(
            sky=_sky(
                (0.55, 0.06, 275),
                (0.70, 0.05, 290),
                (0.85, 0.045, 330),
                (0.94, 0.05, 55),
            ),
            light=lch(0.98, 0.05, 75),
            cloud=lch(0.95, 0.03, 30),
            shade=lch(0.72, 0.045, 290),
            haze=lch(0.88, 0.035, 320),
            land=lch(0.37, 0.05, 275),
            water=lch(0.47, 0.05, 270),
        ),
    ),
    "autumn": (
        Palette(
            sky=_sky((0.66, 0.06, 235), (0.79, 0.04, 215), (0.90, 0.05, 95), (0.95, 0.07, 85)),
            light=lch(0.98, 0.06, 90),
            cloud=lch(0.97, 0.03, 85),
            shade=lch(0.80, 0.03, 220),
            haze=lch(0.88, 0.06, 80),
            land=lch(0.36, 0.10, 40),
            water=lch(0.46, 0.05, 220),
        ),
        Palette(
            sky=_sky((0.60, 0.05, 255), (0.74, 0.04, 300), (0.87, 0.07, 55), (0.94, 0.09, 80)),
            light=lch(0.98, 0.07, 88),
            cloud=lch(0.94, 0.06, 60),
            shade=lch(0.73, 0.04, 300),
            haze=lch(0.85, 0.08, 62),
            land=lch(0.33, 0.10, 28),
            water=lch(0.42, 0.05, 250),
        ),
    ),
    "desert": (
        Palette(
            sky=_sky((0.60, 0.10, 240), (0.76, 0.07, 225), (0.89, 0.05, 90), (0.94, 0.07, 75)),
            light=lch(0.99, 0.05, 95),
            cloud=lch(0.98, 0.03, 80),
            shade=lch(0.83, 0.04, 60),
            haze=lch(0.88, 0.07, 65),
            land=lch(0.47, 0.12, 42),
            water=lch(0.50, 0.08, 220),
        ),
    ),
}
