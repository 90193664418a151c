"""The service's refusals: a status code and the words that come with it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from attrs import field, frozen


@frozen
class InvalidField:
    """One input that does not fit its schema, in the words of the service's validator."""

    type: str
    field: str
    description: str

    def __str__(self) -> str:
        return f"- {self.field}: {self.description}" if self.field else f"- {self.description}"


@frozen
class Refusal(Exception):  # noqa: N818 (an answer that the service gives, not a fault in it)
    """An answer other than what was asked for; `body` is its JSON."""

    status: int
    body: Mapping[str, Any]
    headers: Mapping[str, str] = field(factory=dict[str, str])
    problem: bool = False
    """Whether the answer calls itself `application/problem+json`."""


def _refusal(status: int, title: str, detail: str, **more: Any) -> Refusal:
    return Refusal(status, {"title": title, "detail": detail, "status": status, **more})


def unauthenticated() -> Refusal:
    """A missing or unknown token."""
    detail = "You did not pass a valid authentication token"
    return _refusal(401, "Unauthenticated", detail)


def no_credit() -> Refusal:
    """An account that has spent what it had."""
    detail = (
        "You have insufficient credit to run this model. Go to "
        "https://replicate.com/account/billing#billing to purchase credit. Once you purchase "
        "credit, please wait a few minutes before trying again."
    )
    return _refusal(402, "Insufficient credit", detail)


def not_found() -> Refusal:
    """Nothing by that name, or nothing for this account."""
    detail = "The requested resource could not be found."
    return Refusal(404, {"detail": detail, "status": 404})


def malformed(detail: str) -> Refusal:
    """A body or a query that cannot be read."""
    return _refusal(400, "Bad request", detail)


def too_large() -> Refusal:
    """A file above the limit."""
    body = {"detail": "Files must be less than 100MB in size", "status": 413}
    return Refusal(413, body, problem=True)


def invalid_version() -> Refusal:
    """A version that does not exist, or is not written in a form that the service takes."""
    detail = (
        "The specified version does not exist (or perhaps you don't have permission to use it?)"
    )
    return _refusal(422, "Invalid version or not permitted", detail)


def disabled_version() -> Refusal:
    """A model that the service has taken down."""
    detail = "This version has been disabled because it consistently fails to complete setup."
    return _refusal(422, "Version disabled", detail)


def invalid(fields: Sequence[InvalidField]) -> Refusal:
    """A body or inputs that do not fit their schema."""
    detail = "".join(f"{field}\n" for field in fields)
    listed = [
        {"type": field.type, "field": field.field, "description": field.description}
        for field in fields
    ]
    return _refusal(422, "Input validation failed", detail, invalid_fields=listed)


def throttled(seconds: float, allowed: str = "") -> Refusal:
    """Too many requests; `seconds` of the client's time until another one may come."""
    wait = max(1, math.ceil(seconds))
    detail = f"Request was throttled. {allowed}Your rate limit resets in ~{wait}s."
    body = {"detail": detail, "status": 429, "retry_after": wait}
    return Refusal(429, body, {"Retry-After": str(wait)})
