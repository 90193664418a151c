"""Images from the web, from public addresses only."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address

import httpx
import trio

from vgen.errors import StorageError
from vgen.records.redaction import without_secrets

TIMEOUT = 20.0
"""How long one download may take, in seconds: 25 MiB at a little over one MiB a second."""

HOPS = 3
"""How many redirects are followed."""

NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
"""Addresses that a gateway turns into the IPv4 address in their last 32 bits (RFC 6052)."""

Address = IPv4Address | IPv6Address


def is_public(address: Address) -> bool:
    """Whether the whole internet can reach an address, and the IPv4 address that it stands for."""
    if not address.is_global or address.is_multicast:
        return False
    if isinstance(address, IPv4Address):
        return True
    inner = address.ipv4_mapped or address.sixtofour
    if address in NAT64:
        inner = IPv4Address(int(address) & 0xFFFF_FFFF)
    return inner is None or is_public(inner)


def too_large(reference: str, max_bytes: int) -> StorageError:
    """Return the error for an image of more bytes than are read."""
    return StorageError(f"{reference}: is larger than {max_bytes / 2**20:g} MiB")


class WebImages:
    """Reads images over HTTP from the addresses that `allow` lets pass: public ones.

    Every host is resolved once, checked, and then spoken to at that very address, redirects
    included, so that no name can lead into the service's own network.
    """

    def __init__(self, *, allow: Callable[[Address], bool] = is_public) -> None:
        self._allow = allow

    async def read(self, url: str, *, max_bytes: int) -> bytes:
        """Download an image.

        Raises:
            StorageError: not retryable for an address that is not public or too many bytes,
                retryable for all else.
        """
        shown = without_secrets(url)
        try:
            with trio.fail_after(TIMEOUT):
                async with httpx.AsyncClient(
                    timeout=None,  # noqa: S113 (the scope around it bounds the time)
                    trust_env=False,
                ) as client:
                    return await self._follow(client, httpx.URL(url), max_bytes)
        except trio.TooSlowError:
            raise StorageError(f"{shown}: no answer within {TIMEOUT:g} s", retryable=True) from None
        except (httpx.InvalidURL, ValueError, OverflowError) as error:
            raise StorageError(f"{shown}: {error}") from error
        except (httpx.HTTPError, OSError) as error:
            reason = str(error) or type(error).__name__
            raise StorageError(f"{shown}: {reason}", retryable=True) from error

    async def _follow(self, client: httpx.AsyncClient, url: httpx.URL, max_bytes: int) -> bytes:
        for _ in range(HOPS + 1):
            if url.scheme not in {"http", "https"} or not url.host:
                raise StorageError(f"{_shown(url)}: is no web address")
            response = await client.send(await self._request(client, url), stream=True)
            try:
                if response.has_redirect_location:
                    url = url.join(response.headers["Location"])
                    continue
                if not response.is_success:
                    problem = f"{_shown(url)}: the server answered {response.status_code}"
                    raise StorageError(problem, retryable=True)
                return await _bounded(response, url, max_bytes)
            finally:
                await response.aclose()
        raise StorageError(f"{_shown(url)}: more than {HOPS} redirects")

    async def _request(self, client: httpx.AsyncClient, url: httpx.URL) -> httpx.Request:
        """Address the request to the very address that was checked, in the name of the host."""
        host = url.raw_host.decode("ascii")
        return client.build_request(
            "GET",
            url.copy_with(host=await self._resolve(url, host)),
            headers={"Host": url.netloc.decode("ascii"), "Accept-Encoding": "identity"},
            extensions={"sni_hostname": host},
        )

    async def _resolve(self, url: httpx.URL, host: str) -> str:
        found = await trio.socket.getaddrinfo(host, None, type=trio.socket.SOCK_STREAM)
        addresses = [str(entry[4][0]) for entry in found]
        if not all(self._allow(ipaddress.ip_address(address)) for address in addresses):
            raise StorageError(f"{_shown(url)}: {url.host} is not a public address")
        return addresses[0]


def _shown(url: httpx.URL) -> str:
    return without_secrets(str(url))


async def _bounded(response: httpx.Response, url: httpx.URL, max_bytes: int) -> bytes:
    """Read the body as it comes: unpacking it could make much of little."""
    data = bytearray()
    # Leaving the loop would leave httpx's inner generators unfinished; cancelled, they all end.
    with trio.CancelScope() as scope:
        async for chunk in response.aiter_raw():
            data += chunk
            if len(data) > max_bytes:
                scope.cancel()
    if len(data) > max_bytes:
        raise too_large(_shown(url), max_bytes)
    return bytes(data)
