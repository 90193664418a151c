"""Resumable uploads: TUS 1.0.0 with what Supabase adds and demands."""

from __future__ import annotations

import base64
from collections.abc import Mapping

from attrs import frozen
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from . import errors
from .errors import RestError, TusError
from .routes import KEY, check_accepted
from .state import ServiceState, Stored, Upload

PIECE = 6 * 2**20
VERSION = {"Tus-Resumable": "1.0.0"}


@frozen
class TusRoutes:
    """The request handlers; each raises `TusError` for what it refuses."""

    state: ServiceState

    def routes(self) -> list[Route]:
        """All routes."""
        one = "/upload/resumable/{id}"
        return [
            Route("/upload/resumable", self.create, methods=["POST"]),
            Route(one, self.head, methods=["HEAD"]),
            Route(one, self.append, methods=["PATCH"]),
        ]

    async def create(self, request: Request) -> Response:
        """Create an upload. As behind a proxy, the host in its `Location` is wrong."""
        self._check(request)
        metadata = _metadata(request.headers.get("upload-metadata", ""))
        bucket, key = metadata["bucketName"], metadata["objectName"]
        media_type = metadata["contentType"]
        length = int(request.headers["upload-length"])
        if bucket not in self.state.buckets:
            raise TusError(404, "Bucket not found")
        if not KEY.fullmatch(key):
            raise TusError(400, f"Invalid key: {key}")
        try:
            check_accepted(self.state, bucket, media_type, length)
        except RestError as error:
            status = int(error.body["statusCode"])
            raise TusError(status, error.body["message"]) from error
        number = f"{bucket}/{key}/{len(self.state.uploads)}".encode()
        name = base64.urlsafe_b64encode(number).decode().rstrip("=")
        self.state.uploads[name] = Upload(bucket, key, length, media_type)
        location = f"https://behind-a-proxy.internal/upload/resumable/{name}"
        return Response(status_code=201, headers={**VERSION, "Location": location})

    async def head(self, request: Request) -> Response:
        """Return how many bytes have arrived."""
        upload = self._find(request)
        headers = {"Upload-Offset": str(len(upload.data)), "Upload-Length": str(upload.length)}
        return Response(status_code=200, headers={**VERSION, **headers})

    async def append(self, request: Request) -> Response:
        """Receive a piece; if it is cut off, the bytes that arrived are kept."""
        data, complete = await _received(request)
        self._check(request)
        upload = self._find(request)
        offset, length = len(upload.data), int(request.headers["content-length"])
        if request.headers.get("content-type") != "application/offset+octet-stream":
            raise TusError(415, "Content-Type must be application/offset+octet-stream")
        if request.headers.get("upload-offset") != str(offset):
            raise TusError(409, "Upload-Offset conflict")
        if length != PIECE and offset + length != upload.length:
            raise TusError(400, f"pieces have {PIECE} bytes")
        upload.data += data
        if complete and len(upload.data) == upload.length:
            self._complete(request, upload)
        return Response(
            status_code=204, headers={**VERSION, "Upload-Offset": str(len(upload.data))}
        )

    def _complete(self, request: Request, upload: Upload) -> None:
        location = upload.bucket, upload.key
        if location in self.state.objects and request.headers.get("x-upsert") != "true":
            raise TusError(409, "The resource already exists")
        self.state.objects[location] = Stored(bytes(upload.data), upload.media_type)

    def _check(self, request: Request) -> None:
        if request.headers.get("tus-resumable") != "1.0.0":
            raise TusError(412, "Tus-Resumable Required")
        role = self.state.role(request)
        if role is None:
            raise errors.denied("signature verification failed")
        if role != "service_role":
            raise TusError(403, "new row violates row-level security policy")

    def _find(self, request: Request) -> Upload:
        upload = self.state.uploads.get(request.path_params["id"])
        if upload is None:
            raise TusError(404, "The file for this url was not found")
        if upload.expired:
            raise TusError(410, "The file for this url no longer exists")
        return upload


async def _received(request: Request) -> tuple[bytes, bool]:
    data = bytearray()
    try:
        async for chunk in request.stream():
            data += chunk
    except ClientDisconnect:
        return bytes(data), False
    return bytes(data), True


def _metadata(header: str) -> Mapping[str, str]:
    pairs = (pair.split(" ") for pair in header.split(","))
    return {name: base64.b64decode(value, validate=True).decode() for name, value in pairs}
