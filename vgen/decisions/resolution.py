"""What a person's word about an attempt makes of it."""

from __future__ import annotations

from typing import Literal

from vgen.errors import ConfigurationError
from vgen.records.attempt import OPEN_MONEY, Attempt, Custody, Money
from vgen.records.entry import Lost, Released, WrittenOff

Word = Literal["paid", "unpaid", "lost"]
"""`unpaid`: nothing was billed. `paid`, `lost`: what was billed counts as spent."""

UNPAID = frozenset({Custody.STORED, Custody.VOID})
"""Where nothing can turn out unpaid: the clip is there, or nothing was booked for it."""


def resolution(attempt: Attempt, word: Word) -> Released | WrittenOff | Lost | None:
    """Return the entry that closes an attempt on a person's word; `None` if it says so already.

    Whatever the word, the clip is free for other attempts afterwards. The reason keeps what was
    known before.

    Raises:
        ConfigurationError: the attempt was never sent, or is closed otherwise.
    """
    if not attempt.sent:
        raise ConfigurationError(
            f"attempt {attempt.attempt_id} was never sent: cancel its job to free what is held"
        )
    known = f"; before that: {attempt.reason}" if attempt.reason else ""
    reason = f"{word}, a person says{known}"
    if word == "unpaid":
        if attempt.money is Money.RELEASED:
            return None
        if attempt.custody not in UNPAID:
            return Released(reason)
    elif attempt.is_open:
        return give_up(attempt, reason)
    elif attempt.custody is Custody.LOST:
        return None
    raise ConfigurationError(
        f"attempt {attempt.attempt_id} is {attempt.money} and {attempt.custody}: it is closed"
    )


def give_up(attempt: Attempt, reason: str) -> WrittenOff | Lost:
    """Return the entry that gives an open attempt up: what it was, or may be, billed is spent."""
    return WrittenOff(reason) if attempt.money in OPEN_MONEY else Lost(reason)
