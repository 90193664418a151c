"""How untrusted text and amounts are shown."""

from __future__ import annotations

from decimal import Decimal

import pytest

from vgen.cli.text import dollars, escaped, safe_text


@pytest.mark.parametrize(
    ("amount", "spelled"),
    [("0", "$0.00"), ("1", "$1.00"), ("0.298", "$0.298"), ("0.23337500000011", "$0.2334")],
)
def test_dollars(amount: str, spelled: str) -> None:
    """Amounts have cents, and up to four places where they need them."""
    assert dollars(Decimal(amount)) == spelled


def test_untrusted_text_cannot_control_the_terminal() -> None:
    """Escape sequences, direction marks and invisible characters are shown as escapes."""
    assert escaped("naïve 日本 [red]") == "naïve 日本 [red]"
    assert escaped("a\x1b[2Jb\r\n\u202ec\ud800") == "a\\x1b[2Jb\\r\\n\\u202ec\\ud800"
    assert safe_text("[red]").plain == "[red]"
