"""The service's error responses: their status codes and bodies."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from attrs import field, frozen


@frozen
class InvalidField:
    """One input that violates its schema, as the service's validator reports it."""

    type: str
    field: str
    description: str

    def __str__(self) -> str:
        return f"- {self.field}: {self.description}" if self.field else f"- {self.description}"


@frozen
class ApiError(Exception):
    """An error response of the service; `body` is its JSON."""

    status: int
    body: Mapping[str, Any]
    headers: Mapping[str, str] = field(factory=dict[str, str])
    problem: bool = False
    """Whether the content type is `application/problem+json`."""


def _error(status: int, title: str, detail: str, **more: Any) -> ApiError:
    return ApiError(status, {"title": title, "detail": detail, "status": status, **more})


def unauthenticated() -> ApiError:
    """401: a missing or unknown token."""
    detail = "You did not pass a valid authentication token"
    return _error(401, "Unauthenticated", detail)


def no_credit() -> ApiError:
    """402: the account's credit is used up."""
    detail = (
        "You have insufficient credit to run this model. Go to "
        "https://replicate.com/account/billing#billing to purchase credit. Once you purchase "
        "credit, please wait a few minutes before trying again."
    )
    return _error(402, "Insufficient credit", detail)


def not_found() -> ApiError:
    """404: there is nothing by that name."""
    detail = "The requested resource could not be found."
    return ApiError(404, {"detail": detail, "status": 404})


def malformed(detail: str) -> ApiError:
    """400: a body or a query that cannot be parsed."""
    return _error(400, "Bad request", detail)


def too_large() -> ApiError:
    """413: a file above the size limit."""
    body = {"detail": "Files must be less than 100MB in size", "status": 413}
    return ApiError(413, body, problem=True)


def invalid_version() -> ApiError:
    """422: a version that does not exist, or is not written in full."""
    detail = (
        "The specified version does not exist (or perhaps you don't have permission to use it?)"
    )
    return _error(422, "Invalid version or not permitted", detail)


def disabled_version() -> ApiError:
    """422: a model whose version is disabled."""
    detail = "This version has been disabled because it consistently fails to complete setup."
    return _error(422, "Version disabled", detail)


def invalid(fields: Sequence[InvalidField]) -> ApiError:
    """422: a body or inputs that violate their schema."""
    detail = "".join(f"{field}\n" for field in fields)
    listed = [
        {"type": field.type, "field": field.field, "description": field.description}
        for field in fields
    ]
    return _error(422, "Input validation failed", detail, invalid_fields=listed)


def throttled(seconds: float, allowed: str = "") -> ApiError:
    """429: too many requests; `seconds`, on the client's clock, until the next is allowed."""
    wait = max(1, math.ceil(seconds))
    detail = f"Request was throttled. {allowed}Your rate limit resets in ~{wait}s."
    body = {"detail": detail, "status": 429, "retry_after": wait}
    return ApiError(429, body, {"Retry-After": str(wait)})
