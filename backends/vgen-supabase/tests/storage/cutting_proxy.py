"""A proxy on the loopback address that cuts connections in the middle of an upload."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import trio


class CuttingProxy:
    """Forwards to a server, and closes a connection whenever the total upload reaches a cut.

    `uploaded` counts the bytes received from clients, including those that a cut has lost.
    """

    def __init__(self, url: str, cuts: Sequence[int]) -> None:
        self._port = urlsplit(url).port or 0
        self._cuts = list(cuts)
        self.uploaded = 0

    @property
    def remaining(self) -> int:
        """How many cuts are still to come."""
        return len(self._cuts)

    @asynccontextmanager
    async def opened(self) -> AsyncGenerator[str]:
        """Run the proxy until the block ends; yields its URL."""
        (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
        async with trio.open_nursery() as nursery:
            await nursery.start(trio.serve_listeners, self._forward, [listener])
            yield f"http://127.0.0.1:{listener.socket.getsockname()[1]}"
            nursery.cancel_scope.cancel()

    async def _forward(self, client: trio.SocketStream) -> None:
        server = await trio.open_tcp_stream("127.0.0.1", self._port)
        async with client, server, trio.open_nursery() as nursery:
            nursery.start_soon(self._forward_back, server, client, nursery.cancel_scope)
            try:
                async for data in client:
                    self.uploaded += len(data)
                    if self._cuts and self.uploaded >= self._cuts[0]:
                        self._cuts.pop(0)
                        break
                    await server.send_all(data)
            except trio.BrokenResourceError:
                pass
            nursery.cancel_scope.cancel()

    async def _forward_back(
        self, server: trio.SocketStream, client: trio.SocketStream, ended: trio.CancelScope
    ) -> None:
        try:
            async for data in server:
                await client.send_all(data)
        except trio.BrokenResourceError:
            pass
        ended.cancel()
