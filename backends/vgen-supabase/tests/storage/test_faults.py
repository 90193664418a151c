"""What each answer of the service becomes."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from vgen.errors import StorageError
from vgen_supabase import Reason, SupabaseStorageError
from vgen_supabase.errors import response_error

from .lent import Answering, Failing, lending


def told(status: object, code: str | None, error: str, message: str = "it says") -> bytes:
    """Write an error of the REST routes: without a code as older services do."""
    body = {"statusCode": status, "error": error, "message": message}
    return json.dumps(body if code is None else {**body, "code": code}).encode()


def every_error() -> list[type[httpx.HTTPError]]:
    """Find all that httpx raises while it talks to a server."""
    found: list[type[httpx.HTTPError]] = [httpx.HTTPError]
    for each in found:
        found += each.__subclasses__()
    ours = [each for each in found if each.__module__.partition(".")[0] == "httpx"]
    return [each for each in ours if each is not httpx.HTTPStatusError]


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (400, told("404", "NoSuchKey", "not_found"), Reason.MISSING),
        (400, told("404", None, "not_found"), Reason.MISSING),
        (400, told("404", "NoSuchBucket", "Bucket not found"), Reason.NO_BUCKET),
        (400, told("404", None, "Bucket not found"), Reason.NO_BUCKET),
        (400, told("404", "NoSuchBucket", "not_found"), Reason.NO_BUCKET),
        (404, b"Bucket not found", Reason.NO_BUCKET),
        (404, told(404, None, "Not Found", "Route GET:/x not found"), Reason.NOWHERE),
        (404, b"The file for this url was not found\n", Reason.NOWHERE),
        (400, told("404", "NoSuchUpload", "NoSuchUpload"), Reason.NOWHERE),
        (404, b"", Reason.NOWHERE),
        (410, b"The file for this url no longer exists\n", Reason.NOWHERE),
        (400, told("403", "AccessDenied", "Unauthorized"), Reason.DENIED),
        (400, told("403", None, "Unauthorized"), Reason.DENIED),
        (400, told("400", "InvalidJWT", "InvalidJWT"), Reason.DENIED),
        (400, told("400", "InvalidSignature", "InvalidSignature"), Reason.DENIED),
        (401, b'{"message":"Invalid API key"}', Reason.DENIED),
        (403, b"<html>blocked</html>", Reason.DENIED),
        (400, told("413", "EntityTooLarge", "Payload too large"), Reason.TOO_LARGE),
        (413, b"Maximum size exceeded\n", Reason.TOO_LARGE),
        (400, told("400", "InvalidKey", "InvalidKey"), Reason.BAD_NAME),
        (400, told("415", "InvalidMimeType", "invalid_mime_type"), Reason.BAD_TYPE),
        (400, told("415", None, "invalid_mime_type"), Reason.BAD_TYPE),
        (415, b"mime type video/mp4 is not supported", Reason.BAD_TYPE),
        (400, told("409", "KeyAlreadyExists", "Duplicate"), Reason.CONFLICT),
        (400, told("409", None, "Duplicate"), Reason.CONFLICT),
        (400, told("423", "ResourceLocked", "ResourceLocked"), Reason.CONFLICT),
        (409, b"Upload-Offset conflict\n", Reason.CONFLICT),
        (429, told("429", "SlowDown", "too_many_connections"), Reason.TRY_AGAIN),
        (400, told("429", "SlowDown", "too_many_connections"), Reason.TRY_AGAIN),
        (400, told("544", "DatabaseTimeout", "DatabaseTimeout"), Reason.TRY_AGAIN),
        (400, told("503", "LockTimeout", "acquiring_lock_timeout"), Reason.TRY_AGAIN),
        (500, told("500", "InternalError", "InternalError"), Reason.TRY_AGAIN),
        (503, b"<!DOCTYPE html><html></html>", Reason.TRY_AGAIN),
        (520, b"\xff\xfe", Reason.TRY_AGAIN),
        (400, told("400", "InvalidRequest", "Error"), Reason.REFUSED),
        (400, b"[]", Reason.REFUSED),
        (400, b'{"code": ["NoSuchKey"], "statusCode": {}, "message": null}', Reason.REFUSED),
        (302, b"", Reason.REFUSED),
    ],
)
def test_an_answer_is_read_by_its_names_first(status: int, body: bytes, reason: Reason) -> None:
    """Then by the status in the JSON, then by its own; an unknown route proves no file missing."""
    assert response_error(status, body).reason is reason


@pytest.mark.parametrize("reason", Reason)
def test_only_what_may_pass_is_retryable(reason: Reason) -> None:
    """A crowd, an outage, a lock; all else would be refused again."""
    error = SupabaseStorageError("supabase://clips/a.mp4", reason, "429")
    assert error.retryable == (reason in {Reason.TRY_AGAIN, Reason.CONFLICT})
    assert str(error) == f"supabase://clips/a.mp4: {reason.value} (429)"


@pytest.mark.parametrize("error", every_error())
async def test_every_error_of_httpx_is_a_storage_error(
    error: type[httpx.HTTPError], tmp_path: Path
) -> None:
    """Whatever goes wrong on the way may be tried again, in every method."""
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"a clip")
    async with lending(Failing(error("it broke"))) as storage:
        for call in (
            lambda: storage.read("supabase://clips/a.png", max_bytes=9),
            lambda: storage.write("a.mp4", clip),
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
async def test_an_unsound_answer_may_be_asked_for_again(body: bytes) -> None:
    """A yes that is no answer proves nothing, neither that a file is there nor that it is not."""
    async with lending(Answering(200, body)) as storage:
        for call in (storage.stat, storage.url):
            with pytest.raises(StorageError, match="malformed answer") as caught:
                await call("a.mp4")
            assert caught.value.retryable
