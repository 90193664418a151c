"""What may follow what, and where the money goes: no state loses any."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise, product
from typing import get_args
from uuid import UUID

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.records.samples import CLIP, an_attempt
from vgen.decisions.bookkeeping import apply_entry, movement, post
from vgen.errors import LedgerError
from vgen.records.attempt import Attempt, Custody, Money
from vgen.records.clip import Choice
from vgen.records.entry import (
    Chosen,
    Doubted,
    Entry,
    Fetched,
    Lost,
    Movement,
    Planned,
    Released,
    Reserved,
    Settled,
    Spooled,
    Stored,
    Ticketed,
    WrittenOff,
)
from vgen.records.money import Account
from vgen.records.status import State, Ticket

JOB = UUID(int=1)
BILL = Decimal("0.25")
TICKET = Ticket("svd", "p-1")

ENTRIES: dict[str, Entry] = {
    "planned": Planned(),
    "reserved": Reserved(),
    "ticketed": Ticketed(TICKET),
    "released": Released("refused"),
    "doubted": Doubted("no answer"),
    "won": Settled(State.SUCCEEDED, BILL),
    "failed": Settled(State.FAILED, BILL, metered=True, reason="broken"),
    "cancelled": Settled(State.CANCELLED, Decimal(0)),
    "written off": WrittenOff("unprovable"),
    "fetched": Fetched("/clip.mp4", BILL),
    "spooled": Spooled("/spool.mp4"),
    "stored": Stored(CLIP),
    "chosen": Chosen(CLIP),
    "lost": Lost("black"),
}

# (money, custody) → entry → (money, custody); whatever is not here is refused.
NEXT = {
    "held planned": {"reserved": "held intended", "released": "released void"},
    "held intended": {
        "ticketed": "held ticketed",
        "released": "released void",
        "doubted": "in doubt intended",
        "written off": "written off lost",
    },
    "in doubt intended": {
        "ticketed": "in doubt ticketed",
        "released": "released void",
        "written off": "written off lost",
    },
    "held ticketed": {
        "won": "settled succeeded",
        "failed": "settled void",
        "cancelled": "settled void",
        "written off": "written off lost",
        "released": "released void",
    },
    "in doubt ticketed": {
        "won": "settled succeeded",
        "failed": "settled void",
        "cancelled": "settled void",
        "written off": "written off lost",
        "released": "released void",
    },
    "settled succeeded": {
        "fetched": "settled fetched",
        "lost": "settled lost",
        "released": "released void",
    },
    "settled fetched": {
        "fetched": "settled fetched",
        "spooled": "settled spooled",
        "stored": "settled stored",
        "lost": "settled lost",
        "released": "released void",
    },
    "settled spooled": {
        "stored": "settled stored",
        "lost": "settled lost",
        "released": "released void",
    },
}
CORRECTED = {
    "written off lost": {"released": "released void"},
    "settled lost": {"released": "released void"},
    "settled stored": {"stored": "settled stored", "chosen": "settled stored"},
}
"""What may still follow where nothing has to: somebody has found out, or chosen, better."""

REACHED = {"held planned"} | {after for entries in NEXT.values() for after in entries.values()}
STATES = {f"{money} {custody}": (money, custody) for money, custody in product(Money, Custody)}


def at(state: str) -> Attempt:
    """An attempt in a state."""
    money, custody = STATES[state]
    return an_attempt(JOB, hold="0.30", money=money, custody=custody)


def test_the_table_names_every_entry() -> None:
    """No kind of entry is forgotten below."""
    assert {type(entry) for entry in ENTRIES.values()} == set(get_args(Entry))


@pytest.mark.parametrize("name", ENTRIES)
@pytest.mark.parametrize("state", sorted(REACHED))
def test_what_follows_what(state: str, name: str) -> None:
    """From each state that can be reached, an entry leads where the table says or is refused."""
    expected = {**NEXT, **CORRECTED}.get(state, {}).get(name)
    if expected is None:
        kind = type(ENTRIES[name]).__name__.lower()
        with pytest.raises(LedgerError, match=f"it cannot be {kind}$"):
            apply_entry(at(state), ENTRIES[name])
    else:
        assert apply_entry(at(state), ENTRIES[name]).state == STATES[expected]


@pytest.mark.parametrize("state", sorted(REACHED))
def test_closed_is_closed(state: str) -> None:
    """An attempt counts as open exactly where something has to follow."""
    assert at(state).is_open is (state in NEXT)


def test_entries_leave_their_mark() -> None:
    """What an entry carries stands in the attempt from then on."""
    sent = apply_entry(at("held planned"), Reserved())
    assert sent.sent
    accepted = apply_entry(sent, Ticketed(TICKET))
    assert accepted.ticket == TICKET
    failed = apply_entry(accepted, ENTRIES["failed"])
    assert (failed.billed, failed.metered, failed.reason) == (BILL, True, "broken")
    fetched = apply_entry(apply_entry(accepted, ENTRIES["won"]), Fetched("/c.mp4", Decimal("0.26")))
    assert (fetched.path, fetched.billed) == ("/c.mp4", Decimal("0.26"))
    assert apply_entry(fetched, Spooled("/s.mp4")).path == "/s.mp4"
    stored = apply_entry(fetched, Stored(CLIP))
    assert (stored.clip, stored.path) == (CLIP, None)
    lost = apply_entry(fetched, Lost("black"))
    assert (lost.reason, lost.path) == ("black", "/c.mp4")
    assert apply_entry(sent, Released("refused")).reason == "refused"
    assert apply_entry(lost, Released("refunded")).billed is None
    assert apply_entry(sent, Doubted("silence")).reason == "silence"
    assert apply_entry(sent, WrittenOff("age")).reason == "age"


def test_a_choice_stands_in_its_take() -> None:
    """The clip as it was chosen, with its new file and the choice itself, replaces the stored."""
    chosen = evolve(CLIP, reference="clip.mp4", choice=Choice("f", 1))
    stored = apply_entry(at("settled fetched"), Stored(CLIP))
    assert apply_entry(stored, Chosen(chosen)).clip == chosen


@pytest.mark.parametrize("state", sorted(REACHED))
def test_a_first_entry_moves_all_of_an_attempts_money(state: str) -> None:
    """Wherever an attempt stands when it is first written down, all its money counts."""
    attempt = evolve(at(state), billed=BILL)
    moved = movement(None, attempt)
    assert moved == Movement(attempt.spent, attempt.held, attempt.in_doubt)


@pytest.mark.parametrize("state", [State.QUEUED, State.RUNNING])
def test_only_a_verdict_settles(state: State) -> None:
    """What still runs cannot be settled: its bill is not known."""
    with pytest.raises(LedgerError, match="no verdict"):
        apply_entry(at("held ticketed"), Settled(state, BILL))


AMOUNTS = st.decimals(0, 1, places=2)


SMOOTH = {"reserved", "ticketed", "won", "fetched", "stored"}


@st.composite
def lives(draw: st.DrawFn) -> list[Attempt]:
    """An attempt at every point of some life that it may have, bills above its hold included."""
    life = [evolve(an_attempt(JOB), hold=draw(AMOUNTS))]
    while (following := NEXT.get(f"{life[-1].money} {life[-1].custody}")) and len(life) < 8:
        likely = [name for name in following if name in SMOOTH]
        entry = ENTRIES[draw(st.sampled_from(likely * 4 + sorted(following)))]
        if isinstance(entry, Settled | Fetched):
            entry = evolve(entry, billed=draw(AMOUNTS))
        life.append(apply_entry(life[-1], entry))
    return life


@settings(deadline=None)
@given(lives())
def test_the_movements_are_the_account(life: list[Attempt]) -> None:
    """Through any life, the sum of the movements is where the money stands, and none is lost."""
    account = post(Account(limit=Decimal(9)), movement(None, life[0]))
    for before, attempt in pairwise(life):
        account = post(account, movement(before, attempt), overrun=attempt.overrun)
        assert (account.spent, account.held, account.in_doubt) == (
            attempt.spent,
            attempt.held,
            attempt.in_doubt,
        )
        if attempt.money in {Money.HELD, Money.IN_DOUBT, Money.WRITTEN_OFF}:
            assert account.spent + account.held + account.in_doubt == attempt.hold
        assert account.overrun is attempt.overrun


@settings(deadline=None)
@given(lives())
def test_a_bill_that_is_not_covered_is_marked_for_good(life: list[Attempt]) -> None:
    """From the first bill above its hold, or above the bill before it, and for no other reason."""
    above = False
    for before, attempt in pairwise(life):
        set_aside = before.spent if before.money is Money.SETTLED else before.hold
        above = above or (attempt.billed or 0) > set_aside
        assert attempt.overrun is above


@settings(deadline=None)
@given(lives())
def test_only_an_overrun_takes_more_than_its_hold(life: list[Attempt]) -> None:
    """What an attempt takes of the budget never grows, or it is marked: none was kept for that."""
    for before, attempt in pairwise(life):
        taken = attempt.spent + attempt.held + attempt.in_doubt
        assert taken <= attempt.hold or attempt.overrun
        assert taken <= before.spent + before.held + before.in_doubt or attempt.overrun
