"""Every answer, the SDK's included: bounded, followed nowhere, and a refusal unless it is a yes."""

from __future__ import annotations

from typing import cast

import httpx
import trio

from vgen_supabase.body import Whole
from vgen_supabase.faults import Reason, RefusalError, refusal

MAX_BYTES = "vgen_max_bytes"
"""The extension of a request that says how many bytes its answer may have."""

ANSWER = 2**20
"""How many it may have otherwise: hundreds of times what the service has to say."""

KEPT = ("Location", "Upload-Offset")
"""The headers that are read. The encoding is not among them: unpacking makes much of little."""


class Guard(httpx.AsyncBaseTransport):
    """Sends requests through an httpx client, whose proxies and certificates they then use.

    A client that follows redirects is kept from it: they would carry the key along. A client that
    was lent is not closed. Raises `RefusalError` and what httpx raises.
    """

    def __init__(self, client: httpx.AsyncClient, *, lent: bool) -> None:
        self._client = client
        self._lent = lent

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request, and give the whole answer."""
        if isinstance(request.stream, httpx.ByteStream):
            request.stream = Whole(request.content)
        limit: int = request.extensions.get(MAX_BYTES, ANSWER)
        response = await self._client.send(request, stream=True, auth=None, follow_redirects=False)
        try:
            body = await _bounded(response, limit if response.is_success else ANSWER)
        finally:
            await response.aclose()
        if not response.is_success:
            raise refusal(response.status_code, body)
        headers = {name: response.headers[name] for name in KEPT if name in response.headers}
        return httpx.Response(response.status_code, headers=headers, content=body)

    async def aclose(self) -> None:
        """Close the client, unless it is somebody else's."""
        if not self._lent:
            await self._client.aclose()


async def _bounded(response: httpx.Response, limit: int) -> bytes:
    data = bytearray()
    # Leaving the loop would leave httpx's inner generators unfinished; cancelled, they all end.
    with trio.CancelScope() as scope:
        # The stream itself, and not `aiter_raw`: a fake transport's answer has been read already.
        async for chunk in cast("httpx.AsyncByteStream", response.stream):
            data += chunk[: limit + 1 - len(data)]
            if len(data) > limit:
                scope.cancel()
    if response.is_success and len(data) > limit:
        raise RefusalError(Reason.TOO_LARGE, f"more than {limit} bytes")
    return bytes(data)
