"""The SDK's exceptions as vgen's errors: not sent, refused by the service, or in doubt."""

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
from vgen_replicate.access import BASE_URL_VARIABLE
from vgen_replicate.parsing import as_object, as_seconds

NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
)
"""Raised before any byte of the request has been sent."""

RESETS_IN = re.compile(r"resets in ~(\d+)s")

VERSION_PATH = "/v1/"
"""What every address of the service has in its path."""

MAX_RETRY_AFTER = 600.0
"""The longest pause that is honoured, in seconds: the service's rate limits are per minute."""

UNAUTHENTICATED, NO_CREDIT, FORBIDDEN, NOT_FOUND, UNPROCESSABLE, THROTTLED = (
    401,
    402,
    403,
    404,
    422,
    429,
)
PERMANENT_REFUSALS = frozenset({400, NOT_FOUND, 405, 410, 413, 415, UNPROCESSABLE})
"""Status codes of refusals that the same request would get again."""


def submit_error(error: Exception) -> VgenError:
    """Convert the error of a create: unless it proves that nothing was started, it is in doubt."""
    if isinstance(error, APIConnectionError):
        return (
            NetworkError(f"not sent to {_address(error)}: {_cause(error)}")
            if isinstance(error.__cause__, NEVER_SENT)
            else SubmitInDoubtError(f"no answer: {_cause(error)}")
        )
    refusal = _refusal(error)
    if isinstance(error, APIStatusError) and refusal is not None and _is_about_version(error):
        return ModelUnavailableError(str(refusal))
    return refusal or SubmitInDoubtError(_malformed(error))


def request_error(error: Exception) -> VgenError:
    """Convert the error of a request that is safe to repeat."""
    if isinstance(error, APIConnectionError):
        return NetworkError(f"no answer from {_address(error)}: {_cause(error)}")
    return _refusal(error) or NetworkError(_malformed(error))


class PredictionNotFoundError(NetworkError):
    """The service answers that there is no such prediction, which may pass."""


def prediction_error(error: Exception) -> VgenError:
    """Convert the error of a request about predictions: a refusal tells nothing of their state."""
    found = request_error(error)
    if not isinstance(found, GenerationError):
        return found
    missing = isinstance(error, APIStatusError) and error.status_code == NOT_FOUND
    return PredictionNotFoundError(str(found)) if missing else NetworkError(str(found))


def _refusal(error: Exception) -> VgenError | None:
    """Return the service's refusal as an error; `None` for other errors, such as a proxy's."""
    if not isinstance(error, APIStatusError):
        return None
    code, message = error.status_code, _message(error)
    if code == THROTTLED:
        return RateLimitedError(message, retry_after=_retry_after(error))
    if not isinstance(error.body, dict):
        return None
    if code in {UNAUTHENTICATED, FORBIDDEN}:
        return AccountError(f"Replicate refuses the token (REPLICATE_API_TOKEN): {message}")
    if code == NO_CREDIT:
        return AccountError(f"the Replicate account has no credit: {message}")
    return GenerationError(message) if code in PERMANENT_REFUSALS else None


def _is_about_version(error: APIStatusError) -> bool:
    """Whether a refusal concerns the model's version, not the inputs."""
    of_input = bool(_body(error).get("invalid_fields"))
    of_version = not of_input and "version" in _message(error).lower()
    return error.status_code == NOT_FOUND or (error.status_code == UNPROCESSABLE and of_version)


def _retry_after(error: APIStatusError) -> float | None:
    """Return the pause in seconds: from the body, else the header, else the message."""
    found = RESETS_IN.search(_message(error))
    header = error.response.headers.get("Retry-After")
    for value in (_body(error).get("retry_after"), header, found and found[1]):
        if (pause := as_seconds(value)) is not None:
            return min(pause, MAX_RETRY_AFTER)
    return None


def _malformed(error: Exception) -> str:
    """Return what is wrong with an answer that is not the service's own, and who gave it."""
    if not isinstance(error, APIStatusError):
        return f"malformed answer: {_message(error)}"
    asked, kind = _address(error), error.response.headers.get("Content-Type", "")
    page = ", an HTML page" if kind.startswith("text/html") else ""
    hint = "" if VERSION_PATH in asked else f"; {BASE_URL_VARIABLE} usually ends with /v1"
    return f"malformed answer of {asked}: HTTP {error.status_code}{page}{hint}"


def _address(error: APIConnectionError | APIStatusError) -> str:
    return str(error.request.url.copy_with(query=None, fragment=None))


def _message(error: Exception) -> str:
    if not isinstance(error, APIStatusError):
        return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
    body = _body(error)
    detail = body.get("detail") or body.get("title") or f"HTTP {error.status_code}"
    listed: object = body.get("invalid_fields")
    invalid = cast("list[object]", listed) if isinstance(listed, list) else []
    fields = [str(as_object(one)["field"]) for one in invalid if "field" in as_object(one)]
    message = " ".join(str(detail).split())[:300]
    return f"{message} ({', '.join(fields)})" if fields else message


def _body(error: APIStatusError) -> Mapping[str, Any]:
    return as_object(error.body)


def _cause(error: APIConnectionError) -> str:
    cause = error.__cause__ or error
    return str(cause) or type(cause).__name__
