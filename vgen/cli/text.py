"""Untrusted text and amounts of money, formatted for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

from rich.text import Text

CENT = Decimal("0.01")
FINEST = Decimal("0.0001")
SHORT_ID = 8
"""How many characters of an id are shown where there is no room for all 36."""


def escaped(text: str) -> str:
    """Escape all characters that are not printable, such as line breaks and control sequences."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )


def safe_text(text: str, style: str = "") -> Text:
    """Return untrusted text for the console: not read as markup, unprintables escaped."""
    return Text(escaped(text), style)


def spell_indexes(indexes: Sequence[int]) -> str:
    """Name clips by their indexes."""
    return f"clip{'s' * (len(indexes) > 1)} {', '.join(map(str, indexes))}"


def short_id(identity: UUID) -> str:
    """Return the start of a job's or an attempt's id, which the commands take for it."""
    return str(identity)[:SHORT_ID]


def dollars(amount: Decimal) -> str:
    """Format US dollars: to the cent, or with up to four decimals if there are more."""
    fine = amount.quantize(FINEST)
    return f"${fine.quantize(CENT) if fine == fine.quantize(CENT) else fine.normalize():f}"
