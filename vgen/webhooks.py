"""Webhooks: providers tell when an attempt has ended, in the host's own web application.

```python
app.mount("/webhooks", webhook_app(runner))  # Starlette, FastAPI, Django's and Quart's ASGI
```

Where no ASGI is at hand, `Runner.receive_webhook` takes the request's headers and its body.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping, MutableMapping
from http import HTTPStatus
from math import inf
from typing import Any, Protocol

from vgen.errors import LedgerError, NetworkError, WebhookRefusedError

logger = logging.getLogger("vgen")

TOLERANCE = 300.0
"""How old a webhook may be, or how far in the future, in seconds: what the Standard Webhooks
specification's own libraries allow."""

MAX_BODY = 4 * 1024 * 1024
"""The largest body that is read, in bytes: an attempt's inputs may be in it, with a small image."""

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]


class Receiver(Protocol):
    """A runner that takes webhooks: `vgen.Runner`, or that of `vgen.aio`."""

    def receive_webhook(self, headers: Mapping[str, str], body: bytes) -> Coroutine[Any, Any, bool]:
        """Take one: see `vgen.Runner.receive_webhook`."""
        ...


def check_signature(secret: str, headers: Mapping[str, str], body: bytes, *, now: float) -> str:
    """Check a webhook that is signed as the Standard Webhooks specification says.

    The names of `headers` are in lower case, `now` is in seconds since 1970. Returns the message's
    id.

    Raises:
        WebhookRefusedError: it is not signed with the `secret`, or not within `TOLERANCE` of `now`.
    """
    message_id, sent_at = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    try:
        age = now - int(sent_at)
    except ValueError:
        age = inf
    key = _key(secret)
    signed = f"{message_id}.{sent_at}.".encode() + body
    expected = base64.b64encode(hmac.digest(key, signed, hashlib.sha256))
    signatures = headers.get("webhook-signature", "").encode().split()
    if not message_id or not any(
        hmac.compare_digest(b"v1," + expected, each) for each in signatures
    ):
        raise WebhookRefusedError("the webhook's signature is missing or wrong")
    if abs(age) > TOLERANCE:
        raise WebhookRefusedError("the webhook was not signed within the last five minutes")
    return message_id


def _key(secret: str) -> bytes:
    if not secret.startswith("whsec_"):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix("whsec_"))
    except (ValueError, binascii.Error):
        raise WebhookRefusedError("the secret that webhooks are signed with is malformed") from None


def webhook_app(runner: Receiver) -> App:
    """Return an ASGI application that takes webhooks by POST, at any path, for a runner.

    It answers 204 to a webhook that is signed by a provider, also when it comes again; 401 to any
    other, 413 to one of more than `MAX_BODY` bytes, and 503 where the ledger, or a provider's key,
    cannot be reached: a provider sends it again then.
    """

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _live(receive, send)
        elif scope["type"] == "http":
            status, said = await _answer(runner, scope, receive)
            headers = [(b"content-type", b"text/plain; charset=utf-8")] if said else []
            start = {"type": "http.response.start", "status": int(status), "headers": headers}
            await send(start)
            await send({"type": "http.response.body", "body": said.encode()})

    return app


async def _live(receive: Receive, send: Send) -> None:
    while True:
        event = (await receive())["type"]
        await send({"type": f"{event}.complete"})
        if event == "lifespan.shutdown":
            return


async def _answer(runner: Receiver, scope: Message, receive: Receive) -> tuple[HTTPStatus, str]:
    if scope["method"] != "POST":
        return HTTPStatus.METHOD_NOT_ALLOWED, "webhooks are sent by POST\n"
    body = await _read(receive)
    if body is None:
        return HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"more than {MAX_BODY} bytes\n"
    headers = {name.decode("latin-1"): each.decode("latin-1") for name, each in scope["headers"]}
    try:
        await runner.receive_webhook(headers, body)
    except WebhookRefusedError as error:
        logger.warning("a webhook was refused: %s", error)
        return HTTPStatus.UNAUTHORIZED, f"{error}\n"
    except (LedgerError, NetworkError, RuntimeError) as error:
        logger.warning("a webhook could not be taken: %s", error)
        return HTTPStatus.SERVICE_UNAVAILABLE, "it cannot be taken now: send it again\n"
    return HTTPStatus.NO_CONTENT, ""


async def _read(receive: Receive) -> bytes | None:
    """Return the request's body; `None` if it is too large. A request that breaks off is short."""
    body, more = bytearray(), True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > MAX_BODY:
            return None
    return bytes(body)
