"""What the SDK raises, as vgen's errors: what was not sent, what is refused, what is in doubt."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, cast

import httpx
from replicate import APIConnectionError, APIStatusError

from vgen.errors import (
    AccountError,
    GenerationError,
    ModelUnavailableError,
    NetworkError,
    RateLimitedError,
    SubmitInDoubtError,
    VgenError,
)

NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
)
"""No byte of the request has left."""

RESETS_IN = re.compile(r"resets in ~(\d+)s")

UNAUTHENTICATED, NO_CREDIT, FORBIDDEN, NOT_FOUND, UNPROCESSABLE, THROTTLED = (
    401,
    402,
    403,
    404,
    422,
    429,
)
SERVER_ERROR = 500


def of_submit(error: Exception) -> VgenError:
    """Class what a create ended with: anything that is not proof of absence is doubt."""
    if isinstance(error, APIConnectionError):
        return (
            NetworkError(f"not sent: {_cause(error)}")
            if isinstance(error.__cause__, NEVER_SENT)
            else SubmitInDoubtError(f"no answer: {_cause(error)}")
        )
    if not isinstance(error, APIStatusError) or error.status_code >= SERVER_ERROR:
        return SubmitInDoubtError(f"no sound answer: {_said(error)}")
    code, said = error.status_code, _said(error)
    if code == NOT_FOUND or (code == UNPROCESSABLE and "version" in said.lower()):
        return ModelUnavailableError(said)
    return _refusal(error)


def of_question(error: Exception) -> VgenError:
    """Class what a question that is safe to repeat ended with."""
    if isinstance(error, APIStatusError) and error.status_code < SERVER_ERROR:
        return _refusal(error)
    what = _cause(error) if isinstance(error, APIConnectionError) else _said(error)
    return NetworkError(f"no sound answer: {what}")


def _refusal(error: APIStatusError) -> VgenError:
    code, said = error.status_code, _said(error)
    if code in {UNAUTHENTICATED, FORBIDDEN}:
        return AccountError(f"Replicate refuses the token (REPLICATE_API_TOKEN): {said}")
    if code == NO_CREDIT:
        return AccountError(f"the Replicate account has no credit: {said}")
    if code == THROTTLED:
        return RateLimitedError(said, retry_after=_retry_after(error))
    return GenerationError(said)


def _retry_after(error: APIStatusError) -> float | None:
    """Give the pause in seconds: from the body, else from the header, else from the sentence."""
    told = _body(error).get("retry_after")
    if isinstance(told, int | float):
        return float(told)
    header = error.response.headers.get("Retry-After", "")
    if header.isdecimal():
        return float(header)
    found = RESETS_IN.search(_said(error))
    return float(found[1]) if found else None


def _said(error: Exception) -> str:
    if not isinstance(error, APIStatusError):
        return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
    body = _body(error)
    detail = body.get("detail") or body.get("title") or f"HTTP {error.status_code}"
    fields = [f["field"] for f in body.get("invalid_fields") or () if "field" in f]
    words = " ".join(str(detail).split())[:300]
    return f"{words} ({', '.join(fields)})" if fields else words


def _body(error: APIStatusError) -> Mapping[str, Any]:
    body: object = error.body
    return cast("dict[str, Any]", body) if isinstance(body, dict) else {}


def _cause(error: APIConnectionError) -> str:
    cause = error.__cause__ or error
    return str(cause) or type(cause).__name__
