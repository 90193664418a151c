"""A service's own client, handed in, whose network is whatever a test says it is."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import cast

import httpx
import trio
from supabase import AsyncClient, AsyncClientOptions

from vgen_supabase import SupabaseStorage

from .books import SERVICE_KEY
from .served import BUCKET

URL = "https://abcdefghijklmnopqrst.supabase.co"


class Answering(httpx.AsyncBaseTransport):
    """Gives the same answer to every request, without reading it whole."""

    def __init__(self, status: int, body: bytes = b"", **headers: str) -> None:
        self._status, self._body, self._headers = status, body, headers
        self.asked: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await trio.lowlevel.checkpoint()
        self.asked.append(request)
        return httpx.Response(self._status, headers=self._headers, content=self._body)


class Failing(httpx.AsyncBaseTransport):
    """Raises the same error for every request."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        raise self._error


class Hanging(httpx.AsyncBaseTransport):
    """Takes the beginning of a request, and nothing more."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        async for _ in cast("httpx.AsyncByteStream", request.stream):
            await trio.sleep_forever()
        raise AssertionError


@asynccontextmanager
async def lending(
    transport: httpx.AsyncBaseTransport, *, url: str = URL, key: str = SERVICE_KEY
) -> AsyncGenerator[SupabaseStorage]:
    """Make a storage of a client that was made with an httpx client of the service's own."""
    async with httpx.AsyncClient(transport=transport, follow_redirects=True) as http:
        client = AsyncClient(url, key, AsyncClientOptions(httpx_client=http))
        storage = SupabaseStorage(BUCKET, client=client)
        yield storage
        await storage.aclose()
        assert not http.is_closed
