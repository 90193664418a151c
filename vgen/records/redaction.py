"""Addresses without what must not be shown."""

from __future__ import annotations

import re

SECRETS = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*://)(?:[^/?#]*@)?(?P<place>[^?#]*)[?#]?.*", re.IGNORECASE
)


def without_secrets(address: str) -> str:
    """Return an address without user, password, query and fragment: signed URLs carry tokens."""
    found = SECRETS.fullmatch(address)
    return f"{found['scheme']}{found['place']}" if found else address
