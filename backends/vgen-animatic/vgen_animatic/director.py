"""The director: which scene, light, weather and camera move the words of a prompt ask for."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from attrs import frozen

from vgen_animatic import words
from vgen_animatic.camera import Camera, Move
from vgen_animatic.moods import PALETTES, Palette
from vgen_animatic.noise import Rng, seeded_rng

HUE_SWING = 9.0
ORDINARY_MOTION = 127
WEAKEST, STRONGEST = 0.25, 1.6


@frozen
class Direction:
    """What is to be shown: all of it follows from the prompt, the seed and the motion.

    `tags` are the things that the prompt names; `key` seeds the scene's random generators.
    """

    scene: str
    mood: str
    weather: str
    camera: Camera
    key: tuple[object, ...]
    tags: frozenset[str] = frozenset()

    def rng(self, part: str) -> Rng:
        """The random generator for one part of the scene, independent of all other parts."""
        return seeded_rng(*self.key, part)

    def palette(self) -> Palette:
        """One of the mood's curated palettes, its hues turned by a few degrees."""
        rng = self.rng("palette")
        choices = PALETTES[self.mood]
        chosen = choices[int(rng.integers(len(choices)))]
        return chosen.turned(float(rng.uniform(-HUE_SWING, HUE_SWING)))

    def has(self, *tags: str) -> bool:
        """Whether the prompt names any of these things."""
        return not self.tags.isdisjoint(tags)


def direct(prompt: str, seed: int | None = None, motion: int = ORDINARY_MOTION) -> Direction:
    """Read the prompt; what it leaves open is random."""
    key = ("vgen-animatic", prompt.strip(), seed)
    said = _words(prompt)
    rng = seeded_rng(*key, "direction")
    tags = frozenset(tag for tag, names in words.TAGS.items() if said & names)
    scene = _scene(said)
    return Direction(
        scene=scene,
        mood=_mood(said, scene, rng),
        weather=_first(words.WEATHER, said) or "clear",
        camera=Camera(_move(prompt, rng), _strength(motion)),
        key=key,
        tags=tags,
    )


def _words(prompt: str) -> frozenset[str]:
    folded = unicodedata.normalize("NFKD", prompt).casefold()
    plain = "".join(c for c in folded if not unicodedata.combining(c))
    found = re.findall(r"[a-z]+", plain)
    return frozenset(found) | frozenset(_singular(found))


def _singular(found: Iterable[str]) -> Iterable[str]:
    for word in found:
        if word.endswith("ies") and len(word) > 4:
            yield word[:-3] + "y"
        if word.endswith("es") and len(word) > 4:
            yield word[:-2]
        if word.endswith("s") and len(word) > 3:
            yield word[:-1]


def _first(names: dict[str, frozenset[str]], said: frozenset[str]) -> str | None:
    return next((name for name, known in names.items() if said & known), None)


def _scene(said: frozenset[str]) -> str:
    scores = {scene: len(said & known) for scene, known in words.SCENES.items()}
    best = max(scores, key=lambda scene: scores[scene])
    if scores[best]:
        return best
    if said & words.TIMES["night"]:
        return "night"
    return "landscape" if _first(words.AIRS, said) or _first(words.TIMES, said) else "abstract"


def _mood(said: frozenset[str], scene: str, rng: Rng) -> str:
    named = _first(words.TIMES, said) or _first(words.AIRS, said)
    usual = words.USUAL_MOODS[scene]
    drawn = usual[int(rng.integers(len(usual)))]
    if scene == "night" and named not in ("dusk", "neon", "night"):
        return drawn
    return named or drawn


def _move(prompt: str, rng: Rng) -> Move:
    said = " ".join(re.findall(r"[a-z]+", prompt.casefold()))
    for move, phrases in words.MOVES:
        if any(re.search(rf"\b{phrase}\b", said) for phrase in phrases):
            return move
    usual = words.USUAL_MOVES
    return usual[int(rng.integers(len(usual)))]


def _strength(motion: int) -> float:
    """How strong the move is: the ordinary motion of 127 gives 1."""
    return min(max(motion / ORDINARY_MOTION, WEAKEST), STRONGEST)
