"""The service's error responses."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response


class RestError(Exception):
    """An error of the REST routes: HTTP status 400, with the true status in the JSON."""

    def __init__(self, status: int, code: str, error: str, message: str) -> None:
        self.body = {"statusCode": str(status), "code": code, "error": error, "message": message}
        super().__init__(code)


class TusError(Exception):
    """An error of resumable uploads: plain text, with the true status."""

    def __init__(self, status: int, words: str) -> None:
        self.status, self.words = status, words
        super().__init__(words)


def no_file() -> RestError:
    """There is no such file, or none for this key."""
    return RestError(404, "NoSuchKey", "not_found", "Object not found")


def no_bucket() -> RestError:
    """There is no such bucket, or none for this key."""
    return RestError(404, "NoSuchBucket", "Bucket not found", "Bucket not found")


def denied(words: str = "new row violates row-level security policy") -> RestError:
    """The key has no right to do that."""
    return RestError(403, "AccessDenied", "Unauthorized", words)


def bad_key(key: str) -> RestError:
    """The key of the file is invalid."""
    return RestError(400, "InvalidKey", "InvalidKey", f"Invalid key: {key}")


def too_large() -> RestError:
    """The bucket does not accept files of that size."""
    words = "The object exceeded the maximum allowed size"
    return RestError(413, "EntityTooLarge", "Payload too large", words)


def bad_type(media_type: str) -> RestError:
    """The bucket does not accept files of that type."""
    words = f"mime type {media_type} is not supported"
    return RestError(415, "InvalidMimeType", "invalid_mime_type", words)


def exists() -> RestError:
    """The file exists, and the request did not ask to replace it."""
    return RestError(409, "KeyAlreadyExists", "Duplicate", "The resource already exists")


def bad_signature(code: str, words: str) -> RestError:
    """The token of a signed URL is invalid or expired."""
    return RestError(400, code, code, words)


async def answer(request: Request, error: Exception) -> Response:
    """Return the response for an error."""
    if isinstance(error, TusError):
        return PlainTextResponse(error.words, error.status, {"Tus-Resumable": "1.0.0"})
    if isinstance(error, RestError):
        return JSONResponse(error.body, 400)
    raise error
