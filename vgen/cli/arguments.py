"""What the command line makes of its arguments' text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, tzinfo
from decimal import Decimal, InvalidOperation

from cyclopts import Token

DATE = len("2026-11-30")


def check_no_option(_kind: object, value: str) -> None:
    """Refuse a misspelt option that would be taken for a file."""
    if value.startswith("-") and value != "-":
        raise ValueError("There is no such option; for a file of that name, write ./" + value)


def to_dollars(_kind: object, tokens: Sequence[Token]) -> Decimal:
    """Convert an amount of US dollars, which must not be negative."""
    amount = _amount(tokens[0].value)
    if amount is None:
        raise ValueError(f"must be US dollars, at least 0, got {tokens[0].value!r}")
    return amount


def to_names(_kind: object, tokens: Sequence[Token]) -> tuple[str, ...]:
    """Convert names that are separated by commas, or given one by one."""
    return tuple(name.strip() for token in tokens for name in token.value.split(","))


def check_purses(_kind: object, tokens: Sequence[Token]) -> tuple[str, ...]:
    """Check that purses are given as `NAME=USD`, each once; returns them as they are."""
    entries = tuple(token.value for token in tokens)
    purses_of(entries)
    return entries


def purses_of(entries: Sequence[str]) -> dict[str, Decimal]:
    """Return limits in US dollars by the names of their purses, from entries such as `anna=20`.

    Raises:
        ValueError: an entry, which the message names, is not of this form, or names a purse again.
    """
    purses: dict[str, Decimal] = {}
    for entry in entries:
        name, _, limit = entry.rpartition("=")
        amount = _amount(limit)
        if not name.strip() or amount is None:
            raise ValueError(f"must be NAME=USD, such as anna/2026-11=20, got {entry!r}")
        if name in purses:
            raise ValueError(f"{name} is given twice")
        purses[name] = amount
    return purses


def to_moment(
    *, end: bool = False, zone: tzinfo | None = None
) -> Callable[[object, Sequence[Token]], datetime]:
    """Return a converter of a date, or a date and time, to a point in time.

    Of a mere date that is its start, or its `end`. Without an offset it is one of the `zone`, by
    default local.
    """

    def convert(_kind: object, tokens: Sequence[Token]) -> datetime:
        text = tokens[0].value
        try:
            at = datetime.fromisoformat(text)
            if end and len(text) <= DATE:
                at += timedelta(days=1)
            return at if at.tzinfo else at.replace(tzinfo=zone).astimezone()
        except (ValueError, OverflowError):
            raise ValueError(f"must be like 2026-11-30 or 2026-11-30T18:00, got {text!r}") from None

    return convert


def _amount(text: str) -> Decimal | None:
    """Return an amount of US dollars, `None` for what is none."""
    try:
        amount = Decimal(text)
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and amount >= 0 else None
