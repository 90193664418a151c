"""What is said before clips are paid for."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

import pytest
from attrs import evolve

from vgen import ClipFate, ClipPlan, Estimate, Forecast, JobPlan, Range, Source
from vgen.cli.estimates import warnings

ZERO = Decimal(0)
NOTHING = Range(ZERO, ZERO, ZERO)
PLAN = JobPlan(
    job_id=UUID(int=1),
    clips=(),
    spent=ZERO,
    expected=ZERO,
    worst=ZERO,
    budget=None,
    least=ZERO,
    recommended=ZERO,
    refusal="",
    forecast=Forecast(1.0, NOTHING, Range(0.0, 0.0, 0.0), ZERO, 1),
)


def clip(
    index: int, duration: float, *, ignored: tuple[str, ...] = (), fate: ClipFate = ClipFate.MAKE
) -> ClipPlan:
    """A clip of four seconds, and the length that it would have."""
    estimate = Estimate(Source.DECLARED, 0, NOTHING, None)
    return ClipPlan(index, fate, ("svd", "toy"), 4.0, duration, ZERO, estimate, ignored)


@pytest.mark.parametrize(
    ("clips", "said"),
    [
        ((clip(0, 4.0), clip(1, 5.9)), []),
        ((clip(0, 6.1), clip(1, 4.0)), ["1 of 2 clips will be 2.1 s too long"]),
        ((clip(0, 8.1), clip(1, 6.1)), ["2 of 2 clips will be 2.1 to 4.1 s too long"]),
        ((clip(0, 8.1), clip(1, 1.0)), ["2 of 2 clips will be 3.0 to 4.1 s too long or short"]),
        ((clip(0, 1.0, fate=ClipFate.KEEP),), []),
        (
            (clip(0, 4.0, ignored=("prompt",)), clip(3, 4.0, ignored=("steps", "prompt"))),
            ["svd ignores prompts: clips 0, 3 show what their images do"],
        ),
        (
            (clip(2, 4.0, ignored=("prompt",)),),
            ["svd ignores prompts: clip 2 shows what its image does"],
        ),
        (
            tuple(evolve(clip(index, 4.0), notes=("seen", "made anew: why")) for index in (1, 2)),
            ["clips 1, 2: made anew: why"],
        ),
    ],
)
def test_what_one_would_want_to_know_before(clips: tuple[ClipPlan, ...], said: list[str]) -> None:
    """What is made anew, lengths that miss, and prompts that are not looked at, in a line each."""
    plan = evolve(PLAN, clips=clips)
    assert list(warnings(plan, tolerance=2.0)) == said
    assert list(warnings(evolve(plan, refusal="over budget"), tolerance=2.0)) == []
