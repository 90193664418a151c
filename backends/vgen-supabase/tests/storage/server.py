"""A fake Supabase Storage on a real socket, in a thread of its own."""

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

from .errors import RestError, TusError, answer
from .routes import Routes
from .state import SERVICE_KEY, Bucket, ServiceState, Stored
from .tus import TusRoutes

IMAGE = b"\x89PNG, or so it says"
BUCKET = "clips"


@frozen
class Server:
    """A running service: its state and its URL."""

    state: ServiceState
    url: str

    @property
    def access(self) -> dict[str, Any]:
        """The arguments with which a `SupabaseStorage` reaches it."""
        return {"url": self.url, "key": SERVICE_KEY}

    def put(self, key: str, *, bucket: str = BUCKET, data: bytes = IMAGE) -> str:
        """Store an image, and return its URL, which needs a key."""
        self.state.objects[bucket, key] = Stored(data, "image/png")
        return f"{self.url}/storage/v1/object/{bucket}/{key}"


@contextmanager
def run_server() -> Generator[Server]:
    """Run a service with one private bucket until the block ends."""
    state = ServiceState(buckets={BUCKET: Bucket()})
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    started: SimpleQueue[tuple[trio.lowlevel.TrioToken, trio.CancelScope]] = SimpleQueue()

    async def serve() -> None:
        async with trio.open_nursery() as nursery:
            await nursery.start(_server(state, listener))
            started.put((trio.lowlevel.current_trio_token(), nursery.cancel_scope))

    thread = threading.Thread(target=trio.run, args=(serve,))
    thread.start()
    token, scope = started.get(timeout=30)
    try:
        yield Server(state, f"http://127.0.0.1:{port}")
    finally:
        token.run_sync_soon(scope.cancel)
        thread.join()


def _server(state: ServiceState, listener: socket.socket) -> Any:
    config = Config()
    config.bind = [f"fd://{listener.detach()}"]
    config.loglevel = "CRITICAL"
    config.graceful_timeout = 0
    routes = [*TusRoutes(state).routes(), *Routes(state).routes()]
    app = Starlette(
        routes=[Mount("/storage/v1", routes=routes)],
        exception_handlers={RestError: answer, TusError: answer},
    )
    # Starlette's types for ASGI are wider than Hypercorn's.
    gateway = cast("ASGIFramework", _Gateway(app, state))
    serve = hypercorn.trio.serve  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] - its WSGI is untyped
    return partial(serve, gateway, config, mode="asgi")


@frozen
class _Gateway:
    """Logs each request, checks for a key, and applies the test's `override` and `drops`."""

    app: ASGIApp
    state: ServiceState

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope, receive)
        self.state.requests.append(f"{request.method} {scope['raw_path'].decode()}")
        response = self.state.override(request)
        if response is None and not _has_key(request):
            response = JSONResponse({"message": "No API key found in request"}, 401)
        if response is not None:
            await _drain(request)
            await response(scope, receive, send)
        elif self.state.drops(request):
            await self.app(scope, receive, _discard)
            # Only a `100 Continue`: without any response, the server would send a 500.
            await send({"type": "http.response.start", "status": 100, "headers": []})
        else:
            await self.app(scope, receive, send)


def _has_key(request: Request) -> bool:
    """Whether a request has a key, or needs none: public and signed URLs do not."""
    path = request.url.path.removeprefix("/storage/v1/")
    keyless = path.startswith(("object/public/", "object/sign/")) and request.method == "GET"
    return keyless or bool(request.headers.get("apikey"))


async def _drain(request: Request) -> None:
    """Read the whole request: a client that is still sending would miss the response."""
    try:
        async for _ in request.stream():
            pass
    except ClientDisconnect:
        pass


async def _discard(message: Message) -> None:
    """Send nothing."""
