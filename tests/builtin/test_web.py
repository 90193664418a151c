"""Images from the web: public addresses only, bounded, and errors that say whether to try again."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Generator
from functools import partial
from typing import Any

import pytest
import trio
from trio.abc import HostnameResolver
from trio.testing import MockClock

from vgen.builtin.web import Address, WebImages, is_public
from vgen.errors import StorageError

from .webserver import Site, website


@pytest.fixture(scope="module")
def server() -> Generator[Site]:
    """The server that all tests share."""
    with website() as site:
        yield site


@pytest.fixture
def site(server: Site) -> Site:
    """The server, with nothing asked of it yet."""
    server.asked.clear()
    server.hosts.clear()
    server.encodings.clear()
    return server


def is_loopback(address: Address) -> bool:
    """Lets the tests' own server pass, and nothing else."""
    return address.is_loopback


LOCAL = WebImages(allow=is_loopback)


def read(web: WebImages, url: str, *, max_bytes: int = 1000) -> bytes:
    """What is at the URL."""
    return trio.run(partial(web.read, url, max_bytes=max_bytes))


def refusal(web: WebImages, url: str, *, max_bytes: int = 1000) -> StorageError:
    """Why there is nothing."""
    with pytest.raises(StorageError) as caught:
        read(web, url, max_bytes=max_bytes)
    return caught.value


def test_an_image_is_read(site: Site) -> None:
    """The bytes come as they are, asked for once and without packing."""
    assert read(LOCAL, site.url("/image?a=1#top")) == b"0123456789"
    assert site.asked == ["/image?a=1"]
    assert site.hosts == [f"127.0.0.1:{site.port}"]
    assert site.encodings == ["identity"]


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("1.1.1.1", True),
        ("2606:4700:4700::1111", True),
        ("0.0.0.1", False),
        ("10.0.0.1", False),
        ("100.64.0.1", False),
        ("127.0.0.1", False),
        ("169.254.169.254", False),
        ("172.16.0.1", False),
        ("192.168.0.1", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::", False),
        ("::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:10.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::a9fe:a9fe", False),
        ("64:ff9b::101:101", True),
        ("2002:7f00:1::", False),
        ("2002:a00:1::1", False),
        ("fc00::1", False),
        ("fd12:3456::1", False),
        ("fe80::1", False),
        ("fe80::1%2", False),
        ("ff02::1", False),
    ],
)
def test_what_is_public(address: str, *, public: bool) -> None:
    """Only what the whole internet can reach, also where one address stands for another."""
    assert is_public(ipaddress.ip_address(address)) is public


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "localhost",
        "LOCALHOST",
        "0.0.0.1",
        "0",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "169.254.169.254",
        "10.0.0.1",
        "192.168.1.1",
        "user:password@127.0.0.1",
    ],
)
def test_no_name_leads_inside(site: Site, host: str) -> None:
    """However a private address is spelled, nothing is sent to it, and that is for good."""
    error = refusal(WebImages(), site.url("/image", host=host))
    assert "is not a public address" in str(error)
    assert not error.retryable
    assert site.asked == []


class Names(HostnameResolver):
    """Gives each name the addresses that the test planned."""

    def __init__(self, **known: list[str]) -> None:
        self._known = known

    async def getaddrinfo(
        self,
        host: bytes | None,
        port: bytes | str | int | None,
        family: int = 0,
        type: int = 0,  # noqa: A002 (the port's own name)
        proto: int = 0,
        flags: int = 0,
    ) -> list[Any]:
        """Answer as the system would."""
        del family, type, proto, flags
        assert host is not None
        addresses = self._known.get(host.decode().partition(".")[0], [])
        if not addresses:
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, int(port or 0)))
            for address in addresses
        ]

    async def getnameinfo(
        self, sockaddr: tuple[str, int] | tuple[str, int, int, int], flags: int
    ) -> tuple[str, str]:
        """Nobody asks for it."""
        raise NotImplementedError


def read_with(names: Names, web: WebImages, url: str) -> bytes:
    """What is at the URL, for whoever uses these names."""

    async def run() -> bytes:
        trio.socket.set_custom_hostname_resolver(names)
        return await web.read(url, max_bytes=1000)

    return trio.run(run)


def test_the_server_is_asked_by_its_name(site: Site) -> None:
    """The connection goes to the checked address; the host that is asked for is the name's."""
    names = Names(images=["127.0.0.1"])
    assert read_with(names, LOCAL, site.url("/image", host="images.example")) == b"0123456789"
    assert site.hosts == [f"images.example:{site.port}"]


def test_one_private_address_is_one_too_many(site: Site) -> None:
    """A name with a public and a private address is refused: nobody knows which would be taken."""
    names = Names(images=["1.1.1.1", "127.0.0.1"])
    with pytest.raises(StorageError, match=r"images\.example is not a public address"):
        read_with(names, WebImages(), site.url("/image", host="images.example"))
    assert site.asked == []


def test_a_name_that_nobody_knows_may_be_known_later() -> None:
    """A resolver's no is an outage like any other."""
    with pytest.raises(StorageError, match="no such name") as caught:
        read_with(Names(), WebImages(), "https://images.example/a.png")
    assert caught.value.retryable


def test_redirects_are_followed(site: Site) -> None:
    """Three of them, and no more."""
    assert read(LOCAL, site.url("/hop/3")) == b"0123456789"
    error = refusal(LOCAL, site.url("/hop/4"))
    assert "more than 3 redirects" in str(error)
    assert not error.retryable


@pytest.mark.parametrize(
    ("location", "said"),
    [
        ("http://10.0.0.1/secret", "not a public address"),
        ("http://169.254.169.254/latest/meta-data", "not a public address"),
        ("http://[::ffff:10.0.0.1]/", "not a public address"),
        ("file:///etc/passwd", "is no web address"),
        ("ftp://127.0.0.1/", "is no web address"),
    ],
)
def test_no_redirect_leads_inside(site: Site, location: str, said: str) -> None:
    """Where a public server sends us is checked like what the user wrote."""
    error = refusal(LOCAL, site.url(f"/to/{location}"))
    assert said in str(error)
    assert not error.retryable
    assert len(site.asked) == 1


@pytest.mark.parametrize("code", [304, 400, 403, 404, 429, 500, 503])
def test_an_answer_without_an_image_may_be_asked_again(site: Site, code: int) -> None:
    """Whatever the server says instead of an image, it may say otherwise later."""
    error = refusal(LOCAL, site.url(f"/status/{code}"))
    assert f"answered {code}" in str(error)
    assert error.retryable


def test_a_redirect_to_nowhere_is_an_answer(site: Site) -> None:
    """A redirect without a place is no image."""
    assert "answered 302" in str(refusal(LOCAL, site.url("/status/302")))


def test_the_limit_is_in_bytes(site: Site) -> None:
    """As many bytes as are allowed are read, and one more is an error for good."""
    assert read(LOCAL, site.url("/image"), max_bytes=10) == b"0123456789"
    error = refusal(LOCAL, site.url("/image"), max_bytes=9)
    assert "is larger than" in str(error)
    assert not error.retryable


def test_no_more_is_read_than_the_limit(site: Site) -> None:
    """A body without end is left as soon as it is too large."""
    assert "is larger than" in str(refusal(LOCAL, site.url("/endless"), max_bytes=100_000))
    assert site.sent < 50_000_000


def test_a_server_that_is_gone_may_come_back() -> None:
    """A refused connection is an outage."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        error = refusal(LOCAL, f"http://127.0.0.1:{bound.getsockname()[1]}/image")
    assert error.retryable


def test_a_server_that_is_silent_is_left() -> None:
    """No answer within the time for a download is an outage, whoever is silent."""

    async def listen_to_nothing() -> None:
        async with trio.open_nursery() as nursery:
            (listener,) = await nursery.start(
                partial(trio.serve_tcp, say_nothing, 0, host="127.0.0.1")
            )
            port = listener.socket.getsockname()[1]
            with pytest.raises(StorageError, match="no answer within 20 s") as caught:
                await LOCAL.read(f"http://127.0.0.1:{port}/image", max_bytes=10)
            assert caught.value.retryable
            nursery.cancel_scope.cancel()

    trio.run(listen_to_nothing, clock=MockClock(autojump_threshold=0.2))


async def say_nothing(_stream: trio.SocketStream) -> None:
    """Keep the connection, and say nothing on it."""
    await trio.sleep_forever()


@pytest.mark.parametrize(
    "url",
    [
        "http://",
        "http:///image.png",
        "https:image.png",
        "http://[::1",
        "http://127.0.0.1:99999/",
        "http://127.0.0.1:x/",
        f"http://{'a' * 64}.example/",
        "http://0177.0.0.1/",
        "http://example/\0",
        "http://\ud800/",
    ],
)
def test_what_is_no_url_is_refused(url: str) -> None:
    """Anything that is no web address is an error of storage, for good."""
    assert not refusal(WebImages(), url).retryable
