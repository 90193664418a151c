"""The service's errors, as they are on the wire."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response


class Refusal(Exception):  # noqa: N818 (the word)
    """An error as the REST routes say it: nearly always 400, the true status in the JSON."""

    def __init__(self, status: int, code: str, error: str, message: str) -> None:
        self.body = {"statusCode": str(status), "code": code, "error": error, "message": message}
        super().__init__(code)


class TusRefusal(Exception):  # noqa: N818 (the word)
    """An error as the resumable uploads say it: plain text, the true status."""

    def __init__(self, status: int, words: str) -> None:
        self.status, self.words = status, words
        super().__init__(words)


def no_file() -> Refusal:
    """There is no such file, or none for this key."""
    return Refusal(404, "NoSuchKey", "not_found", "Object not found")


def no_bucket() -> Refusal:
    """There is no such bucket, or none for this key."""
    return Refusal(404, "NoSuchBucket", "Bucket not found", "Bucket not found")


def denied(words: str = "new row violates row-level security policy") -> Refusal:
    """The key may not do that."""
    return Refusal(403, "AccessDenied", "Unauthorized", words)


def bad_key(key: str) -> Refusal:
    """No file may be called so."""
    return Refusal(400, "InvalidKey", "InvalidKey", f"Invalid key: {key}")


def too_large() -> Refusal:
    """The bucket takes no file of that size."""
    words = "The object exceeded the maximum allowed size"
    return Refusal(413, "EntityTooLarge", "Payload too large", words)


def bad_type(media_type: str) -> Refusal:
    """The bucket takes no files of that type."""
    words = f"mime type {media_type} is not supported"
    return Refusal(415, "InvalidMimeType", "invalid_mime_type", words)


def exists() -> Refusal:
    """There is a file already, and it was not said that it be replaced."""
    return Refusal(409, "KeyAlreadyExists", "Duplicate", "The resource already exists")


def bad_signature(code: str, words: str) -> Refusal:
    """The token of a signed URL is not good, or no longer."""
    return Refusal(400, code, code, words)


async def answer(request: Request, error: Exception) -> Response:
    """Say a refusal."""
    if isinstance(error, TusRefusal):
        return PlainTextResponse(error.words, error.status, {"Tus-Resumable": "1.0.0"})
    if isinstance(error, Refusal):
        return JSONResponse(error.body, 400)
    raise error
