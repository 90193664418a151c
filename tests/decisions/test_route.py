"""Which backends a clip may be tried on, in what order, and when a job is past hope."""

from __future__ import annotations

import pytest

from vgen.decisions.outcome import out_of_reach, percent
from vgen.decisions.route import Offer, can_make, order
from vgen.records.request import Capabilities, Quote


def offers(**durations: float) -> list[Offer]:
    """What each backend would make, in seconds."""
    return [Offer(name, Quote(duration=made)) for name, made in durations.items()]


@pytest.mark.parametrize(
    ("durations", "target", "expected"),
    [
        ({"first": 4.0, "second": 6.0}, 5.0, ("first", "second")),
        ({"first": 4.0, "second": 6.0}, 6.0, ("first", "second")),
        ({"first": 4.0, "second": 6.0}, 6.1, ("second", "first")),
        ({"first": 4.0, "second": 6.0}, 9.0, ("first", "second")),
        ({"first": 9.0, "second": 4.0, "third": 5.0}, 4.0, ("second", "third", "first")),
        ({}, 4.0, ()),
    ],
)
def test_right_lengths_first(
    durations: dict[str, float], target: float, expected: tuple[str, ...]
) -> None:
    """The user's order holds, but who misses the target by more than two seconds stands behind."""
    found = order(offers(**durations), target=target, tolerance=2.0)
    assert tuple(offer.backend for offer in found) == expected


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ("long drawn", ("long", "drawn")),
        ("drawn long", ("drawn", "long")),
        ("long drawn right", ("right", "long", "drawn")),
        ("drawn right long", ("drawn", "right", "long")),
    ],
)
def test_what_is_drawn_stands_behind_the_models_before_it(
    names: str, expected: tuple[str, ...]
) -> None:
    """Also where its length is right and a model's is not: it was named to stand in for them."""
    made = {"long": 9.0, "right": 4.0, "drawn": 4.0}
    found = [Offer(n, Quote(duration=made[n]), drawn=n == "drawn") for n in names.split()]
    ordered = order(found, target=4.0, tolerance=2.0)
    assert tuple(offer.backend for offer in ordered) == expected


@pytest.mark.parametrize(
    ("text", "image", "has_image", "able"),
    [
        (True, True, True, True),
        (True, True, False, True),
        (True, False, True, True),
        (True, False, False, True),
        (False, True, True, True),
        (False, True, False, False),
        (False, False, True, False),
    ],
)
def test_what_a_clip_can_be_made_from(
    *, text: bool, image: bool, has_image: bool, able: bool
) -> None:
    """A backend needs the image only if it cannot work from text."""
    capabilities = Capabilities(text=text, image=image, durations=(4.0,))
    assert can_make(capabilities, image=has_image) is able


@pytest.mark.parametrize(
    ("total", "given_up", "hopeless"),
    [(5, 2, False), (5, 3, True), (3, 0, False), (3, 1, True), (2, 0, True)],
)
def test_when_a_job_is_past_hope(total: int, given_up: int, *, hopeless: bool) -> None:
    """Three clips are out of reach as soon as fewer than three are left."""
    assert out_of_reach(total=total, given_up=given_up, min_clips=3) is hopeless


@pytest.mark.parametrize(
    ("done", "total", "expected"),
    [(0.0, 4, 50.0), (1.0, 4, 58.75), (2.0, 2, 85.0), (8.0, 2, 85.0), (0.0, 0, 85.0)],
)
def test_how_far_a_job_is(done: float, total: int, expected: float) -> None:
    """Progress runs over the caller's own range and never past its end."""
    assert percent(done, total=total, within=(50.0, 85.0)) == expected
