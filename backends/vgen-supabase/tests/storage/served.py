"""A Supabase Storage of one's own on a real socket, in a thread of its own."""

from __future__ import annotations

import socket
import threading
from collections.abc import Generator
from contextlib import contextmanager
from functools import partial
from queue import SimpleQueue
from typing import Any, cast

import hypercorn.trio
import trio
from attrs import frozen
from hypercorn.config import Config
from hypercorn.typing import ASGIFramework
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse
from starlette.routing import Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .books import SERVICE_KEY, Books, Bucket, Stored
from .refusals import Refusal, TusRefusal, answer
from .routes import Routes
from .tus import TusRoutes

IMAGE = b"\x89PNG, or so it says"
BUCKET = "clips"


@frozen
class Served:
    """A running service: its books, and where it is."""

    books: Books
    url: str

    @property
    def access(self) -> dict[str, Any]:
        """What a storage is made with to reach it."""
        return {"url": self.url, "key": SERVICE_KEY}

    def put(self, key: str, *, bucket: str = BUCKET, data: bytes = IMAGE) -> str:
        """Put an image there, and give the URL that is good with a key."""
        self.books.objects[bucket, key] = Stored(data, "image/png")
        return f"{self.url}/storage/v1/object/{bucket}/{key}"


@contextmanager
def served() -> Generator[Served]:
    """Serve until the block ends, with one private bucket."""
    books = Books(buckets={BUCKET: Bucket()})
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    told: SimpleQueue[tuple[trio.lowlevel.TrioToken, trio.CancelScope]] = SimpleQueue()

    async def serve() -> None:
        async with trio.open_nursery() as nursery:
            await nursery.start(_server(books, listener))
            told.put((trio.lowlevel.current_trio_token(), nursery.cancel_scope))

    thread = threading.Thread(target=trio.run, args=(serve,))
    thread.start()
    token, scope = told.get(timeout=30)
    try:
        yield Served(books, f"http://127.0.0.1:{port}")
    finally:
        token.run_sync_soon(scope.cancel)
        thread.join()


def _server(books: Books, listener: socket.socket) -> Any:
    config = Config()
    config.bind = [f"fd://{listener.detach()}"]
    config.loglevel = "CRITICAL"
    config.graceful_timeout = 0
    routes = [*TusRoutes(books).routes(), *Routes(books).routes()]
    app = Starlette(
        routes=[Mount("/storage/v1", routes=routes)],
        exception_handlers={Refusal: answer, TusRefusal: answer},
    )
    # Starlette's types for ASGI are wider than Hypercorn's.
    gate = cast("ASGIFramework", _Gate(app, books))
    serve = hypercorn.trio.serve  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] - its WSGI is untyped
    return partial(serve, gate, config, mode="asgi")


@frozen
class _Gate:
    """What every request passes on its way in: the log, the gateway's key, the test's wishes."""

    app: ASGIApp
    books: Books

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope, receive)
        self.books.asked.append(f"{request.method} {scope['raw_path'].decode()}")
        response = self.books.instead(request)
        if response is None and not _has_key(request):
            response = JSONResponse({"message": "No API key found in request"}, 401)
        if response is not None:
            await _drain(request)
            await response(scope, receive, send)
        elif self.books.loses(request):
            await self.app(scope, receive, _nowhere)
            # A mere `100 Continue` says nothing, and keeps the server from answering 500.
            await send({"type": "http.response.start", "status": 100, "headers": []})
        else:
            await self.app(scope, receive, send)


def _has_key(request: Request) -> bool:
    """Whether the gateway lets it through; URLs for browsers need no key."""
    path = request.url.path.removeprefix("/storage/v1/")
    open_to_all = path.startswith(("object/public/", "object/sign/")) and request.method == "GET"
    return open_to_all or bool(request.headers.get("apikey"))


async def _drain(request: Request) -> None:
    """Hear a client out: one that is still sending would not hear the answer."""
    try:
        async for _ in request.stream():
            pass
    except ClientDisconnect:
        pass


async def _nowhere(message: Message) -> None:
    """Tell nobody."""
