"""Downloading what a prediction has made: from the provider's hosts only, and all of it."""

from __future__ import annotations

import base64
import mimetypes
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import httpx
import trio

from vgen.errors import GenerationError, NetworkError
from vgen_replicate.access import Access

DELIVERY = "replicate.delivery"
MAX_BYTES = 512 * 2**20
"""The largest clip that is downloaded: hundreds of times what a model makes."""

STALL = 60.0
"""How long no byte may come, in seconds."""

LONGEST = 600.0
"""How long a download may take in all, in seconds."""

HOPS = 2
INLINE = "data:"


def chosen(output: object, access: Access) -> str | None:
    """Choose the clip among the URLs in an output, whatever its shape: text, a list, an object.

    The provider's own come before those elsewhere; then what is named like a video comes before
    what has another name, a picture last.
    """
    found = _urls(output)
    return min(found, key=lambda url: (not _is_own(url, access), _rank(url)), default=None)


def _urls(output: object) -> Iterator[str]:
    if isinstance(output, str):
        if output[:8].lower().startswith(("https://", "http://", INLINE)):
            yield output
        return
    if isinstance(output, dict):
        output = [*cast("dict[str, object]", output).values()]
    if isinstance(output, list):
        for value in cast("list[object]", output):
            yield from _urls(value)


def _rank(url: str) -> int:
    kind, _ = mimetypes.guess_type(url.partition("?")[0])
    return 1 if kind is None else 0 if kind.startswith("video/") else 2


async def download(client: httpx.AsyncClient, access: Access, url: str, path: Path) -> None:
    """Write what is at the URL to `path`: all of it, or nothing.

    Raises:
        NetworkError: it did not come whole; it may, asked again.
        GenerationError: it lies where nothing is fetched from, or is too large.
    """
    part = path.with_name(f".{secrets.token_hex(8)}.part")
    try:
        with trio.fail_after(LONGEST):
            await _follow(client, access, url, part)
        part.replace(path)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise NetworkError(f"download: {str(error) or type(error).__name__}") from error
    except trio.TooSlowError:
        raise NetworkError(
            f"download: nothing came for {STALL:g} s, or not all within {LONGEST:g} s"
        ) from None
    except OSError as error:
        raise NetworkError(f"cannot write the clip: {error}") from error
    finally:
        part.unlink(missing_ok=True)


async def _follow(client: httpx.AsyncClient, access: Access, url: str, part: Path) -> None:
    if _is_inline(url):
        await trio.Path(part).write_bytes(_inline(url))
        return
    for _ in range(HOPS + 1):
        if not _is_own(url, access):
            place = url.partition("?")[0][:100]
            raise GenerationError(f"the output lies on a foreign host: {place}")
        target = httpx.URL(url)
        headers = {"Authorization": f"Bearer {access.token}", "Accept-Encoding": "identity"}
        with trio.fail_after(STALL) as scope:
            async with client.stream("GET", target, headers=headers) as response:
                if not response.has_redirect_location:
                    await _body(response, part, scope)
                    return
                url = str(target.join(response.headers["Location"]))
    raise GenerationError(f"download: more than {HOPS} redirects")


async def _body(response: httpx.Response, part: Path, stall: trio.CancelScope) -> None:
    if not response.is_success:
        raise NetworkError(f"download: the server answered {response.status_code}")
    got = 0
    # A chunk is in the page cache within microseconds. A checkpoint in the loop, or leaving it,
    # would leave httpx's inner generators unfinished; cancelled, they all end.
    with part.open("wb") as file, trio.CancelScope() as reading:
        async for chunk in response.aiter_raw():
            stall.deadline = trio.current_time() + STALL
            got += len(chunk)
            if got > MAX_BYTES:
                reading.cancel()
            else:
                file.write(chunk)
    if got > MAX_BYTES:
        raise GenerationError(f"download: larger than {MAX_BYTES >> 20} MiB")
    length = response.headers.get("Content-Length", "")
    if length.isdecimal() and int(length) != got:
        raise NetworkError(f"download: {got} of {length} bytes came")


def _is_own(url: str, access: Access) -> bool:
    """Whether it is on the provider's delivery hosts over TLS, at the API's origin, or inline."""
    if _is_inline(url):
        return True
    try:
        target = httpx.URL(url)
    except httpx.InvalidURL:
        return False
    delivered = target.host == DELIVERY or target.host.endswith(f".{DELIVERY}")
    home = _origin(httpx.URL(access.base_url))
    return (target.scheme == "https" and delivered) or _origin(target) == home


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _is_inline(url: str) -> bool:
    return url[: len(INLINE)].lower() == INLINE


def _inline(url: str) -> bytes:
    head, _, data = url.partition(",")
    try:
        if len(data) > MAX_BYTES or not head.endswith(";base64"):
            raise GenerationError("the output is no clip")
        return base64.b64decode(data, validate=True)
    except ValueError as error:
        raise NetworkError(f"the output is broken: {error}") from error
