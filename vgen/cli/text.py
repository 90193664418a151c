"""Text from outside and amounts, spelled so that a terminal shows what is there."""

from __future__ import annotations

from decimal import Decimal

from rich.text import Text

CENT = Decimal("0.01")
FINEST = Decimal("0.0001")


def plain(text: str) -> str:
    """Spell out whatever would not be seen or would command the terminal, on one line."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )


def shown(text: str, style: str = "") -> Text:
    """Give text from outside for a table: no markup, no control characters."""
    return Text(plain(text), style)


def dollars(amount: Decimal) -> str:
    """Spell an amount in US dollars: to the cent, or to four places where it has more."""
    fine = amount.quantize(FINEST)
    return f"${fine.quantize(CENT) if fine == fine.quantize(CENT) else fine.normalize():f}"
