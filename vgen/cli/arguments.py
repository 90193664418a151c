"""What the command line makes of its arguments' text."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

from cyclopts import Token


def check_no_option(_kind: object, value: str) -> None:
    """Refuse a misspelt option that would be taken for a file."""
    if value.startswith("-") and value != "-":
        raise ValueError("There is no such option; for a file of that name, write ./" + value)


def to_dollars(_kind: object, tokens: Sequence[Token]) -> Decimal:
    """Convert an amount of US dollars, which must not be negative."""
    try:
        amount = Decimal(tokens[0].value)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount < 0:
        raise ValueError(f"must be US dollars, at least 0, got {tokens[0].value!r}")
    return amount
