"""The wire of a plug-in that uses httpx: a transport around the stand-in for its provider."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import cast

import httpx
import trio

from vgen.testing.wire import Breakage, Wire

PIECES = 4
"""In how many pieces a file comes."""

HTML = "<!doctype html><title>Just a moment</title>"


class HttpWire(Wire, httpx.AsyncBaseTransport):
    """A transport for `httpx.AsyncClient` that breaks what the contract tells it to.

    `provider` is a transport too: `httpx.MockTransport` around a function that answers, or
    `httpx.AsyncHTTPTransport` to a server on this machine. A POST whose path ends with `submits`
    is a submit; override `is_submit` where that does not tell. Files, which is all that is no
    JSON, come in pieces.

    ```python
    wire = HttpWire(httpx.MockTransport(provider.answer), submits="/jobs")
    backend = stand_in(Mine(transport=wire))
    ```
    """

    def __init__(self, provider: httpx.AsyncBaseTransport, *, submits: str) -> None:
        self._provider, self._submits = provider, submits
        self._next_submit: Breakage | None = None
        self._next_question: Breakage | None = None

    def is_submit(self, request: httpx.Request) -> bool:
        """Whether the request asks for a clip."""
        return request.method == "POST" and request.url.path.endswith(self._submits)

    def break_submit(self, how: Breakage) -> None:
        """Break the next submit."""
        self._next_submit = how

    def break_question(self, how: Breakage) -> None:
        """Break the next request that is no submit; a `CUT` waits for the next file."""
        self._next_question = how

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer, or break."""
        if self.is_submit(request):
            how, self._next_submit = self._next_submit, None
            return await self._submit(request, how)
        if self._next_question not in {None, Breakage.CUT}:
            how, self._next_question = self._next_question, None
            return await _broken(request, how)
        answer = await self._provider.handle_async_request(request)
        is_file = answer.is_success and "json" not in answer.headers.get("Content-Type", "")
        return await self._in_pieces(request, answer) if is_file else answer

    async def aclose(self) -> None:
        """Close the provider's transport."""
        await self._provider.aclose()

    async def _submit(self, request: httpx.Request, how: Breakage | None) -> httpx.Response:
        if how in {Breakage.REFUSED, Breakage.RATE_LIMITED}:
            return await _broken(request, how)
        self.accepted += 1
        answer = await self._provider.handle_async_request(request)
        self.accepted -= answer.is_client_error
        if how is None:
            return answer
        await _content(answer)
        return await _broken(request, how)

    async def _in_pieces(self, request: httpx.Request, answer: httpx.Response) -> httpx.Response:
        content = await _content(answer)
        size = len(content) // PIECES + 1
        pieces = [content[at : at + size] for at in range(0, len(content), size)]
        cut, self._next_question = self._next_question is Breakage.CUT, None
        body = _Body(pieces[: PIECES // 2] if cut else pieces, cut=cut)
        return httpx.Response(
            answer.status_code, headers=answer.headers, stream=body, request=request
        )


class _Body(httpx.AsyncByteStream):
    """A body that comes in pieces, and breaks at its end if it is `cut`."""

    def __init__(self, pieces: list[bytes], *, cut: bool) -> None:
        self._pieces, self._cut = pieces[::-1], cut

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        await trio.lowlevel.checkpoint()
        if self._pieces:
            return self._pieces.pop()
        if self._cut:
            raise httpx.RemoteProtocolError("peer closed connection in the middle of the body")
        raise StopAsyncIteration


async def _content(answer: httpx.Response) -> bytes:
    """Read a body as it was sent, without decoding it."""
    body = cast("httpx.AsyncByteStream", answer.stream)
    try:
        return b"".join([piece async for piece in body])
    finally:
        await answer.aclose()


async def _broken(request: httpx.Request, how: Breakage | None) -> httpx.Response:
    """Give the answer of a breakage, or raise what httpx would."""
    await trio.lowlevel.checkpoint()
    match how:
        case Breakage.REFUSED:
            raise httpx.ConnectError("connection refused", request=request)
        case Breakage.RESET:
            raise httpx.ReadError("connection reset by peer", request=request)
        case Breakage.LOST:
            raise httpx.RemoteProtocolError("server disconnected", request=request)
        case Breakage.SILENCE:
            await _silence(request)
        case Breakage.RATE_LIMITED:
            return httpx.Response(429, headers={"Retry-After": "1"}, json={"detail": "too many"})
        case Breakage.NOT_FOUND:
            return httpx.Response(404, json={"detail": "not found"})
        case Breakage.SERVER_ERROR:
            return httpx.Response(500, json={"detail": "internal error"})
        case Breakage.GATEWAY_TIMEOUT:
            return httpx.Response(504, html=HTML)
        case Breakage.EMPTY:
            return httpx.Response(200, json={})
        case _:
            pass
    return httpx.Response(200, html=HTML)


async def _silence(request: httpx.Request) -> None:
    """Time out at once where the client has a limit, which need not be waited for; else wait."""
    if request.extensions.get("timeout", {}).get("read") is None:
        await trio.sleep_forever()
    raise httpx.ReadTimeout("no answer", request=request)
