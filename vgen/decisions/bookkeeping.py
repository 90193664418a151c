"""Which ledger entry may follow which, and what each does to the money."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from attrs import evolve, frozen

from vgen.errors import LedgerError
from vgen.records.attempt import OPEN_MONEY, Attempt, Custody, Money
from vgen.records.entry import (
    Chosen,
    Doubted,
    Entry,
    Fetched,
    Lost,
    Movement,
    Released,
    Reserved,
    Settled,
    Spooled,
    Stored,
    Ticketed,
    WrittenOff,
)
from vgen.records.money import Account
from vgen.records.status import State


def apply_entry(attempt: Attempt, entry: Entry) -> Attempt:
    """Return the attempt as it stands after the entry.

    Raises:
        LedgerError: the entry does not fit the attempt's state.
    """
    rule = RULES.get(type(entry))
    if rule is None or attempt.money not in rule.money or attempt.custody not in rule.custody:
        raise LedgerError(
            f"attempt {attempt.attempt_id} is {attempt.money} and {attempt.custody}: "
            f"it cannot be {type(entry).__name__.lower()}"
        )
    return rule.change(attempt, entry)


def _reserved(attempt: Attempt, _entry: Reserved) -> Attempt:
    return evolve(attempt, custody=Custody.INTENDED, sent=True)


def _ticketed(attempt: Attempt, entry: Ticketed) -> Attempt:
    return evolve(attempt, custody=Custody.TICKETED, ticket=entry.ticket)


def _released(attempt: Attempt, entry: Released) -> Attempt:
    return evolve(
        attempt, money=Money.RELEASED, custody=Custody.VOID, billed=None, reason=entry.reason
    )


def _doubted(attempt: Attempt, entry: Doubted) -> Attempt:
    return evolve(attempt, money=Money.IN_DOUBT, reason=entry.reason)


def _settled(attempt: Attempt, entry: Settled) -> Attempt:
    if not entry.verdict.is_final:
        raise LedgerError(f"attempt {attempt.attempt_id} is {entry.verdict}: that is no verdict")
    won = entry.verdict is State.SUCCEEDED
    return evolve(
        _billed(attempt, entry.billed),
        money=Money.SETTLED,
        custody=Custody.SUCCEEDED if won else Custody.VOID,
        metered=entry.metered,
        reason=entry.reason,
    )


def _fetched(attempt: Attempt, entry: Fetched) -> Attempt:
    return evolve(_billed(attempt, entry.billed), custody=Custody.FETCHED, path=entry.path)


def _spooled(attempt: Attempt, entry: Spooled) -> Attempt:
    return evolve(attempt, custody=Custody.SPOOLED, path=entry.path)


def _stored(attempt: Attempt, entry: Stored) -> Attempt:
    return evolve(attempt, custody=Custody.STORED, clip=entry.clip, path=None)


def _chosen(attempt: Attempt, entry: Chosen) -> Attempt:
    return evolve(attempt, clip=entry.clip)


def _lost(attempt: Attempt, entry: Lost) -> Attempt:
    return evolve(attempt, custody=Custody.LOST, reason=entry.reason)


def _written_off(attempt: Attempt, entry: WrittenOff) -> Attempt:
    return evolve(attempt, money=Money.WRITTEN_OFF, custody=Custody.LOST, reason=entry.reason)


def _billed(attempt: Attempt, billed: Decimal) -> Attempt:
    """Record a bill; one above the hold, or above the bill before it, is an overrun."""
    set_aside = attempt.spent + attempt.held + attempt.in_doubt
    return evolve(attempt, billed=billed, overrun=attempt.overrun or billed > set_aside)


@frozen
class _Rule:
    """From which states of money and custody an entry may be made, and what it changes."""

    money: frozenset[Money]
    custody: frozenset[Custody]
    change: Callable[[Attempt, Any], Attempt]


HELD = frozenset({Money.HELD})
SETTLED = frozenset({Money.SETTLED})

RULES: dict[type[Any], _Rule] = {
    Reserved: _Rule(HELD, frozenset({Custody.PLANNED}), _reserved),
    Ticketed: _Rule(OPEN_MONEY, frozenset({Custody.INTENDED}), _ticketed),
    Released: _Rule(
        frozenset(Money) - {Money.RELEASED},
        frozenset(Custody) - {Custody.STORED, Custody.VOID},
        _released,
    ),
    Doubted: _Rule(HELD, frozenset({Custody.INTENDED}), _doubted),
    Settled: _Rule(OPEN_MONEY, frozenset({Custody.TICKETED}), _settled),
    WrittenOff: _Rule(OPEN_MONEY, frozenset({Custody.INTENDED, Custody.TICKETED}), _written_off),
    Fetched: _Rule(SETTLED, frozenset({Custody.SUCCEEDED, Custody.FETCHED}), _fetched),
    Spooled: _Rule(SETTLED, frozenset({Custody.FETCHED}), _spooled),
    Stored: _Rule(SETTLED, frozenset({Custody.FETCHED, Custody.SPOOLED, Custody.STORED}), _stored),
    Chosen: _Rule(SETTLED, frozenset({Custody.STORED}), _chosen),
    Lost: _Rule(SETTLED, frozenset({Custody.SUCCEEDED, Custody.FETCHED, Custody.SPOOLED}), _lost),
}
"""When each entry is allowed; `Reserved` is an attempt's first entry, of a new attempt's state.

In older ledgers `Planned` stands before it.

A stored clip may be stored again, when its file has been copied or fetched anew.
A person may find out that an attempt was not billed: unless it is stored it may be released then,
also after it was written off or lost.
"""


def movement(before: Attempt | None, after: Attempt) -> Movement:
    """Return what a change of an attempt does to the job's money."""
    if before is None:
        return Movement(spent=after.spent, held=after.held, in_doubt=after.in_doubt)
    return Movement(
        spent=after.spent - before.spent,
        held=after.held - before.held,
        in_doubt=after.in_doubt - before.in_doubt,
    )


def post(account: Account, move: Movement, *, overrun: bool = False) -> Account:
    """Return the account as it stands after a movement."""
    return evolve(
        account,
        spent=account.spent + move.spent,
        held=account.held + move.held,
        in_doubt=account.in_doubt + move.in_doubt,
        overrun=account.overrun or overrun,
    )
