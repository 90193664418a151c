"""Find the bucket and key in an image's URL; the URL itself is never fetched."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, unquote, urlsplit

from vgen_supabase.access import Access
from vgen_supabase.errors import Reason, SupabaseStorageError
from vgen_supabase.object_location import SCHEME, ObjectLocation

API = "/storage/v1/"

OBJECT = re.compile(
    r"(?:object/(?:public|sign|authenticated)|object/info/(?:public|authenticated)"
    r"|render/image/(?:public|sign|authenticated)|object/info|object)/([^/]+)/(.+)"
)
"""The forms of a file's URL; words of other routes are refused as bucket names."""

HOSTED = re.compile(r"([a-z0-9-]+)(?:\.storage)?(\.supabase\.co)")
"""A hosted project has two names for its storage: `REF.supabase.co`, `REF.storage.supabase.co`."""

PORTS = {"http": 80, "https": 443}


def location_of(reference: str, access: Access) -> ObjectLocation:
    """Return the bucket and key that an image's URL names.

    The file is always read from the configured project, so a look-alike URL leads nowhere else; it
    is refused so that nobody gets another image than was meant. An expired signed URL still names
    its file.

    Raises:
        SupabaseStorageError: it names no file in this project's storage.
    """
    if reference.startswith(SCHEME):
        return ObjectLocation.of(reference, "")
    found = OBJECT.fullmatch(_path(reference, access))
    if found is None:
        raise SupabaseStorageError(shown(reference), Reason.ELSEWHERE, "it is not a file's URL")
    return ObjectLocation(unquote(found[1]), unquote(found[2]))


def shown(reference: str) -> str:
    """Return a reference as error messages show it: no user, no token, not too long."""
    shown = re.sub(r"//[^/?#]*@", "//", re.split(r"[?#]", reference, maxsplit=1)[0])
    return repr(shown if len(shown) <= 200 else f"{shown[:200]}…")  # noqa: PLR2004 (two lines)


def _path(reference: str, access: Access) -> str:
    """Return a URL's path below the storage API; an error for other addresses."""
    home = urlsplit(access.url)
    parts = _split(reference)
    root = home.path.rstrip("/") + API
    if parts is None or _origin(parts) != _origin(home) or not parts.path.startswith(root):
        raise SupabaseStorageError(shown(reference), Reason.ELSEWHERE)
    return parts.path.removeprefix(root)


def _split(reference: str) -> SplitResult | None:
    """Parse a URL; `None` if parsers could disagree about it."""
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
    hosted = HOSTED.fullmatch(host)
    name = hosted[1] + hosted[2] if hosted else host
    return parts.scheme, name, parts.port or PORTS.get(parts.scheme)
