"""Resumable uploads: TUS 1.0.0 with what Supabase adds and demands."""

from __future__ import annotations

import base64
from collections.abc import Mapping

from attrs import frozen
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from . import refusals
from .books import Books, Stored, Upload
from .refusals import Refusal, TusRefusal
from .routes import KEY, accept

PIECE = 6 * 2**20
VERSION = {"Tus-Resumable": "1.0.0"}


@frozen
class TusRoutes:
    """The handlers; each raises a `TusRefusal` for what it will not do."""

    books: Books

    def routes(self) -> list[Route]:
        """All of them."""
        one = "/upload/resumable/{id}"
        return [
            Route("/upload/resumable", self.create, methods=["POST"]),
            Route(one, self.head, methods=["HEAD"]),
            Route(one, self.append, methods=["PATCH"]),
        ]

    async def create(self, request: Request) -> Response:
        """Open an upload. Its address is told as the service believes it to be."""
        self._check(request)
        told = _metadata(request.headers.get("upload-metadata", ""))
        bucket, key, media_type = told["bucketName"], told["objectName"], told["contentType"]
        length = int(request.headers["upload-length"])
        if bucket not in self.books.buckets:
            raise TusRefusal(404, "Bucket not found")
        if not KEY.fullmatch(key):
            raise TusRefusal(400, f"Invalid key: {key}")
        try:
            accept(self.books, bucket, media_type, length)
        except Refusal as error:
            status = int(error.body["statusCode"])
            raise TusRefusal(status, error.body["message"]) from error
        number = f"{bucket}/{key}/{len(self.books.uploads)}".encode()
        name = base64.urlsafe_b64encode(number).decode().rstrip("=")
        self.books.uploads[name] = Upload(bucket, key, length, media_type)
        location = f"https://behind-a-proxy.internal/upload/resumable/{name}"
        return Response(status_code=201, headers={**VERSION, "Location": location})

    async def head(self, request: Request) -> Response:
        """Say how much has arrived."""
        upload = self._find(request)
        headers = {"Upload-Offset": str(len(upload.data)), "Upload-Length": str(upload.length)}
        return Response(status_code=200, headers={**VERSION, **headers})

    async def append(self, request: Request) -> Response:
        """Take a piece in: what has arrived of a broken one is kept."""
        data, whole = await _arrived(request)
        self._check(request)
        upload = self._find(request)
        offset, length = len(upload.data), int(request.headers["content-length"])
        if request.headers.get("content-type") != "application/offset+octet-stream":
            raise TusRefusal(415, "Content-Type must be application/offset+octet-stream")
        if request.headers.get("upload-offset") != str(offset):
            raise TusRefusal(409, "Upload-Offset conflict")
        if length != PIECE and offset + length != upload.length:
            raise TusRefusal(400, f"pieces have {PIECE} bytes")
        upload.data += data
        if whole and len(upload.data) == upload.length:
            self._complete(request, upload)
        return Response(
            status_code=204, headers={**VERSION, "Upload-Offset": str(len(upload.data))}
        )

    def _complete(self, request: Request, upload: Upload) -> None:
        place = upload.bucket, upload.key
        if place in self.books.objects and request.headers.get("x-upsert") != "true":
            raise TusRefusal(409, "The resource already exists")
        self.books.objects[place] = Stored(bytes(upload.data), upload.media_type)

    def _check(self, request: Request) -> None:
        if request.headers.get("tus-resumable") != "1.0.0":
            raise TusRefusal(412, "Tus-Resumable Required")
        role = self.books.role(request)
        if role is None:
            raise refusals.denied("signature verification failed")
        if role != "service_role":
            raise TusRefusal(403, "new row violates row-level security policy")

    def _find(self, request: Request) -> Upload:
        upload = self.books.uploads.get(request.path_params["id"])
        if upload is None:
            raise TusRefusal(404, "The file for this url was not found")
        if upload.expired:
            raise TusRefusal(410, "The file for this url no longer exists")
        return upload


async def _arrived(request: Request) -> tuple[bytes, bool]:
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
