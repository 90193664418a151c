"""The pace of an account, learned from its answers."""

from __future__ import annotations

import pytest

from vgen.decisions import pace
from vgen.decisions.pace import CALM, Pace

BACKOFF = 2.0


def accept(known: Pace, now: float) -> Pace:
    """What is known after a paced submit was accepted."""
    return pace.accepted(known, now, paced=True)


def refuse(known: Pace, now: float, retry_after: float | None = None) -> Pace:
    """What is known after a rate limit."""
    return pace.refused(known, now, retry_after=retry_after, backoff=BACKOFF)


def limited(*, period: float = 10.0, cycles: int = 2) -> Pace:
    """An account that has accepted one submit in each period, as it had said, from time 0 on."""
    known = refuse(pace.accepted(Pace(), 0.0, paced=False), 0.0, retry_after=period)
    for cycle in range(1, cycles + 1):
        known = accept(known, cycle * period)
        if known.most is None:
            known = refuse(known, cycle * period, retry_after=period)
    return known


def test_an_account_that_refuses_nothing_is_not_held_back() -> None:
    """Accepted submits alone limit nothing."""
    known = pace.accepted(pace.accepted(Pace(), 5.0, paced=False), 6.0, paced=False)
    assert not known.limited
    assert known.next_at <= 6.0


def test_pauses_grow_with_the_time_that_has_passed() -> None:
    """From the backoff on, half of the time since a submit was accepted, up to five minutes."""
    known = refuse(pace.accepted(Pace(), 100.0, paced=False), 100.0)
    due = [known.next_at]
    while due[-1] < 2000:
        known = refuse(known, due[-1])
        due.append(known.next_at)
    assert due[:5] == [102.0, 104.0, 106.0, 109.0, 113.5]
    assert due[-1] - due[-2] == 300.0
    assert pace.refused(Pace(), 7.0, retry_after=None, backoff=0.0).next_at == 8.0


def test_a_pause_that_is_asked_for_is_taken() -> None:
    """The provider's own word counts, and a shorter one than it keeps to is not taken for ever."""
    known = refuse(Pace(), 50.0, retry_after=600.0)
    assert known.next_at == 650.0
    known = refuse(Pace(), 50.0, retry_after=3.0)
    assert known.next_at == 53.0
    assert refuse(known, 150.0, retry_after=3.0).next_at == 175.0
    assert refuse(known, 3050.0, retry_after=3.0).next_at == 3350.0


def test_a_period_that_was_told_is_not_searched_for() -> None:
    """After two submits that came when they were told to, the next is due a period later."""
    known = limited(cycles=1)
    assert (known.period, known.most, known.next_at) == (10.0, 1, 20.0)
    known = accept(known, 20.0)
    assert (known.next_at, known.taken) == (30.0, 1)


def test_a_period_is_searched_for_between_what_was_refused_and_accepted() -> None:
    """Half-way each time, until a tenth is left; a probe that came too early costs no time."""
    known = refuse(pace.accepted(Pace(), 0.0, paced=False), 0.0)
    for now in (2.0, 4.0, 6.0, 9.0):
        known = refuse(known, now)
    known = accept(known, 13.5)
    assert (known.period, known.too_short, known.next_at) == (13.5, 9.0, 13.5)
    known = refuse(known, 13.5)
    assert (known.most, known.next_at) == (1, 13.5 + 11.25)
    known = accept(known, 24.75)
    assert known.next_at == 24.75 + 10.125
    known = refuse(known, 34.0)
    assert known.next_at == 24.75 + 11.25
    known = accept(known, 36.0)
    assert (known.period, known.too_short) == (11.25, 9.25)
    known = refuse(accept(known, 46.5), 46.5 + 9.8)
    assert known.next_at == 57.0
    assert accept(known, 57.0).next_at == 67.5


def test_as_many_as_a_period_takes_are_sent_at_once() -> None:
    """How many those are is learned from the first of them that is refused."""
    known = accept(refuse(pace.accepted(Pace(), 0.0, paced=False), 0.0, 60.0), 60.0)
    for _ in range(5):
        assert known.next_at == 60.0
        known = accept(known, 60.0)
    known = refuse(known, 60.0, retry_after=60.0)
    assert (known.most, known.next_at) == (6, 120.0)
    for taken in range(1, 7):
        known = accept(known, 120.0)
        assert (known.taken, known.next_at) == (taken, 120.0 if taken < 6 else 180.0)


def test_a_period_that_has_passed_begins_another() -> None:
    """However few submits it was used for; and a gap longer than need be teaches nothing."""
    known = accept(refuse(pace.accepted(Pace(), 0.0, paced=False), 0.0, 10.0), 10.0)
    assert accept(known, 15.0).taken == 2
    late = accept(known, 35.0)
    assert (late.taken, late.period, late.began) == (1, 10.0, 35.0)


def test_a_slower_account_is_learned_anew() -> None:
    """A refusal after the whole period ends what was known of it."""
    known = limited()
    early = refuse(known, 29.0)
    assert (early.period, early.too_short, early.next_at) == (10.0, 10.0, 30.0)
    slower = refuse(known, 30.0)
    assert (slower.period, slower.next_at) == (None, 35.0)
    assert accept(refuse(slower, 35.0), 42.5).period == 22.5


def test_a_quicker_account_is_noticed() -> None:
    """After some calm each period is a tenth shorter, down to none, until one is refused."""
    known = limited(cycles=CALM + 1)
    now = known.next_at
    assert now - (known.began or 0.0) == pytest.approx(9.0)
    refused = refuse(known, now)
    assert refused.next_at == (known.began or 0.0) + 10.0
    assert accept(refused, refused.next_at).next_at == refused.next_at + 10.0
    for _ in range(40):
        if known.limited:
            known = accept(known, known.next_at)
    assert not known.limited


def test_calm_begins_anew_with_each_rate_limit() -> None:
    """Until then the period stays as it is."""
    known = limited(cycles=CALM)
    assert known.next_at - (known.began or 0.0) == 10.0
    assert refuse(known, known.next_at).calm == 0


def test_what_was_sent_before_the_limit_was_known_teaches_no_period() -> None:
    """Its acceptance says only that the account is alive."""
    known = refuse(Pace(), 5.0)
    late = pace.accepted(known, 6.0, paced=False)
    assert (late.limited, late.next_at, late.period) == (True, known.next_at, None)
    assert (late.began, late.refused_since) == (6.0, None)


def test_the_first_rate_limit_since_an_acceptance_is_kept() -> None:
    """It is what patience with the account counts from."""
    known = refuse(refuse(Pace(), 5.0), 9.0)
    assert known.refused_since == 5.0
    assert accept(known, 12.0).refused_since is None
    assert accept(accept(known, 12.0), 12.0).refused_since is None
    assert refuse(accept(known, 12.0), 13.0).refused_since == 13.0


@pytest.mark.parametrize(
    ("period", "calm", "is_limited"),
    [
        (0.375, CALM, True),
        (0.375, CALM + 1, False),
        (0.5, CALM + 1, True),
        (10.0, CALM + 1, True),
    ],
)
def test_only_calm_at_a_short_period_frees_an_account(
    period: float, calm: int, *, is_limited: bool
) -> None:
    """After more than eight periods of less than half a second its submits are paced no more."""
    known = accept(limited(period=period, cycles=calm), (calm + 1) * period)
    assert known.limited is is_limited
    assert known.began == (calm + 1) * period


def test_an_account_that_was_freed_is_as_a_new_one() -> None:
    """The next rate limit says nothing of how many submits a period takes."""
    freed = accept(limited(period=0.375, cycles=CALM + 1), (CALM + 2) * 0.375)
    assert freed == Pace(began=freed.began)
    assert refuse(freed, freed.next_at + 10.0).most is None


def test_a_submit_at_the_end_of_a_period_begins_the_next() -> None:
    """What is accepted or refused right at the end of a period no longer counts for it."""
    known = accept(refuse(pace.accepted(Pace(), 0.0, paced=False), 0.0, 10.0), 10.0)
    assert (accept(known, 19.0).taken, accept(known, 20.0).taken) == (2, 1)
    assert (refuse(known, 19.0).most, refuse(known, 20.0).most) == (1, None)
    assert refuse(known, 25.0).most is None


def test_what_a_period_still_takes_is_due_at_once() -> None:
    """The next submit is not held back while the period is not known to be full."""
    known = accept(refuse(pace.accepted(Pace(), 0.0, paced=False), 0.0, 10.0), 10.0)
    assert accept(known, 15.0).next_at == 15.0


def test_a_full_period_is_followed_by_a_shorter_one_that_takes_as_many() -> None:
    """The first submit after the last that a period takes begins another, also where it is early.

    How long the period is, is searched for on: a refusal within it tells how many it takes alone.
    """
    known = accept(accept(refuse(pace.accepted(Pace(), 0.0, paced=False), 0.0), 2.0), 2.0)
    known = refuse(known, 2.5)
    assert (known.most, known.too_short, known.next_at) == (2, 0.0, 3.0)
    known = accept(accept(known, 3.0), 3.0)
    assert (known.taken, known.next_at) == (2, 3.5)
    known = accept(known, 3.5)
    assert (known.taken, known.period) == (1, 0.5)


def test_without_an_acceptance_pauses_grow_from_the_first_refusal() -> None:
    """An account that has accepted nothing yet is asked less and less often as well."""
    known = refuse(refuse(Pace(), 5.0), 45.0)
    assert (known.began, known.next_at) == (5.0, 65.0)
