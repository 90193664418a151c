"""A proxy between a client and a server that breaks their connections where a test wants it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from queue import SimpleQueue

import trio
from attrs import define, frozen

CHUNK = 65536

Routes = Mapping[bytes, int]


@frozen
class Cut:
    """Where a connection breaks: after so many bytes of the client's, or of the server's."""

    asked: int | None = None
    answered: int | None = None


def never() -> Cut:
    """Leave all connections whole."""
    return Cut()


@define
class Proxy:
    """A proxy at `port`; `plan` says where each new connection will break."""

    port: int
    plan: Callable[[], Cut] = never
    connections: int = 0
    broken: int = 0

    def mend(self) -> None:
        """Break no more."""
        self.plan = never


@contextmanager
def proxied(
    upstream: int, *, rewrite: tuple[bytes, bytes] | None = None, routes: Routes | None = None
) -> Generator[Proxy]:
    """Stand before the server at a port of this machine, in a thread, until the block ends.

    `rewrite` changes what a client's chunk begins with, as a gateway changes paths; `routes` names
    the ports of other servers by what a connection begins with.
    """
    told: SimpleQueue[tuple[Proxy, trio.lowlevel.TrioToken, trio.CancelScope]] = SimpleQueue()

    async def serve() -> None:
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        proxy = Proxy(listeners[0].socket.getsockname()[1])

        async def handle(client: trio.SocketStream) -> None:
            first = await client.receive_some(CHUNK) if routes else b""
            chosen = (port for start, port in (routes or {}).items() if start in first)
            await _handle(proxy, client, next(chosen, upstream), rewrite, first)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.serve_listeners, handle, listeners)
            told.put((proxy, trio.lowlevel.current_trio_token(), nursery.cancel_scope))

    thread = threading.Thread(target=trio.run, args=(serve,), daemon=True)
    thread.start()
    proxy, token, scope = told.get(timeout=30)
    try:
        yield proxy
    finally:
        token.run_sync_soon(scope.cancel)
        thread.join(10)


async def _handle(
    proxy: Proxy,
    client: trio.SocketStream,
    upstream: int,
    rewrite: tuple[bytes, bytes] | None,
    first: bytes,
) -> None:
    proxy.connections += 1
    cut = proxy.plan()
    try:
        server = await trio.open_tcp_stream("127.0.0.1", upstream)
    except OSError:
        return
    async with server, trio.open_nursery() as nursery:

        async def carry(way: _Way) -> None:
            proxy.broken += await way.carry()
            nursery.cancel_scope.cancel()

        nursery.start_soon(carry, _Way(client, server, cut.asked, rewrite, first))
        nursery.start_soon(carry, _Way(server, client, cut.answered))


@define
class _Way:
    """One way of a connection; it ends after `left` bytes."""

    source: trio.SocketStream
    sink: trio.SocketStream
    left: int | None
    rewrite: tuple[bytes, bytes] | None = None
    first: bytes = b""

    async def carry(self) -> bool:
        """Carry bytes over until the source ends or so many have been; whether it was cut."""
        try:
            while chunk := self._rewritten(await self._next()):
                await self.sink.send_all(chunk[: self.left])
                if self.left is not None:
                    self.left -= len(chunk)
                    if self.left <= 0:
                        return True
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass
        return False

    async def _next(self) -> bytes:
        chunk, self.first = self.first, b""
        return chunk or await self.source.receive_some(CHUNK)

    def _rewritten(self, chunk: bytes) -> bytes:
        if self.rewrite is None or not chunk.startswith(self.rewrite[0]):
            return chunk
        return self.rewrite[1] + chunk.removeprefix(self.rewrite[0])
