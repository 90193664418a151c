"""A proxy between a client and a server that breaks connections after so many bytes."""

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
    """After how many bytes from the client or the server a connection breaks."""

    from_client: int | None = None
    from_server: int | None = None


def never() -> Cut:
    """Break no connection."""
    return Cut()


@define
class Proxy:
    """A proxy at `port`; `plan` decides where each new connection breaks."""

    port: int
    plan: Callable[[], Cut] = never
    connections: int = 0
    broken: int = 0

    def stop_breaking(self) -> None:
        """Break no more connections."""
        self.plan = never


@contextmanager
def proxied(
    upstream: int, *, rewrite: tuple[bytes, bytes] | None = None, routes: Routes | None = None
) -> Generator[Proxy]:
    """Run a proxy to the server at a local port, in a thread, until the block ends.

    `rewrite` replaces the beginning of a client's chunk, as a gateway rewrites paths; `routes` maps
    bytes in a connection's first chunk to ports of other servers.
    """
    started: SimpleQueue[tuple[Proxy, trio.lowlevel.TrioToken, trio.CancelScope]] = SimpleQueue()

    async def serve() -> None:
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        proxy = Proxy(listeners[0].socket.getsockname()[1])

        async def handle(client: trio.SocketStream) -> None:
            first = await client.receive_some(CHUNK) if routes else b""
            chosen = (port for start, port in (routes or {}).items() if start in first)
            await _handle(proxy, client, next(chosen, upstream), rewrite, first)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.serve_listeners, handle, listeners)
            started.put((proxy, trio.lowlevel.current_trio_token(), nursery.cancel_scope))

    thread = threading.Thread(target=trio.run, args=(serve,), daemon=True)
    thread.start()
    proxy, token, scope = started.get(timeout=30)
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

        async def carry(direction: _Direction) -> None:
            proxy.broken += await direction.carry()
            nursery.cancel_scope.cancel()

        nursery.start_soon(carry, _Direction(client, server, cut.from_client, rewrite, first))
        nursery.start_soon(carry, _Direction(server, client, cut.from_server))


@define
class _Direction:
    """One direction of a connection; it breaks after `left` bytes."""

    source: trio.SocketStream
    sink: trio.SocketStream
    left: int | None
    rewrite: tuple[bytes, bytes] | None = None
    first: bytes = b""

    async def carry(self) -> bool:
        """Forward bytes until the source ends or `left` is used up; return whether it was cut."""
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
