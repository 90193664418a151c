"""Clip prompts built in Python are held to the same rules as those from a file."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from vgen.errors import InvalidPromptsError, VgenError
from vgen.records.prompt import ClipPrompts

from .samples import a_prompt


class Rude:
    """A value that cannot even be shown."""

    def __repr__(self) -> str:
        raise RuntimeError


def nested(depth: int) -> list[Any]:
    """Lists in lists."""
    nest: list[Any] = []
    for _ in range(depth):
        nest = [nest]
    return nest


NEST = nested(5000)

CIRCLE: list[Any] = []
CIRCLE.append(CIRCLE)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"clip_index": True}, "clip_index: must be a whole number"),
        ({"clip_index": 10_000}, "clip_index: must be at least 0 and at most 9999"),
        ({"clip_index": 10**5000}, "clip_index: must be at least 0 and at most 9999"),
        ({"clip_index": NEST}, "clip_index: must be a whole number"),
        ({"clip_index": Rude()}, "clip_index: must be a whole number"),
        ({"prompt": b"x"}, "prompt: must be text"),
        ({"prompt": "\ud800"}, "prompt: must be valid text"),
        ({"duration": float("nan")}, "duration: must be a finite number"),
        ({"duration": Decimal(4)}, "duration: must be a number"),
        ({"duration": 10**5000}, "duration: must be more than 0 and at most 300"),
        ({"character_reference_urls": "ab"}, "character_reference_urls: must be a list"),
        ({"character_reference_urls": ("a", 1)}, "character_reference_urls: must be text"),
        ({"metadata": None}, "metadata: must be an object"),
        ({"metadata": {"a": {1, 2}}}, "metadata: must hold plain JSON values"),
        ({"metadata": {"a": Decimal(1)}}, "metadata: must hold plain JSON values"),
        ({"metadata": {1: "a"}}, "metadata: must hold plain JSON values"),
        ({"metadata": {"a": NEST}}, "metadata: must hold plain JSON values"),
        ({"metadata": {"a": CIRCLE}}, "metadata: must hold plain JSON values"),
        ({"metadata": {"a": 10**5000}}, "metadata: must hold plain JSON values"),
        ({"metadata": {"seed": 10**5000}}, "metadata: must hold plain JSON values"),
        ({"metadata": {"seed": "1"}}, "metadata.seed: must be a whole number"),
    ],
)
def test_a_wrong_value_is_refused(changes: dict[str, Any], said: str) -> None:
    """What a file may not hold, Python may not either, and it is said in one short line."""
    with pytest.raises(InvalidPromptsError) as caught:
        a_prompt(**changes)
    (problem,) = caught.value.problems
    assert problem.startswith(said)
    assert len(problem) < 200


def test_invalid_prompts_are_value_errors() -> None:
    """Callers may catch what they know from Python, or what they know from vgen."""
    with pytest.raises(ValueError, match="duration"):
        a_prompt(duration=0)
    with pytest.raises(VgenError, match="duration"):
        a_prompt(duration=0)


def test_what_is_at_the_edge_is_accepted() -> None:
    """The limits themselves are within the limits."""
    prompt = a_prompt(
        9_999, prompt="x" * 10_000, duration=300, metadata={"seed": 2**32 - 1, "a": [None, 1.5]}
    )
    assert prompt.seed == 2**32 - 1
    assert a_prompt(0, duration=0.001, metadata={"seed": 0}).seed == 0


def test_a_seed_is_optional() -> None:
    """Without one, or with `None`, the model picks its own."""
    assert a_prompt().seed is None
    assert a_prompt(metadata={"seed": None}).seed is None


def test_lists_become_tuples() -> None:
    """A prompt holds no list that its maker could still change."""
    assert a_prompt(character_reference_urls=["a", "b"]).character_reference_urls == ("a", "b")
    assert ClipPrompts([a_prompt()]).clip_prompts == (a_prompt(),)


def test_all_that_is_wrong_with_a_set_is_told() -> None:
    """Repeated indexes and a wrong total are told together."""
    with pytest.raises(InvalidPromptsError) as caught:
        ClipPrompts([a_prompt(1), a_prompt(0), a_prompt(1), a_prompt(0)], total_clips=3)
    assert caught.value.problems == (
        "clip_prompts: clip_index 0 stands more than once",
        "clip_prompts: clip_index 1 stands more than once",
        "total_clips: says 3, but there are 4 clip prompts",
    )


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"clip_prompts": [{"clip_index": 0}]}, "clip_prompts: must be ClipPrompts"),
        ({"clip_prompts": "ab"}, "clip_prompts: must be ClipPrompts"),
        ({"job_id": str(UUID(int=1))}, "job_id: must be a UUID"),
        ({"total_clips": True}, "total_clips: must be a whole number"),
    ],
)
def test_a_wrong_set_is_refused(given: dict[str, Any], said: str) -> None:
    """A set of prompts is made of prompts, and its job is a UUID."""
    full: dict[str, Any] = {"clip_prompts": [a_prompt()], **given}
    with pytest.raises(InvalidPromptsError, match=said):
        ClipPrompts(**full)
