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
from vgen_replicate.reading import mapping, seconds

NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
)
"""No byte of the request has left."""

RESETS_IN = re.compile(r"resets in ~(\d+)s")

LONGEST_PAUSE = 600.0
"""The longest pause that is believed, in seconds: the service counts its limits by the minute."""

UNAUTHENTICATED, NO_CREDIT, FORBIDDEN, NOT_FOUND, UNPROCESSABLE, THROTTLED = (
    401,
    402,
    403,
    404,
    422,
    429,
)
FOR_GOOD = frozenset({400, NOT_FOUND, 405, 410, 413, 415, UNPROCESSABLE})
"""Nothing was done, and the same request would be refused again."""


def of_submit(error: Exception) -> VgenError:
    """Class what a create ended with: anything that is not proof of absence is doubt."""
    if isinstance(error, APIConnectionError):
        return (
            NetworkError(f"not sent: {_cause(error)}")
            if isinstance(error.__cause__, NEVER_SENT)
            else SubmitInDoubtError(f"no answer: {_cause(error)}")
        )
    refusal = _refusal(error)
    if isinstance(error, APIStatusError) and refusal is not None and _is_of_model(error):
        return ModelUnavailableError(str(refusal))
    return refusal or SubmitInDoubtError(f"no sound answer: {_said(error)}")


def of_request(error: Exception) -> VgenError:
    """Class what a request that may be repeated, and may be refused for good, ended with."""
    what = _cause(error) if isinstance(error, APIConnectionError) else _said(error)
    return _refusal(error) or NetworkError(f"no sound answer: {what}")


def of_question(error: Exception) -> VgenError:
    """Class what a question after a prediction ended with: refused, it says nothing of its end."""
    found = of_request(error)
    return NetworkError(str(found)) if isinstance(found, GenerationError) else found


def _refusal(error: Exception) -> VgenError | None:
    """Give the service's own word that it did nothing; what a proxy says in its place is none."""
    if not isinstance(error, APIStatusError):
        return None
    code, said = error.status_code, _said(error)
    if code == THROTTLED:
        return RateLimitedError(said, retry_after=_retry_after(error))
    if not isinstance(error.body, dict):
        return None
    if code in {UNAUTHENTICATED, FORBIDDEN}:
        return AccountError(f"Replicate refuses the token (REPLICATE_API_TOKEN): {said}")
    if code == NO_CREDIT:
        return AccountError(f"the Replicate account has no credit: {said}")
    return GenerationError(said) if code in FOR_GOOD else None


def _is_of_model(error: APIStatusError) -> bool:
    """Whether a refusal is of the model's version, not of what it was given."""
    of_input = bool(_body(error).get("invalid_fields"))
    of_version = not of_input and "version" in _said(error).lower()
    return error.status_code == NOT_FOUND or (error.status_code == UNPROCESSABLE and of_version)


def _retry_after(error: APIStatusError) -> float | None:
    """Give the pause in seconds: from the body, else from the header, else from the sentence."""
    found = RESETS_IN.search(_said(error))
    header = error.response.headers.get("Retry-After")
    for told in (_body(error).get("retry_after"), header, found and found[1]):
        if (pause := seconds(told)) is not None:
            return min(pause, LONGEST_PAUSE)
    return None


def _said(error: Exception) -> str:
    if not isinstance(error, APIStatusError):
        return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
    body = _body(error)
    detail = body.get("detail") or body.get("title") or f"HTTP {error.status_code}"
    listed: object = body.get("invalid_fields")
    told = cast("list[object]", listed) if isinstance(listed, list) else []
    fields = [str(mapping(one)["field"]) for one in told if "field" in mapping(one)]
    words = " ".join(str(detail).split())[:300]
    return f"{words} ({', '.join(fields)})" if fields else words


def _body(error: APIStatusError) -> Mapping[str, Any]:
    return mapping(error.body)


def _cause(error: APIConnectionError) -> str:
    cause = error.__cause__ or error
    return str(cause) or type(cause).__name__
