"""What the service means by its answers, as errors that say what to do."""

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
"""A JWT, which a key or the token of a signed URL is, or a key of the newer kind."""


class Reason(Enum):
    """Why the service did not do what it was asked for; the value is how a message says it."""

    MISSING = "there is no such file"
    NO_BUCKET = "there is no such bucket, or the key may not see it"
    DENIED = "the key is not allowed to"
    TOO_LARGE = "it is too large"
    BAD_NAME = "it is no acceptable name"
    BAD_TYPE = "the bucket takes no such files"
    ELSEWHERE = "it is not in this project's storage"
    NOWHERE = "nothing is at that address"
    REFUSED = "the service refused"
    CONFLICT = "somebody else is writing it"
    TRY_AGAIN = "it cannot be had now"


class SupabaseStorageError(StorageError):
    """Something in Supabase Storage could not be read, written or looked up, for this `reason`.

    Retryable for `Reason.CONFLICT` and `Reason.TRY_AGAIN`. The message is one line, with neither
    the service's key nor the token of a signed URL in it.
    """

    def __init__(self, about: object, reason: Reason, detail: str = "") -> None:
        self.reason = reason
        words = f"{about}: {reason.value}" + (f" ({detail})" if detail else "")
        retryable = reason in {Reason.CONFLICT, Reason.TRY_AGAIN}
        super().__init__(SECRET.sub("…", words), retryable=retryable)


class RefusalError(Exception):
    """An answer other than yes, before anybody has said what it is about."""

    def __init__(self, reason: Reason, detail: str) -> None:
        self.reason, self.detail = reason, SECRET.sub("…", detail)
        super().__init__(f"{reason.value} ({self.detail})")


NAMES: Mapping[str, Reason] = {
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
"""What an answer calls itself, in its `code` or, of old, in `error`."""

STATUSES: Mapping[int, Reason] = {
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
"""What a status means whose answer has no name that is known; 460 is TUS's for a broken chunk."""


def refusal(status: int, body: bytes) -> RefusalError:
    """Read an answer: by its names, then by the status in its JSON, then by its own.

    Nearly all the service's errors come with the status 400, and the true one is in the JSON. The
    resumable uploads answer in plain text with the true status.
    """
    told = _told(body)
    text = " ".join(body.decode("utf-8", "replace").split())
    names = (told.get("code"), told.get("error"), text)
    known = (NAMES[name] for name in names if isinstance(name, str) and name in NAMES)
    true_status = _whole(told.get("statusCode"), status)
    reason = next(known, None) or _by_status(true_status) or _by_status(status) or Reason.REFUSED
    plain = "" if text.startswith("<") else text
    said = " ".join(str(told.get("message") or plain).split())[:200]
    return RefusalError(reason, f"{true_status}: {said}" if said else str(true_status))


def _by_status(status: int) -> Reason | None:
    return Reason.TRY_AGAIN if status >= SERVER_ERROR else STATUSES.get(status)


def _told(body: bytes) -> Mapping[str, object]:
    try:
        told: object = json.loads(body)
    except ValueError:
        return {}
    return cast("dict[str, object]", told) if isinstance(told, dict) else {}


def _whole(value: object, otherwise: int) -> int:
    text = str(value)
    return int(text) if text.isascii() and text.isdecimal() else otherwise


@contextmanager
def asking(about: object, *, seconds: float) -> Generator[None]:
    """Bound a question's time, and turn whatever it ends with into an error about its subject.

    Raises:
        SupabaseStorageError: there was no answer in time, none that is sound, or a refusal.
    """
    try:
        with trio.fail_after(seconds):
            yield
    except trio.TooSlowError:
        detail = f"no answer within {seconds:g} s"
        raise SupabaseStorageError(about, Reason.TRY_AGAIN, detail) from None
    except RefusalError as error:
        raise SupabaseStorageError(about, error.reason, error.detail) from error
    except httpx.HTTPError as error:
        detail = str(error) or type(error).__name__
        raise SupabaseStorageError(about, Reason.TRY_AGAIN, detail) from error
    except (KeyError, TypeError, ValueError):
        # Not raised from its cause: pydantic's errors quote the answer, which may hold a token.
        raise SupabaseStorageError(about, Reason.TRY_AGAIN, "no sound answer") from None
