"""Where the service is and who is asking."""

from __future__ import annotations

import hashlib
import os
from typing import Self

import httpx
from attrs import field, frozen

from vgen.errors import ConfigurationError

TOKEN, BASE_URL = "REPLICATE_API_TOKEN", "REPLICATE_BASE_URL"
"""The official SDK's own variables."""

SERVICE = "https://api.replicate.com/v1"


def _address(_record: object, _attribute: object, value: str) -> None:
    try:
        url = httpx.URL(value)
    except httpx.InvalidURL:
        url = httpx.URL()
    if url.scheme not in {"http", "https"} or not url.host or url.userinfo or not _is_plain(value):
        raise ConfigurationError(f"{BASE_URL}: must be http or https, a host and no user name")


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable() and " " not in text


@frozen
class Access:
    """An API token, which no `repr` shows, and the address that it is good for."""

    token: str = field(repr=False)
    base_url: str = field(default=SERVICE, validator=_address)

    @classmethod
    def of(cls, token: str | None, base_url: str | None) -> Self:
        """Take what is given, and the rest from the environment.

        Raises:
            ConfigurationError: the address is none.
        """
        return cls(
            token=(token or os.environ.get(TOKEN, "")).strip(),
            base_url=(base_url or os.environ.get(BASE_URL, "") or SERVICE).strip().rstrip("/"),
        )

    @property
    def account(self) -> str:
        """Tells accounts apart without giving the token away."""
        return f"replicate-{hashlib.sha256(self.token.encode()).hexdigest()[:8]}"

    def check(self) -> None:
        """See that there is a token.

        Raises:
            ConfigurationError: there is none, or it is one that no header can carry.
        """
        if not self.token:
            raise ConfigurationError(f"{TOKEN}: is not set")
        if not _is_plain(self.token):
            raise ConfigurationError(f"{TOKEN}: must be one word of printable ASCII")
