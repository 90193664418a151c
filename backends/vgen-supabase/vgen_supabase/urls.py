"""Which file an image's URL means: bucket and key are taken from it, and it is never fetched."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, unquote, urlsplit

from vgen_supabase.access import Access
from vgen_supabase.faults import Reason, SupabaseStorageError
from vgen_supabase.object_location import SCHEME, ObjectLocation

API = "/storage/v1/"

OBJECT = re.compile(
    r"(?:object/(?:public|sign|authenticated)|object/info/(?:public|authenticated)"
    r"|render/image/(?:public|sign|authenticated)|object/info|object)/([^/]+)/(.+)"
)
"""The shapes of a file's URL; words of the other routes are refused as names of buckets."""

TWIN = re.compile(r"([a-z0-9-]+)(?:\.storage)?(\.supabase\.co)")
"""A hosted project has two names for its storage: `REF.supabase.co`, `REF.storage.supabase.co`."""

PORTS = {"http": 80, "https": 443}


def location_of(reference: str, access: Access) -> ObjectLocation:
    """Find the bucket and key that an image is named by.

    Since the URL is only read, and the file then asked of the configured project, no look-alike
    can lead anywhere else; it is refused so that nobody gets another image than was meant. A
    signed URL means its file also when it has expired.

    Raises:
        SupabaseStorageError: it names no file in this project's storage.
    """
    if reference.startswith(SCHEME):
        return ObjectLocation.of(reference, "")
    found = OBJECT.fullmatch(_path(reference, access))
    if found is None:
        raise SupabaseStorageError(shown(reference), Reason.ELSEWHERE, "it is no file's URL")
    return ObjectLocation(unquote(found[1]), unquote(found[2]))


def shown(reference: str) -> str:
    """Give a reference as a message may show it: no user, no token, not too long."""
    shown = re.sub(r"//[^/?#]*@", "//", re.split(r"[?#]", reference, maxsplit=1)[0])
    return repr(shown if len(shown) <= 200 else f"{shown[:200]}…")  # noqa: PLR2004 (two lines)


def _path(reference: str, access: Access) -> str:
    """Give what stands behind the storage's own address in the URL; nothing for other addresses."""
    home = urlsplit(access.url)
    parts = _split(reference)
    root = home.path.rstrip("/") + API
    if parts is None or _origin(parts) != _origin(home) or not parts.path.startswith(root):
        raise SupabaseStorageError(shown(reference), Reason.ELSEWHERE)
    return parts.path.removeprefix(root)


def _split(reference: str) -> SplitResult | None:
    """Take a URL apart, if it can be read in one way only."""
    if not (reference.isascii() and reference.isprintable()) or "\\" in reference:
        return None
    try:
        parts = urlsplit(reference)
        readable = "@" not in parts.netloc and parts.port != 0
    except ValueError:
        return None
    return parts if readable else None


def _origin(parts: SplitResult) -> tuple[str, str, int | None]:
    host = parts.hostname or ""
    twin = TWIN.fullmatch(host)
    return parts.scheme, twin[1] + twin[2] if twin else host, parts.port or PORTS.get(parts.scheme)
