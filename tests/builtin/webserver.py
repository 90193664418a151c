"""A web server on the loopback address, for the tests that must not touch the internet."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import BaseServer
from threading import Thread
from typing import Any

from attrs import define, field


@define(eq=False)
class Site:
    """What the server has been asked for, and where it is.

    `/image` is ten bytes, `/endless` never ends, `/status/<code>` answers just that,
    `/hop/<n>` redirects n times and then to `/image`, and `/to/<address>` redirects there.
    """

    port: int = 0
    asked: list[str] = field(factory=list[str])
    hosts: list[str] = field(factory=list[str])
    encodings: list[str] = field(factory=list[str])
    sent: int = 0

    def url(self, path: str, *, host: str = "127.0.0.1") -> str:
        """Return the URL of a path on this server."""
        return f"http://{host}:{self.port}{path}"


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, site: Site, request: Any, client: Any, server: BaseServer) -> None:
        self._site = site
        super().__init__(request, client, server)

    def do_GET(self) -> None:
        """Answer by the path."""
        self._site.asked.append(self.path)
        self._site.hosts.append(self.headers["Host"])
        self._site.encodings.append(self.headers["Accept-Encoding"])
        verb, _, rest = self.path[1:].partition("?")[0].partition("/")
        match verb:
            case "image":
                self._answer(200, body=b"0123456789")
            case "endless":
                self._endless()
            case "status":
                self._answer(int(rest))
            case "hop":
                left = int(rest)
                self._answer(302, location=f"/hop/{left - 1}" if left > 1 else "/image")
            case _:
                self._answer(307, location=rest)

    def _answer(self, code: int, *, body: bytes = b"", location: str | None = None) -> None:
        self.send_response(code)
        if location is not None:
            self.send_header("Location", location)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _endless(self) -> None:
        self.send_response(200)
        self.end_headers()
        try:
            while True:
                self._site.sent += self.wfile.write(bytes(10_000))
        except OSError:
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (its own name)
        """Say nothing: a test's output is its own."""


@contextmanager
def website() -> Generator[Site]:
    """Serve until the block ends."""
    site = Site()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, site))
    site.port = server.server_port
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
