"""What a person's word makes of an attempt, in every state."""

from __future__ import annotations

from itertools import product
from typing import get_args
from uuid import UUID

import pytest

from tests.records.samples import an_attempt
from vgen.decisions.bookkeeping import apply_entry
from vgen.decisions.resolution import Word, give_up, resolution
from vgen.errors import ConfigurationError
from vgen.records.attempt import Attempt, Custody, Money
from vgen.records.entry import Lost, Released, WrittenOff

WORDS: tuple[Word, ...] = get_args(Word)


def in_state(money: Money, custody: Custody, *, sent: bool = True, reason: str = "") -> Attempt:
    """An attempt in a state."""
    return an_attempt(UUID(int=1), money=money, custody=custody, sent=sent, reason=reason)


def open_states() -> list[Attempt]:
    """An attempt that was sent in each state in which it may be open."""
    unsettled = product([Money.HELD, Money.IN_DOUBT], [Custody.INTENDED, Custody.TICKETED])
    made = [Custody.SUCCEEDED, Custody.FETCHED, Custody.SPOOLED]
    return [in_state(*pair) for pair in [*unsettled, *product([Money.SETTLED], made)]]


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("attempt", open_states(), ids=lambda a: f"{a.money} {a.custody}")
def test_every_open_attempt_is_closed_by_a_word(attempt: Attempt, word: Word) -> None:
    """Whatever is open is closed by each word, with an entry that the books allow."""
    entry = resolution(attempt, word)
    assert entry is not None
    assert isinstance(entry, Released) is (word == "unpaid")
    assert not apply_entry(attempt, entry).is_open


@pytest.mark.parametrize("word", ["paid", "lost"])
def test_what_was_given_up_needs_no_word_more(word: Word) -> None:
    """What was written off or lost counts as spent already."""
    assert resolution(in_state(Money.WRITTEN_OFF, Custody.LOST), word) is None
    assert resolution(in_state(Money.SETTLED, Custody.LOST), word) is None


@pytest.mark.parametrize("money", [Money.WRITTEN_OFF, Money.SETTLED])
def test_what_was_given_up_may_turn_out_unpaid(money: Money) -> None:
    """It is released, and the reason keeps what was known; said again, nothing changes."""
    entry = resolution(in_state(money, Custody.LOST, reason="no answer"), "unpaid")
    assert entry == Released("unpaid, a person says; before that: no answer")
    assert resolution(in_state(Money.RELEASED, Custody.VOID), "unpaid") is None


@pytest.mark.parametrize(
    ("money", "custody", "words"),
    [
        (Money.SETTLED, Custody.STORED, WORDS),
        (Money.SETTLED, Custody.VOID, WORDS),
        (Money.RELEASED, Custody.VOID, ("paid", "lost")),
    ],
)
def test_what_is_closed_otherwise_is_refused(
    money: Money, custody: Custody, words: tuple[Word, ...]
) -> None:
    """The message names the state."""
    for word in words:
        with pytest.raises(ConfigurationError, match=f"is {money} and {custody}: it is closed$"):
            resolution(in_state(money, custody), word)


@pytest.mark.parametrize("word", WORDS)
def test_nothing_is_said_of_what_was_never_sent(word: Word) -> None:
    """A planned hold is freed with its job."""
    with pytest.raises(ConfigurationError, match="never sent: cancel its job to free"):
        resolution(in_state(Money.HELD, Custody.PLANNED, sent=False), word)


def test_giving_up_counts_the_bill_or_the_hold() -> None:
    """Without a verdict an attempt is written off, with one it is lost."""
    assert give_up(in_state(Money.HELD, Custody.TICKETED), "gone") == WrittenOff("gone")
    assert give_up(in_state(Money.IN_DOUBT, Custody.INTENDED), "gone") == WrittenOff("gone")
    assert give_up(in_state(Money.SETTLED, Custody.SUCCEEDED), "gone") == Lost("gone")


def test_the_reason_says_who_says_so() -> None:
    """Without a reason before, it is the person's word alone."""
    assert resolution(in_state(Money.HELD, Custody.TICKETED), "lost") == WrittenOff(
        "lost, a person says"
    )
