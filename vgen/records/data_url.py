"""`data:` URLs, which hold an image themselves (RFC 2397), and short names for them."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from urllib.parse import unquote_to_bytes

SCHEME = "data:"

MAX_BYTES = 25 * 2**20
"""The largest image that is read: well above a camera's JPEG of 50 megapixels."""

MAX_CHARACTERS = 3 * MAX_BYTES + 200
"""The longest URL of such an image: each byte percent-encoded, and a media type."""

BASE64 = re.compile(r";\s*base64\s*", re.IGNORECASE)
MEDIA_TYPE = re.compile(r"[a-z]+/[a-z0-9.+-]+", re.IGNORECASE)
SPACE = b" \t\r\n\f"


def is_data_url(reference: str) -> bool:
    """Whether a reference is a `data:` URL, or the short name of one."""
    return reference[: len(SCHEME)].lower() == SCHEME


def content(url: str) -> bytes:
    """Return what a `data:` URL holds, in base64 or percent-encoded.

    Raises:
        ValueError: it has no comma, its base64 is broken, or it holds more than 25 MiB.
    """
    head, comma, body = url.partition(",")
    if not comma:
        raise ValueError("has no comma before its data")
    data = unquote_to_bytes(body)
    if BASE64.search(head):
        data = data.translate(None, SPACE).rstrip(b"=")
        try:
            data = base64.b64decode(data + b"=" * (-len(data) % 4), validate=True)
        except binascii.Error as error:
            raise ValueError(f"is no base64: {error}") from error
    if len(data) > MAX_BYTES:
        raise ValueError(f"holds more than {MAX_BYTES // 2**20} MiB")
    return data


def named(url: str) -> tuple[str, bytes]:
    """Return what a `data:` URL holds, and a short name for it, `data:image/png;sha256=…`.

    Without a comma the name is no URL itself.

    Raises:
        ValueError: `content` would raise it.
    """
    data = content(url)
    media_type = MEDIA_TYPE.match(url, len(SCHEME))
    kind = media_type[0].lower() if media_type else ""
    return f"{SCHEME}{kind};sha256={hashlib.sha256(data).hexdigest()}", data
