"""What must not be shown is left out of addresses."""

from __future__ import annotations

import pytest

from vgen.records.redaction import without_secrets


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://ann:secret@example.org/a.png", "https://example.org/a.png"),
        ("https://a@b:secret@example.org/a.png?x=@#y", "https://example.org/a.png"),
        ("https://example.org/a.png?token=secret", "https://example.org/a.png"),
        ("HTTP://example.org#secret", "HTTP://example.org"),
        ("https://example.org/@ann/a.png", "https://example.org/@ann/a.png"),
        ("folder/a b?.png", "folder/a b?.png"),
    ],
)
def test_user_password_and_query_are_left_out(address: str, shown: str) -> None:
    """Signed URLs carry a token in their query; a file's name is shown as it is."""
    assert without_secrets(address) == shown
