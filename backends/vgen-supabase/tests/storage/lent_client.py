"""A storage on a client of the service's own, with a mock transport."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import cast

import httpx
import trio
from supabase import AsyncClient, AsyncClientOptions

from vgen_supabase import SupabaseStorage

from .server import BUCKET
from .state import SERVICE_KEY

URL = "https://abcdefghijklmnopqrst.supabase.co"


class Answering(httpx.AsyncBaseTransport):
    """Sends the same response to every request, without reading its body."""

    def __init__(self, status: int, body: bytes = b"", **headers: str) -> None:
        self._status, self._body, self._headers = status, body, headers
        self.requests: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await trio.lowlevel.checkpoint()
        self.requests.append(request)
        return httpx.Response(self._status, headers=self._headers, content=self._body)


class Failing(httpx.AsyncBaseTransport):
    """Raises the same error for every request."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        raise self._error


class Hanging(httpx.AsyncBaseTransport):
    """Reads the beginning of a request, and never responds."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        async for _ in cast("httpx.AsyncByteStream", request.stream):
            await trio.sleep_forever()
        raise AssertionError


@asynccontextmanager
async def lending(
    transport: httpx.AsyncBaseTransport, *, url: str = URL, key: str = SERVICE_KEY
) -> AsyncGenerator[SupabaseStorage]:
    """Make a storage from a Supabase client that has its own httpx client."""
    async with httpx.AsyncClient(transport=transport, follow_redirects=True) as http:
        client = AsyncClient(url, key, AsyncClientOptions(httpx_client=http))
        storage = SupabaseStorage(BUCKET, client=client)
        yield storage
        await storage.aclose()
        assert not http.is_closed
