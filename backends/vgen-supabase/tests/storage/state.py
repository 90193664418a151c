"""The state of the fake Supabase Storage, and the requests that it has received."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any, cast

from attrs import define, field, frozen
from starlette.requests import Request
from starlette.responses import Response

SERVICE_KEY = "sb_secret_of_the_service_role"
ANON_KEY = "a-key-that-does-not-say-that-it-is-anonymous"


@define
class Bucket:
    """A bucket's settings."""

    public: bool = False
    size_limit: int | None = None
    types: tuple[str, ...] | None = None


@frozen
class Stored:
    """A file's content and how it was declared."""

    data: bytes
    media_type: str


@define
class Upload:
    """What has arrived of a resumable upload."""

    bucket: str
    key: str
    length: int
    media_type: str
    data: bytearray = field(factory=bytearray)
    expired: bool = False


def never(request: Request) -> bool:
    """Return false for every request."""
    return False


def nothing(request: Request) -> Response | None:
    """Override no response."""
    return None


@define(eq=False)
class ServiceState:
    """The service's state, which tests read and change.

    `requests` has every request's raw method and path, `lifetimes` the seconds that URLs were
    signed for. `override` may return a response to send instead of the service's. A request for
    which `drops` is true takes effect, but its connection is closed without a response.
    """

    buckets: dict[str, Bucket] = field(factory=dict[str, Bucket])
    objects: dict[tuple[str, str], Stored] = field(factory=dict[tuple[str, str], Stored])
    uploads: dict[str, Upload] = field(factory=dict[str, Upload])
    roles: dict[str, str] = field(factory=lambda: {SERVICE_KEY: "service_role", ANON_KEY: "anon"})
    requests: list[str] = field(factory=list[str])
    lifetimes: list[int] = field(factory=list[int])
    override: Callable[[Request], Response | None] = nothing
    drops: Callable[[Request], bool] = never

    def role(self, request: Request) -> str | None:
        """Return the role of the request's key, or `None` if the project has no such key."""
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        return self.roles.get(token)

    def token(self, bucket: str, key: str, expires_in: int) -> str:
        """Return a token that signs a file's URL, in the form of a JWT."""
        self.lifetimes.append(expires_in)
        claims = {"url": f"{bucket}/{key}", "scope": "download", "exp": time.time() + expires_in}
        body = f"{_part({'alg': 'HS256'})}.{_part(claims)}"
        return f"{body}.{_signature(body)}"

    def claims(self, token: str) -> dict[str, Any] | None:
        """Return a token's claims, or `None` if this service did not sign it."""
        body, _, signature = token.rpartition(".")
        if not hmac.compare_digest(signature, _signature(body)):
            return None
        payload = body.partition(".")[2]
        return cast("dict[str, Any]", json.loads(base64.urlsafe_b64decode(f"{payload}==")))


def _part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def _signature(body: str) -> str:
    return hmac.new(b"the project's own", body.encode(), hashlib.sha256).hexdigest()
