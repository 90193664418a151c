"""Connections that are closed without an answer, or in the middle of one."""

from __future__ import annotations

import httpx
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Dropped(httpx.RemoteProtocolError):
    """The connection is to be closed here and now.

    A client in the same process is handed this error as it is, the one that httpx raises where a
    server hangs up; for clients at a socket, `hanging_up` turns it into just that.
    """

    def __init__(self) -> None:
        super().__init__("Server disconnected without sending a response.")


def hanging_up(app: ASGIApp) -> ASGIApp:
    """Wrap an application for an HTTP/1.1 server, which closes what is left unfinished.

    A server would answer 500 for an application that has sent nothing. A plain `100 Continue` says
    nothing to the client, and keeps the server from that.
    """

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def noting(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await app(scope, receive, noting)
        except Dropped:
            if not started:
                await send({"type": "http.response.start", "status": 100, "headers": []})

    return wrapped
