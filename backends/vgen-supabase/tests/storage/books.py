"""What a Supabase Storage of one's own knows, and what it has been asked."""

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
    """Say no to every request."""
    return False


def nothing(request: Request) -> Response | None:
    """Have no answer of one's own."""
    return None


@define(eq=False)
class Books:
    """The service's state, to be looked at and changed by tests.

    `asked` has every request's method and path as they came, `lifetimes` for how many seconds URLs
    were signed. What `instead` answers is answered in
    the service's place; a request that `loses` picks takes effect, and its connection is closed.
    """

    buckets: dict[str, Bucket] = field(factory=dict[str, Bucket])
    objects: dict[tuple[str, str], Stored] = field(factory=dict[tuple[str, str], Stored])
    uploads: dict[str, Upload] = field(factory=dict[str, Upload])
    roles: dict[str, str] = field(factory=lambda: {SERVICE_KEY: "service_role", ANON_KEY: "anon"})
    asked: list[str] = field(factory=list[str])
    lifetimes: list[int] = field(factory=list[int])
    instead: Callable[[Request], Response | None] = nothing
    loses: Callable[[Request], bool] = never

    def role(self, request: Request) -> str | None:
        """Who is asking: `None` for a key that is none of this project's."""
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        return self.roles.get(token)

    def token(self, bucket: str, key: str, expires_in: int) -> str:
        """Sign for a file, in the form of a JWT."""
        self.lifetimes.append(expires_in)
        claims = {"url": f"{bucket}/{key}", "scope": "download", "exp": time.time() + expires_in}
        body = f"{_part({'alg': 'HS256'})}.{_part(claims)}"
        return f"{body}.{_signature(body)}"

    def claims(self, token: str) -> dict[str, Any] | None:
        """Read what was signed; `None` where this service did not sign it."""
        body, _, signature = token.rpartition(".")
        if not hmac.compare_digest(signature, _signature(body)):
            return None
        payload = body.partition(".")[2]
        return cast("dict[str, Any]", json.loads(base64.urlsafe_b64decode(f"{payload}==")))


def _part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def _signature(body: str) -> str:
    return hmac.new(b"the project's own", body.encode(), hashlib.sha256).hexdigest()
