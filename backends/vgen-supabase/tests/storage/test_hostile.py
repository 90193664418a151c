"""Hostile input is refused with a permanent error, and has no effect."""

from __future__ import annotations

import socket
from collections.abc import Generator
from contextlib import closing
from pathlib import Path

import pytest
import trio
from starlette.responses import RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from vgen.errors import StorageError
from vgen_supabase import Reason, SupabaseStorage, SupabaseStorageError

from .server import BUCKET, Server
from .state import ANON_KEY, Bucket

TEN_GB = 10 * 10**9
CHUNK = bytes(2**16)
LIMIT = 2**20
SECRET = b"an image of another user"


class Endless(Response):
    """A response of ten gigabytes, sent until the client disconnects."""

    def __init__(self, status: int, *, announced: bool) -> None:
        length = {"Content-Length": str(TEN_GB)} if announced else {"Transfer-Encoding": "chunked"}
        super().__init__(None, status, length)
        self.sent = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        start = {"type": "http.response.start", "status": self.status_code}
        await send({**start, "headers": self.raw_headers})
        chunk = {"type": "http.response.body", "body": CHUNK, "more_body": True}
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_cancel_on_disconnect, receive, nursery.cancel_scope)
            while self.sent < TEN_GB:
                await send(chunk)
                self.sent += len(CHUNK)
                await trio.lowlevel.checkpoint()


async def _cancel_on_disconnect(receive: Receive, scope: trio.CancelScope) -> None:
    """Cancel the scope when the client disconnects."""
    while (await receive())["type"] != "http.disconnect":
        pass
    scope.cancel()


BAD_KEYS = [
    "../secrets/cat.png",
    "job/../../secrets/cat.png",
    "job/%2e%2e/%2e%2e/secrets/cat.png",
    "%2e%2e%2fsecrets%2fcat.png",
    "job/clip%2500.mp4",
    "job/clip\0.mp4",
    "job/clip\n.mp4",
    "job/clip\r\nx-upsert: true",
    "job\\clip.mp4",
    "job/clip.mp4?token=x#y",
    "job/clip\u2024mp4",
    "jöb/clip.mp4",
    "/job/clip.mp4",
    "job/clip.mp4/",
    "job//clip.mp4",
    "./clip.mp4",
    "",
    5000 * "a",
    "/".join(["a"] * 2500),
]


@pytest.fixture
def elsewhere() -> Generator[socket.socket]:
    """Another server in the private network, which must not be contacted."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        listener.settimeout(0)
        yield listener


def visited(listener: socket.socket) -> bool:
    """Whether a client has connected."""
    try:
        listener.accept()[0].close()
    except BlockingIOError:
        return False
    return True


@pytest.mark.parametrize("key", BAD_KEYS)
async def test_a_bad_key_is_not_sent(
    service: Server, storage: SupabaseStorage, tmp_path: Path, key: str
) -> None:
    """No method sends an invalid key to the service."""
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"a clip")
    reference = f"supabase://{BUCKET}/{key}"
    for call in (
        lambda: storage.write(key, clip),
        lambda: storage.remove(key),
        lambda: storage.stat(key),
        lambda: storage.stat(reference),
        lambda: storage.url(reference),
        lambda: storage.read(reference, max_bytes=LIMIT),
    ):
        with pytest.raises(SupabaseStorageError) as caught:
            await call()
        assert caught.value.reason is Reason.BAD_NAME
        assert not caught.value.retryable
        assert len(str(caught.value)) < 300
        assert str(caught.value).isprintable()
    assert not service.state.requests
    assert not service.state.objects


async def test_a_look_alike_leads_nowhere(
    service: Server, storage: SupabaseStorage, elsewhere: socket.socket
) -> None:
    """A URL of another server is not fetched, however much it looks like the project's."""
    port = elsewhere.getsockname()[1]
    home = service.url.removeprefix("http://")
    for host in (
        f"127.0.0.1:{port}",
        f"{home}@127.0.0.1:{port}",
        f"127.0.0.1:{port}\\@{home}",
        f"127.0.0.1:{port}#@{home}",
        f"127.0.0.1:{port}?@{home}",
        f"localhost:{home.partition(':')[2]}",
        f"127。0。0。1:{port}",
    ):
        with pytest.raises(SupabaseStorageError) as caught:
            await storage.read(f"http://{host}/storage/v1/object/public/b/k.png", max_bytes=LIMIT)
        assert caught.value.reason is Reason.ELSEWHERE
    assert not service.state.requests
    assert not visited(elsewhere)


async def test_a_redirect_is_not_followed(
    service: Server, storage: SupabaseStorage, elsewhere: socket.socket, tmp_path: Path
) -> None:
    """No method follows a redirect, which would carry the key along."""
    clip = tmp_path / "clip.mp4"
    url = f"http://127.0.0.1:{elsewhere.getsockname()[1]}/latest/meta-data"
    service.state.override = lambda _: RedirectResponse(url, 307)
    for size in (6, 7 * 2**20):
        clip.write_bytes(bytes(size))
        for call in (
            lambda: storage.write("job/clip.mp4", clip),
            lambda: storage.remove("job/clip.mp4"),
            lambda: storage.stat("job/clip.mp4"),
            lambda: storage.url("job/clip.mp4"),
            lambda: storage.read(f"supabase://{BUCKET}/cat.png", max_bytes=LIMIT),
        ):
            with pytest.raises(SupabaseStorageError) as caught:
                await call()
            assert caught.value.reason is Reason.REFUSED
    assert not visited(elsewhere)


@pytest.mark.parametrize("announced", [False, True])
@pytest.mark.parametrize("status", [200, 404, 503])
async def test_a_body_without_end_is_not_read(
    service: Server, storage: SupabaseStorage, status: int, *, announced: bool
) -> None:
    """Of a 10 GB response, little more than the limit is read, by any method and status."""
    endless = Endless(status, announced=announced)
    service.state.override = lambda _: endless
    for call in (
        lambda: storage.read(f"supabase://{BUCKET}/cat.png", max_bytes=LIMIT),
        lambda: storage.stat("job/clip.mp4"),
    ):
        with pytest.raises(SupabaseStorageError) as caught:
            await call()
        assert (caught.value.reason is Reason.TOO_LARGE) == (status == 200)
    assert endless.sent < 100 * LIMIT


@pytest.mark.parametrize("size", [6, 7 * 2**20])
@pytest.mark.parametrize("key", ["sb_secret_of_another_project", ANON_KEY])
async def test_a_wrong_service_key_gives_no_access(
    service: Server, tmp_path: Path, key: str, size: int
) -> None:
    """With a wrong or an anonymous key, every method fails with a permanent error."""
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(bytes(size))
    service.put("cat.png", data=SECRET)
    before = dict(service.state.objects)
    storage = SupabaseStorage(BUCKET, url=service.url, key=key)
    for call in (
        lambda: storage.write("job/clip.mp4", clip),
        lambda: storage.stat("cat.png"),
        lambda: storage.url("cat.png"),
        lambda: storage.read(f"supabase://{BUCKET}/cat.png", max_bytes=LIMIT),
    ):
        with pytest.raises(SupabaseStorageError) as caught:
            await call()
        assert not caught.value.retryable
        assert SECRET.decode() not in str(caught.value)
    assert service.state.objects == before
    assert not service.state.uploads
    await storage.aclose()


@pytest.mark.parametrize("size", [1000, 7 * 2**20])
@pytest.mark.parametrize(
    ("bucket", "reason"),
    [
        (Bucket(size_limit=999), Reason.TOO_LARGE),
        (Bucket(types=("image/png",)), Reason.BAD_TYPE),
    ],
)
async def test_a_bucket_may_refuse_a_clip(
    service: Server,
    storage: SupabaseStorage,
    tmp_path: Path,
    size: int,
    bucket: Bucket,
    reason: Reason,
) -> None:
    """The service enforces a bucket's size limit and types; its error is reported."""
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(bytes(size))
    service.state.buckets[BUCKET] = bucket
    with pytest.raises(SupabaseStorageError) as caught:
        await storage.write("job/clip.mp4", clip)
    assert caught.value.reason is reason
    assert not caught.value.retryable
    assert not service.state.objects


async def test_a_clip_that_shrinks_is_not_stored(
    service: Server, storage: SupabaseStorage, tmp_path: Path
) -> None:
    """If a file becomes shorter while it is sent, the upload fails and nothing is stored."""
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(bytes(7 * 2**20))

    def override(request: object) -> Response | None:
        with clip.open("r+b") as file:
            file.truncate(1000)
        return None

    service.state.override = override
    with pytest.raises(StorageError, match="shorter"):
        await storage.write("job/clip.mp4", clip)
    assert not service.state.objects
