"""What a job will probably cost and take."""

from __future__ import annotations

from decimal import Decimal
from random import Random

import pytest
from attrs import evolve

from vgen import Settings
from vgen.abc import Capabilities, ClipRequest, Quote, State
from vgen.decisions.estimate import TrackRecord
from vgen.decisions.forecast import HANDLING, Outlook, Prospect, forecast
from vgen.decisions.route import Offer
from vgen.records.estimate import Range
from vgen.records.observation import Observation

REQUEST = ClipRequest("a street", 2.0, width=64, height=64, fps=8, motion=100, steps=20)
CHEAP = Quote(2.0, Decimal("0.10"), expected=Decimal("0.05"))
DEAR = Quote(2.0, Decimal("1.00"))
CAN = Capabilities(text=True, image=True, durations=(2.0,))
SETTINGS = Settings(concurrency=2, backoff=0.0, poll_interval=3.0)
PLENTY = 300
"""So many observations leave hardly a doubt of what happens."""


def record(*verdicts: State, seconds: float = 12.0, quote: Quote = CHEAP) -> TrackRecord:
    """Return a record of attempts that all took as long, and were billed as expected."""
    return TrackRecord.of(
        lambda _: quote,
        [Observation("any", REQUEST, each, quote.expected, seconds, 1) for each in verdicts],
    )


SURE = record(*[State.SUCCEEDED] * PLENTY)
FAILS = record(*[State.FAILED] * PLENTY)


def outlook(clips: int = 4, **backends: Prospect) -> Outlook:
    """Return a new job, all clips of which go the same route: first the cheap, then the dear."""
    quotes = {"cheap": CHEAP, "dear": DEAR}
    route = [Offer(name, quotes[name]) for name in backends]
    return Outlook([route] * clips, backends, kept=0, min_clips=clips)


def test_a_sure_job_is_foretold_exactly() -> None:
    """Four clips on two slots take two rounds; only the handling of files is added above."""
    found = forecast(outlook(cheap=Prospect(CAN, SURE)), SETTINGS)
    assert found.success == 1
    assert found.cost == Range(Decimal("0.20"), Decimal("0.20"), Decimal("0.20"))
    assert found.seconds == Range(24.0, 24.0, 24.0 + HANDLING)


def test_the_same_job_has_the_same_forecast() -> None:
    """Plays draw from their own numbers, however the caller has used his."""
    job = outlook(cheap=Prospect(CAN, record(*[State.SUCCEEDED, State.FAILED] * 5)))
    first = forecast(job, SETTINGS)
    Random(1).random()  # noqa: S311 - no secret
    assert forecast(job, SETTINGS) == first


@pytest.mark.parametrize(("slots", "rounds"), [(1, 4), (2, 2), (None, 2)])
def test_a_backend_may_have_fewer_slots_than_the_runner(slots: int | None, rounds: int) -> None:
    """The smaller number counts."""
    one = Prospect(evolve(CAN, max_concurrent=slots), SURE)
    assert forecast(outlook(cheap=one), SETTINGS).seconds.median == 12.0 * rounds


def test_a_verdict_is_seen_at_the_next_poll() -> None:
    """Unless the backend tells it at once."""
    short = record(*[State.SUCCEEDED] * PLENTY, seconds=12.5)
    polled = forecast(outlook(1, cheap=Prospect(CAN, short)), SETTINGS)
    assert polled.seconds.low == 12.0
    assert polled.seconds.high == 15.0 + HANDLING
    told = forecast(outlook(1, cheap=Prospect(CAN, short, polled=False)), SETTINGS)
    assert told.seconds == Range(12.5, 12.5, 12.5 + HANDLING)


def test_failed_attempts_are_repeated_and_then_made_elsewhere() -> None:
    """Three attempts that fail, each billed, and one on the next backend."""
    dear = record(*[State.SUCCEEDED] * PLENTY, quote=DEAR)
    job = outlook(1, cheap=Prospect(CAN, numbered(FAILS)), dear=Prospect(CAN, dear))
    found = forecast(job, SETTINGS)
    assert found.success == 1
    assert found.cost.median == Decimal("1.15")
    assert found.seconds.median == 4 * 12.0
    assert forecast(job, evolve(SETTINGS, attempts=1)).cost.median == Decimal("1.05")


def numbered(failures: TrackRecord) -> TrackRecord:
    """Return a record of clips of which each had three attempts, one after the other."""
    return TrackRecord(
        tuple(
            evolve(each, observation=evolve(each.observation, number=1 + i % 3))
            for i, each in enumerate(failures.outcomes[: PLENTY - PLENTY % 3])
        )
    )


def test_failures_that_were_not_repeated_are_none_again() -> None:
    """What a provider refuses for good goes on to the next backend after one attempt."""
    job = outlook(1, cheap=Prospect(CAN, FAILS), dear=Prospect(CAN, SURE))
    assert forecast(job, SETTINGS).cost.median == Decimal("1.05")


def test_a_job_stops_when_too_many_clips_are_lost() -> None:
    """Where all attempts fail, those of the clips that are begun are the last."""
    found = forecast(
        outlook(40, cheap=Prospect(CAN, FAILS)), evolve(SETTINGS, attempts=1, concurrency=3)
    )
    assert found.success == 0
    assert found.cost.high == Decimal("0.15")
    kept = evolve(outlook(1, cheap=Prospect(CAN, FAILS)), kept=3, min_clips=3)
    assert forecast(kept, SETTINGS).success == 1


def test_the_recommended_budget_covers_spent_and_held_money() -> None:
    """Every first attempt is held for before one is sent, and what is spent stays."""
    job = evolve(outlook(cheap=Prospect(CAN, SURE)), spent=Decimal("0.55"))
    assert forecast(job, SETTINGS).recommended == Decimal("0.95")


def test_a_job_whose_first_holds_exceed_the_budget_does_not_begin() -> None:
    """It costs and takes nothing; the recommendation says what it needs."""
    job = evolve(outlook(cheap=Prospect(CAN, SURE)), budget=Decimal("0.39"))
    found = forecast(job, SETTINGS)
    assert found.success == found.cost.high == found.seconds.high == 0
    assert found.recommended == Decimal("0.40")
    assert forecast(evolve(job, budget=Decimal("0.40")), SETTINGS).success == 1


def test_an_attempt_waits_for_money_until_none_can_come_free() -> None:
    """The dear attempt has no money while the other cheap ones hold theirs, and then too little."""
    cheap, dear = Prospect(CAN, FAILS), Prospect(CAN, record(*[State.SUCCEEDED] * PLENTY))
    job = evolve(outlook(2, cheap=cheap, dear=dear), min_clips=1, budget=Decimal("1.10"))
    one = forecast(job, evolve(SETTINGS, attempts=1))
    assert one.success > 0.98
    assert one.cost.median == Decimal("1.10")
    none = forecast(evolve(job, budget=Decimal("1.09")), evolve(SETTINGS, attempts=1))
    assert none.success < 0.02
    assert none.cost.median == Decimal("0.10")


def test_the_less_is_known_the_wider_the_bounds() -> None:
    """They narrow from a declaration to a few attempts and to many."""
    records = [TrackRecord(), record(*[State.SUCCEEDED] * 8), SURE]
    found = [forecast(outlook(1, cheap=Prospect(CAN, each)), SETTINGS) for each in records]
    widths = [each.seconds.high - each.seconds.low for each in found]
    assert widths[0] > widths[1] >= widths[2]
    assert found[0].cost.high > found[2].cost.high


def test_a_job_with_nothing_to_make_costs_nothing() -> None:
    """All clips are kept."""
    found = forecast(Outlook([], {}, kept=3, min_clips=2, spent=Decimal("0.123")), SETTINGS)
    assert (found.success, found.recommended) == (1, Decimal("0.13"))
    assert found.cost.high == found.seconds.high == 0
