"""The API token and the address of the service."""

from __future__ import annotations

import hashlib
import os
from typing import Self

import httpx
from attrs import field, frozen

from vgen.errors import ConfigurationError

TOKEN_VARIABLE, BASE_URL_VARIABLE = "REPLICATE_API_TOKEN", "REPLICATE_BASE_URL"
"""The environment variables that the official SDK reads too."""

DEFAULT_BASE_URL = "https://api.replicate.com/v1"


def _check_base_url(_record: object, _attribute: object, value: str) -> None:
    try:
        url = httpx.URL(value)
    except httpx.InvalidURL:
        url = httpx.URL()
    if url.scheme not in {"http", "https"} or not url.host or url.userinfo or not _is_plain(value):
        raise ConfigurationError(
            f"{BASE_URL_VARIABLE}: must be http or https, a host and no user name"
        )


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable() and " " not in text


@frozen
class Access:
    """An API token, hidden from `repr`, and the base URL that it is valid for."""

    token: str = field(repr=False)
    base_url: str = field(default=DEFAULT_BASE_URL, validator=_check_base_url)

    @classmethod
    def resolve(cls, token: str | None, base_url: str | None) -> Self:
        """Use the arguments; where they are empty, the environment's variables.

        Raises:
            ConfigurationError: the base URL is invalid.
        """
        address = base_url or os.environ.get(BASE_URL_VARIABLE, "") or DEFAULT_BASE_URL
        return cls(
            token=(token or os.environ.get(TOKEN_VARIABLE, "")).strip(),
            base_url=address.strip().rstrip("/"),
        )

    @property
    def account(self) -> str:
        """The account's name in ledgers: a hash, so that the token is not exposed."""
        return f"replicate-{hashlib.sha256(self.token.encode()).hexdigest()[:8]}"

    def check(self) -> None:
        """Check the token.

        Raises:
            ConfigurationError: it is missing, or cannot be sent in a header.
        """
        if not self.token:
            raise ConfigurationError(f"{TOKEN_VARIABLE}: is not set")
        if not _is_plain(self.token):
            raise ConfigurationError(f"{TOKEN_VARIABLE}: must be one word of printable ASCII")
