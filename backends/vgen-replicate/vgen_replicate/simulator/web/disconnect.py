"""Connections that the server closes without a response, or in the middle of one."""

from __future__ import annotations

import httpx
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class ConnectionDroppedError(httpx.RemoteProtocolError):
    """Close the connection now.

    A client in the same process gets this error as it is: httpx raises its base class for a closed
    connection. For clients over HTTP, `close_on_drop` closes the connection.
    """

    def __init__(self) -> None:
        super().__init__("Server disconnected without sending a response.")


def close_on_drop(app: ASGIApp) -> ASGIApp:
    """Wrap an application so that the HTTP/1.1 server closes dropped connections.

    The server closes a connection whose response is incomplete, but responds with 500 where the
    application has sent nothing. A `100 Continue`, which clients ignore, prevents that.
    """

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def record_and_send(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await app(scope, receive, record_and_send)
        except ConnectionDroppedError:
            if not started:
                await send({"type": "http.response.start", "status": 100, "headers": []})

    return wrapped
