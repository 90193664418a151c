"""A relay on the loopback address that cuts connections in the middle of what is sent up."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import trio


class Cutter:
    """Relays to a server, and closes the connection after so many bytes up, in all, each time.

    `up` counts what was sent, also what a cut has lost.
    """

    def __init__(self, url: str, cuts: Sequence[int]) -> None:
        self._port = urlsplit(url).port or 0
        self._left = list(cuts)
        self.up = 0

    @property
    def left(self) -> int:
        """How many cuts are still to come."""
        return len(self._left)

    @asynccontextmanager
    async def opened(self) -> AsyncGenerator[str]:
        """Relay until the block ends; gives the relay's URL."""
        (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
        async with trio.open_nursery() as nursery:
            await nursery.start(trio.serve_listeners, self._relay, [listener])
            yield f"http://127.0.0.1:{listener.socket.getsockname()[1]}"
            nursery.cancel_scope.cancel()

    async def _relay(self, client: trio.SocketStream) -> None:
        server = await trio.open_tcp_stream("127.0.0.1", self._port)
        async with client, server, trio.open_nursery() as nursery:
            nursery.start_soon(self._answers, server, client, nursery.cancel_scope)
            try:
                async for data in client:
                    self.up += len(data)
                    if self._left and self.up >= self._left[0]:
                        self._left.pop(0)
                        break
                    await server.send_all(data)
            except trio.BrokenResourceError:
                pass
            nursery.cancel_scope.cancel()

    async def _answers(
        self, server: trio.SocketStream, client: trio.SocketStream, ended: trio.CancelScope
    ) -> None:
        try:
            async for data in server:
                await client.send_all(data)
        except trio.BrokenResourceError:
            pass
        ended.cancel()
