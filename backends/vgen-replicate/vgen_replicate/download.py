"""Downloads of predictions' clips, from the provider's hosts only."""

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
"""The largest clip that is downloaded, hundreds of times the size of a model's."""

STALL_SECONDS = 60.0
"""How long a download may receive no byte, in seconds."""

MAX_SECONDS = 600.0
"""The timeout of a whole download, in seconds."""

MAX_REDIRECTS = 2
DATA_SCHEME = "data:"


def choose_url(output: object, access: Access) -> str | None:
    """Choose the clip's URL from an output: a string, or any nesting of lists and objects.

    The provider's hosts are preferred, then file names of videos; other media types come last.
    `None`: the output contains no URL.
    """
    found = _urls(output)
    return min(found, key=lambda url: (not _is_trusted(url, access), _rank(url)), default=None)


def _urls(output: object) -> Iterator[str]:
    if isinstance(output, str):
        if output[:8].lower().startswith(("https://", "http://", DATA_SCHEME)):
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
    """Download the URL to `path`: all of it, or nothing, also when cancelled.

    Raises:
        NetworkError: the download failed; a retry may succeed.
        GenerationError: the host is not the provider's, or the clip is too large.
    """
    part = path.with_name(f".{secrets.token_hex(8)}.part")
    try:
        with trio.fail_after(MAX_SECONDS):
            await _fetch(client, access, url, part)
        part.replace(path)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise NetworkError(f"download: {str(error) or type(error).__name__}") from error
    except trio.TooSlowError:
        raise NetworkError(
            f"download: nothing came for {STALL_SECONDS:g} s, or not all within {MAX_SECONDS:g} s"
        ) from None
    except OSError as error:
        raise NetworkError(f"cannot write the clip: {error}") from error
    finally:
        part.unlink(missing_ok=True)


async def _fetch(client: httpx.AsyncClient, access: Access, url: str, part: Path) -> None:
    if _is_data_url(url):
        await trio.Path(part).write_bytes(_decode_data_url(url))
        return
    for _ in range(MAX_REDIRECTS + 1):
        if not _is_trusted(url, access):
            place = url.partition("?")[0][:100]
            raise GenerationError(f"the output lies on a foreign host: {place}")
        target = httpx.URL(url)
        headers = {"Authorization": f"Bearer {access.token}", "Accept-Encoding": "identity"}
        with trio.fail_after(STALL_SECONDS) as scope:
            async with client.stream("GET", target, headers=headers) as response:
                if not response.has_redirect_location:
                    await _save_body(response, part, scope)
                    return
                url = str(target.join(response.headers["Location"]))
    raise GenerationError(f"download: more than {MAX_REDIRECTS} redirects")


async def _save_body(response: httpx.Response, part: Path, stall: trio.CancelScope) -> None:
    if not response.is_success:
        raise NetworkError(f"download: the server answered {response.status_code}")
    got = 0
    # Writing a chunk blocks for microseconds only. A checkpoint in the loop, or a break, could
    # leave httpx's inner generators unfinished; a cancelled scope closes them all.
    with part.open("wb") as file, trio.CancelScope() as reading:
        async for chunk in response.aiter_raw():
            stall.deadline = trio.current_time() + STALL_SECONDS
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


def _is_trusted(url: str, access: Access) -> bool:
    """Whether it is an HTTPS URL of the delivery hosts, of the API's origin, or a `data:` URL."""
    if _is_data_url(url):
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


def _is_data_url(url: str) -> bool:
    return url[: len(DATA_SCHEME)].lower() == DATA_SCHEME


def _decode_data_url(url: str) -> bytes:
    head, _, data = url.partition(",")
    try:
        if len(data) > MAX_BYTES or not head.endswith(";base64"):
            raise GenerationError("the output is no clip")
        return base64.b64decode(data, validate=True)
    except ValueError as error:
        raise NetworkError(f"the output is broken: {error}") from error
