"""Webhooks as providers send them, in tests."""

from __future__ import annotations

import base64
import hmac
from hashlib import sha256

SECRET = "whsec_" + base64.b64encode(b"a secret of the tests").decode()


def webhook_headers(
    message_id: str, body: bytes, now: float, *, secret: str = SECRET
) -> dict[str, str]:
    """Return the headers of a webhook, signed as the Standard Webhooks specification says.

    `now` is in seconds since 1970.
    """
    key = base64.b64decode(secret.removeprefix("whsec_"))
    content = f"{message_id}.{int(now)}.".encode() + body
    signature = base64.b64encode(hmac.digest(key, content, sha256)).decode()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now)),
        "webhook-signature": f"v1,{signature}",
    }
