"""The transport of all storage requests: bounded responses, no redirects, errors raised."""

from __future__ import annotations

from typing import cast

import httpx
import trio

from vgen_supabase.body import BytesBody
from vgen_supabase.errors import Reason, ResponseError, response_error

MAX_BYTES = "vgen_max_bytes"
"""The request extension that limits the response body, in bytes."""

MAX_RESPONSE = 2**20
"""The default limit in bytes: hundreds of times what the service sends."""

KEPT_HEADERS = ("Location", "Upload-Offset")
"""The response headers that are kept. Without Content-Encoding, httpx decompresses nothing."""


class BoundedTransport(httpx.AsyncBaseTransport):
    """Sends requests through an httpx client, with its proxies and certificates.

    Never follows redirects, which would carry the key along, whatever the client's settings. A
    `lent` client is not closed. Raises `ResponseError`, and what httpx raises.
    """

    def __init__(self, client: httpx.AsyncClient, *, lent: bool) -> None:
        self._client = client
        self._lent = lent

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request, and return the complete response."""
        if isinstance(request.stream, httpx.ByteStream):
            request.stream = BytesBody(request.content)
        limit: int = request.extensions.get(MAX_BYTES, MAX_RESPONSE)
        response = await self._client.send(request, stream=True, auth=None, follow_redirects=False)
        try:
            body = await _bounded(response, limit if response.is_success else MAX_RESPONSE)
        finally:
            await response.aclose()
        if not response.is_success:
            raise response_error(response.status_code, body)
        sent = response.headers
        headers = {name: sent[name] for name in KEPT_HEADERS if name in sent}
        return httpx.Response(response.status_code, headers=headers, content=body)

    async def aclose(self) -> None:
        """Close the client, unless it is lent."""
        if not self._lent:
            await self._client.aclose()


async def _bounded(response: httpx.Response, limit: int) -> bytes:
    data = bytearray()
    # Cancelled, and not left by `break`, which would leave httpx's inner generators unfinished.
    with trio.CancelScope() as scope:
        # The stream itself, not `aiter_raw`: a mock transport's response has been read already.
        async for chunk in cast("httpx.AsyncByteStream", response.stream):
            data += chunk[: limit + 1 - len(data)]
            if len(data) > limit:
                scope.cancel()
    if response.is_success and len(data) > limit:
        raise ResponseError(Reason.TOO_LARGE, f"more than {limit} bytes")
    return bytes(data)
