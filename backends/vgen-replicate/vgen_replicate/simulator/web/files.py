"""Routes for files: upload, list, get, delete, download."""

from __future__ import annotations

import hmac
import json
from typing import Any

from attrs import frozen
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from vgen_replicate.simulator.errors import malformed, not_found, too_large
from vgen_replicate.simulator.files import MAX_FILE_BYTES, StoredFile, signature
from vgen_replicate.simulator.serializer import USERNAME
from vgen_replicate.simulator.web.context import Context, base_url

MAX_NAME_BYTES = 255
FRAMING_BYTES = 65_536
"""How many bytes longer than its file a multipart body may be."""


@frozen
class FileRoutes:
    """The routes' handlers."""

    context: Context

    def routes(self) -> list[Route]:
        """Return all routes."""
        one = "/v1/files/{id}"
        return [
            Route("/v1/files", self.upload, methods=["POST"]),
            Route("/v1/files", self.list_all, methods=["GET"]),
            Route(one, self.get, methods=["GET"]),
            Route(one, self.delete, methods=["DELETE"]),
            Route(f"{one}/download", self.download, methods=["GET"]),
        ]

    async def upload(self, request: Request) -> Response:
        """POST /files: multipart, with the file as `content`."""
        if int(request.headers.get("content-length", 0)) > MAX_FILE_BYTES + FRAMING_BYTES:
            async for _ in request.stream():
                pass
            raise too_large()
        async with request.form() as form:
            content = form.get("content")
            if not isinstance(content, UploadFile):
                raise malformed("Missing content")
            data = await content.read()
            if len(data) > MAX_FILE_BYTES:
                raise too_large()
            file = self.context.service.files.add(
                _name(form, content),
                _text(form, "type") or content.content_type or "application/octet-stream",
                data,
                await _metadata(form),
                self.context.clock.now(),
            )
        return JSONResponse(self.context.serializer.file(file, base_url(request)), 201)

    async def list_all(self, request: Request) -> Response:
        """GET /files, newest first."""
        files = self.context.service.files.newest_first(self.context.clock.now())
        results = [self.context.serializer.file(file, base_url(request)) for file in files]
        return JSONResponse({"next": None, "previous": None, "results": results})

    async def get(self, request: Request) -> Response:
        """GET /files/{id}."""
        return JSONResponse(self.context.serializer.file(self._named(request), base_url(request)))

    async def delete(self, request: Request) -> Response:
        """DELETE /files/{id}."""
        if not self.context.service.files.remove(
            request.path_params["id"], self.context.clock.now()
        ):
            raise not_found()
        return Response(status_code=204)

    async def download(self, request: Request) -> Response:
        """GET /files/{id}/download, with the owner, the expiry (a Unix time) and a signature."""
        file = self._named(request)
        query = request.query_params
        expiry = query.get("expiry", "")
        if not expiry.isdecimal() or query.get("owner") != USERNAME:
            raise not_found()
        expected = signature(self.context.secret, USERNAME, file.id, int(expiry))
        now = self.context.clock.date(self.context.clock.now()).timestamp()
        signed = hmac.compare_digest(expected, query.get("signature", ""))
        if not signed or int(expiry) <= now:
            raise not_found()
        return Response(file.content, media_type=file.content_type)

    def _named(self, request: Request) -> StoredFile:
        now = self.context.clock.now()
        file = self.context.service.files.get(request.path_params["id"], now)
        if file is None:
            raise not_found()
        return file


def _text(form: FormData, name: str) -> str | None:
    value = form.get(name)
    return value if isinstance(value, str) else None


def _name(form: FormData, content: UploadFile) -> str:
    name = _text(form, "filename") or content.filename
    if not name or len(name.encode()) > MAX_NAME_BYTES:
        raise malformed(f"A filename of 1 to {MAX_NAME_BYTES} bytes is required")
    return name


async def _metadata(form: FormData) -> dict[str, Any]:
    given = form.get("metadata", "{}")
    try:
        value: Any = json.loads(await given.read() if isinstance(given, UploadFile) else given)
    except ValueError as error:
        raise malformed("The metadata is not valid JSON") from error
    if not isinstance(value, dict):
        raise malformed("The metadata is not a JSON object")
    return value  # pyright: ignore[reportUnknownVariableType] - JSON's keys are strings
