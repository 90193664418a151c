"""Which error each response of the service becomes."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from vgen.errors import StorageError
from vgen_supabase import Reason, SupabaseStorageError
from vgen_supabase.errors import response_error

from .lent_client import Answering, Failing, lending


def error_body(status: object, code: str | None, error: str, message: str = "it says") -> bytes:
    """Return an error body of the REST routes; older versions have no code."""
    body = {"statusCode": status, "error": error, "message": message}
    return json.dumps(body if code is None else {**body, "code": code}).encode()


def every_error() -> list[type[httpx.HTTPError]]:
    """Return all errors that httpx raises while it talks to a server."""
    found: list[type[httpx.HTTPError]] = [httpx.HTTPError]
    for each in found:
        found += each.__subclasses__()
    ours = [each for each in found if each.__module__.partition(".")[0] == "httpx"]
    return [each for each in ours if each is not httpx.HTTPStatusError]


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (400, error_body("404", "NoSuchKey", "not_found"), Reason.MISSING),
        (400, error_body("404", None, "not_found"), Reason.MISSING),
        (400, error_body("404", "NoSuchBucket", "Bucket not found"), Reason.NO_BUCKET),
        (400, error_body("404", None, "Bucket not found"), Reason.NO_BUCKET),
        (400, error_body("404", "NoSuchBucket", "not_found"), Reason.NO_BUCKET),
        (404, b"Bucket not found", Reason.NO_BUCKET),
        (404, error_body(404, None, "Not Found", "Route GET:/x not found"), Reason.NOWHERE),
        (404, b"The file for this url was not found\n", Reason.NOWHERE),
        (400, error_body("404", "NoSuchUpload", "NoSuchUpload"), Reason.NOWHERE),
        (404, b"", Reason.NOWHERE),
        (410, b"The file for this url no longer exists\n", Reason.NOWHERE),
        (400, error_body("403", "AccessDenied", "Unauthorized"), Reason.DENIED),
        (400, error_body("403", None, "Unauthorized"), Reason.DENIED),
        (400, error_body("400", "InvalidJWT", "InvalidJWT"), Reason.DENIED),
        (400, error_body("400", "InvalidSignature", "InvalidSignature"), Reason.DENIED),
        (401, b'{"message":"Invalid API key"}', Reason.DENIED),
        (403, b"<html>blocked</html>", Reason.DENIED),
        (400, error_body("413", "EntityTooLarge", "Payload too large"), Reason.TOO_LARGE),
        (413, b"Maximum size exceeded\n", Reason.TOO_LARGE),
        (400, error_body("400", "InvalidKey", "InvalidKey"), Reason.BAD_NAME),
        (400, error_body("415", "InvalidMimeType", "invalid_mime_type"), Reason.BAD_TYPE),
        (400, error_body("415", None, "invalid_mime_type"), Reason.BAD_TYPE),
        (415, b"mime type video/mp4 is not supported", Reason.BAD_TYPE),
        (400, error_body("409", "KeyAlreadyExists", "Duplicate"), Reason.CONFLICT),
        (400, error_body("409", None, "Duplicate"), Reason.CONFLICT),
        (400, error_body("423", "ResourceLocked", "ResourceLocked"), Reason.CONFLICT),
        (409, b"Upload-Offset conflict\n", Reason.CONFLICT),
        (429, error_body("429", "SlowDown", "too_many_connections"), Reason.TRY_AGAIN),
        (400, error_body("429", "SlowDown", "too_many_connections"), Reason.TRY_AGAIN),
        (400, error_body("544", "DatabaseTimeout", "DatabaseTimeout"), Reason.TRY_AGAIN),
        (400, error_body("503", "LockTimeout", "acquiring_lock_timeout"), Reason.TRY_AGAIN),
        (500, error_body("500", "InternalError", "InternalError"), Reason.TRY_AGAIN),
        (503, b"<!DOCTYPE html><html></html>", Reason.TRY_AGAIN),
        (520, b"\xff\xfe", Reason.TRY_AGAIN),
        (400, error_body("400", "InvalidRequest", "Error"), Reason.REFUSED),
        (400, b"[]", Reason.REFUSED),
        (400, b'{"code": ["NoSuchKey"], "statusCode": {}, "message": null}', Reason.REFUSED),
        (302, b"", Reason.REFUSED),
    ],
)
def test_the_name_in_a_response_comes_first(status: int, body: bytes, reason: Reason) -> None:
    """Then the status in the JSON, then the HTTP status; an unknown route is not `MISSING`."""
    assert response_error(status, body).reason is reason


@pytest.mark.parametrize("reason", Reason)
def test_only_transient_errors_are_retryable(reason: Reason) -> None:
    """`TRY_AGAIN` and `CONFLICT` are retryable; anything else would fail again."""
    error = SupabaseStorageError("supabase://clips/a.mp4", reason, "429")
    assert error.retryable == (reason in {Reason.TRY_AGAIN, Reason.CONFLICT})
    assert str(error) == f"supabase://clips/a.mp4: {reason.value} (429)"


@pytest.mark.parametrize("error", every_error())
async def test_every_error_of_httpx_is_a_storage_error(
    error: type[httpx.HTTPError], tmp_path: Path
) -> None:
    """Every network error is retryable, in every method."""
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"a clip")
    async with lending(Failing(error("it broke"))) as storage:
        for call in (
            lambda: storage.read("supabase://clips/a.png", max_bytes=9),
            lambda: storage.write("a.mp4", clip),
            lambda: storage.remove("a.mp4"),
            lambda: storage.stat("a.mp4"),
            lambda: storage.url("a.mp4"),
        ):
            with pytest.raises(StorageError, match="it broke") as caught:
                await call()
            assert caught.value.retryable


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"\xff", b"{}", b"[1]", b"null", b'{"size": null}', b'{"signedURL": null}'],
)
async def test_a_malformed_response_is_retryable(body: bytes) -> None:
    """A malformed success proves neither that a file exists nor that it is missing."""
    async with lending(Answering(200, body)) as storage:
        for call in (storage.stat, storage.url):
            with pytest.raises(StorageError, match="malformed answer") as caught:
                await call("a.mp4")
            assert caught.value.retryable
