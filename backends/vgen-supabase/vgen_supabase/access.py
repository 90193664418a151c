"""A project's URL and key: where they come from, and which are valid."""

from __future__ import annotations

import base64
import json
import os
from typing import TYPE_CHECKING, Self, cast
from urllib.parse import urlsplit

from attrs import field, frozen

from vgen.errors import ConfigurationError

if TYPE_CHECKING:
    from supabase import AsyncClient

URL, KEY = "SUPABASE_URL", "SUPABASE_SERVICE_ROLE_KEY"
"""The environment variables that Supabase's documentation uses."""

SERVICE_ROLE = "service_role"
PUBLISHABLE = "sb_publishable_"
"""The prefix of newer keys for browsers; older keys are JWTs that name a role."""


@frozen
class Access:
    """A project's URL and a key to it, which `repr` leaves out."""

    url: str
    key: str = field(repr=False)

    @classmethod
    def of(
        cls, url: str | None = None, key: str | None = None, client: AsyncClient | None = None
    ) -> Self:
        """Use the arguments, else what the client was made with, else the environment variables."""
        if client is not None:
            url, key = url or str(client.supabase_url), key or client.supabase_key
        return cls(
            url=(url or os.environ.get(URL, "")).strip().rstrip("/"),
            key=(key or os.environ.get(KEY, "")).strip(),
        )

    def check(self) -> None:
        """Check that both are set and valid.

        A key with fewer rights than the service role's is refused: the service reports files that
        it may not see as missing.

        Raises:
            ConfigurationError: one is missing or invalid; the message names its variable.
        """
        for name, value in ((URL, self.url), (KEY, self.key)):
            if not value:
                raise ConfigurationError(f"{name}: is not set")
        if not _is_base(self.url):
            raise ConfigurationError(f"{URL}: is not the http: or https: URL of a project")
        if not (self.key.isascii() and self.key.isprintable()) or " " in self.key:
            raise ConfigurationError(f"{KEY}: is not a key: it has spaces or unusual characters")
        role = _role(self.key)
        if role != SERVICE_ROLE:
            raise ConfigurationError(f"{KEY}: is a key of the role {role}, not of {SERVICE_ROLE}")


def _is_base(url: str) -> bool:
    try:
        parts = urlsplit(url)
        valid = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    plain = url.isascii() and url.isprintable() and not set(" \\@?#") & set(url)
    return valid and plain


def _role(key: str) -> str:
    """Return the role that a key names; a key that names none counts as the service role's."""
    if key.startswith(PUBLISHABLE):
        return "anon"
    _, _, rest = key.partition(".")
    payload, dot, _ = rest.partition(".")
    try:
        claims: object = json.loads(base64.urlsafe_b64decode(f"{payload}==")) if dot else None
    except ValueError:
        claims = None
    if not isinstance(claims, dict):
        return SERVICE_ROLE
    return str(cast("dict[str, object]", claims).get("role", SERVICE_ROLE))
