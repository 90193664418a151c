"""Where the service is and who is asking."""

from __future__ import annotations

import hashlib
import os
from typing import Self

from attrs import field, frozen

from vgen.errors import ConfigurationError

TOKEN, BASE_URL = "REPLICATE_API_TOKEN", "REPLICATE_BASE_URL"
"""The official SDK's own variables."""

SERVICE = "https://api.replicate.com/v1"


@frozen
class Access:
    """An API token, which no `repr` shows, and the address that it is good for."""

    token: str = field(repr=False)
    base_url: str = SERVICE

    @classmethod
    def of(cls, token: str | None, base_url: str | None) -> Self:
        """Take what is given, and the rest from the environment."""
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
            ConfigurationError: there is none.
        """
        if not self.token:
            raise ConfigurationError(f"{TOKEN}: is not set")
