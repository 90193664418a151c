"""The storage service's error responses, as `SupabaseStorageError`s with a reason."""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from enum import Enum
from typing import cast

import httpx
import trio

from vgen.errors import StorageError

SERVER_ERROR = 500
SECRET = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]*|sb_secret_[\w-]+")
"""A key (a JWT, or `sb_secret_…` for the newer kind) or a signed URL's token (a JWT)."""


class Reason(Enum):
    """Why a request to the service failed; the value is the reason as error messages word it."""

    MISSING = "there is no such file"
    NO_BUCKET = "there is no such bucket, or the key may not see it"
    DENIED = "the key has no right to do this"
    TOO_LARGE = "it is too large"
    BAD_NAME = "it is not a valid name"
    BAD_TYPE = "the bucket does not accept this type of file"
    ELSEWHERE = "it is not in this project's storage"
    NOWHERE = "there is nothing at that URL"
    REFUSED = "the service refused"
    CONFLICT = "another client is writing it"
    TRY_AGAIN = "it is temporarily unavailable"


class SupabaseStorageError(StorageError):
    """A file or bucket could not be read, written or looked up, for this `reason`.

    Retryable for `Reason.CONFLICT` and `Reason.TRY_AGAIN`. The message is one line, and contains
    neither the service's key nor a signed URL's token.
    """

    def __init__(self, about: object, reason: Reason, detail: str = "") -> None:
        self.reason = reason
        message = f"{about}: {reason.value}" + (f" ({detail})" if detail else "")
        retryable = reason in {Reason.CONFLICT, Reason.TRY_AGAIN}
        super().__init__(SECRET.sub("…", message), retryable=retryable)


class ResponseError(Exception):
    """An error response, before it is known which file or bucket it is about."""

    def __init__(self, reason: Reason, detail: str) -> None:
        self.reason, self.detail = reason, SECRET.sub("…", detail)
        super().__init__(f"{reason.value} ({self.detail})")


REASONS_BY_NAME: Mapping[str, Reason] = {
    "NoSuchKey": Reason.MISSING,
    "not_found": Reason.MISSING,
    "NoSuchBucket": Reason.NO_BUCKET,
    "Bucket not found": Reason.NO_BUCKET,
    "AccessDenied": Reason.DENIED,
    "ExpiredToken": Reason.DENIED,
    "InvalidJWT": Reason.DENIED,
    "InvalidSignature": Reason.DENIED,
    "SignatureDoesNotMatch": Reason.DENIED,
    "Unauthorized": Reason.DENIED,
    "EntityTooLarge": Reason.TOO_LARGE,
    "Payload too large": Reason.TOO_LARGE,
    "InvalidBucketName": Reason.BAD_NAME,
    "InvalidKey": Reason.BAD_NAME,
    "InvalidMimeType": Reason.BAD_TYPE,
    "invalid_mime_type": Reason.BAD_TYPE,
    "NoSuchUpload": Reason.NOWHERE,
    "Duplicate": Reason.CONFLICT,
    "KeyAlreadyExists": Reason.CONFLICT,
    "ResourceAlreadyExists": Reason.CONFLICT,
    "ResourceLocked": Reason.CONFLICT,
    "TransactionError": Reason.CONFLICT,
    "SlowDown": Reason.TRY_AGAIN,
    "too_many_connections": Reason.TRY_AGAIN,
}
"""Reasons by the name in a response's `code` or, in older versions, `error`."""

REASONS_BY_STATUS: Mapping[int, Reason] = {
    401: Reason.DENIED,
    403: Reason.DENIED,
    404: Reason.NOWHERE,
    408: Reason.TRY_AGAIN,
    409: Reason.CONFLICT,
    410: Reason.NOWHERE,
    413: Reason.TOO_LARGE,
    415: Reason.BAD_TYPE,
    423: Reason.CONFLICT,
    425: Reason.TRY_AGAIN,
    429: Reason.TRY_AGAIN,
    460: Reason.CONFLICT,
}
"""Reasons by status, for responses without a known name; 460 is TUS's checksum mismatch."""


def response_error(status: int, body: bytes) -> ResponseError:
    """Read an error response: by its names, then the status in its JSON, then the HTTP status.

    Nearly all of the service's errors have the HTTP status 400, and the true status in the JSON.
    Resumable uploads respond in plain text with the true status.
    """
    fields = _json_object(body)
    text = " ".join(body.decode("utf-8", "replace").split())
    names = (fields.get("code"), fields.get("error"), text)
    found = (REASONS_BY_NAME.get(name) for name in names if isinstance(name, str))
    named = next(filter(None, found), None)
    true_status = _integer(fields.get("statusCode"), status)
    reason = named or _by_status(true_status) or _by_status(status) or Reason.REFUSED
    plain = "" if text.startswith("<") else text
    detail = " ".join(str(fields.get("message") or plain).split())[:200]
    return ResponseError(reason, f"{true_status}: {detail}" if detail else str(true_status))


def _by_status(status: int) -> Reason | None:
    return Reason.TRY_AGAIN if status >= SERVER_ERROR else REASONS_BY_STATUS.get(status)


def _json_object(body: bytes) -> Mapping[str, object]:
    try:
        fields: object = json.loads(body)
    except ValueError:
        return {}
    return cast("dict[str, object]", fields) if isinstance(fields, dict) else {}


def _integer(value: object, default: int) -> int:
    text = str(value)
    return int(text) if text.isascii() and text.isdecimal() else default


@contextmanager
def request_errors(about: object, *, seconds: float) -> Generator[None]:
    """Limit the time of a request, and raise its errors as errors about this file or bucket.

    Raises:
        SupabaseStorageError: an error response, a malformed one, or none within `seconds`.
    """
    try:
        with trio.fail_after(seconds):
            yield
    except trio.TooSlowError:
        detail = f"no answer within {seconds:g} s"
        raise SupabaseStorageError(about, Reason.TRY_AGAIN, detail) from None
    except ResponseError as error:
        raise SupabaseStorageError(about, error.reason, error.detail) from error
    except httpx.HTTPError as error:
        detail = str(error) or type(error).__name__
        raise SupabaseStorageError(about, Reason.TRY_AGAIN, detail) from error
    except (KeyError, TypeError, ValueError):
        # Without its cause: pydantic's errors quote the response, which may hold a token.
        raise SupabaseStorageError(about, Reason.TRY_AGAIN, "malformed answer") from None
