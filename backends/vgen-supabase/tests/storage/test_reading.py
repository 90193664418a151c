"""Reading images, looking files up, and making URLs."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from starlette.responses import JSONResponse, Response

from vgen.errors import StorageError
from vgen_supabase import Reason, SupabaseStorage, SupabaseStorageError

from .lent_client import URL, Answering, lending
from .server import BUCKET, IMAGE, Server
from .state import ANON_KEY, SERVICE_KEY, Bucket

KEY = "job/clip_000.mp4"
EVERY_LETTER = "aZ09_/!.*'() &$=@;:+,?-"


async def test_a_file_is_read_from_any_bucket(service: Server, storage: SupabaseStorage) -> None:
    """Files are read by URL or reference, from private buckets too."""
    service.state.buckets["pets"] = Bucket()
    url = service.put("cat.png", bucket="pets")
    for reference in (url, "supabase://pets/cat.png", f"{url}?token=expired"):
        assert await storage.read(reference, max_bytes=2**20) == IMAGE


async def test_a_missing_file_is_not_a_missing_bucket(
    service: Server, storage: SupabaseStorage
) -> None:
    """A missing file and a missing bucket are different errors, even with a tiny limit."""
    for place, reason in ((f"{BUCKET}/cat.png", Reason.MISSING), ("b/c.png", Reason.NO_BUCKET)):
        with pytest.raises(SupabaseStorageError) as caught:
            await storage.read(f"supabase://{place}", max_bytes=1)
        assert caught.value.reason is reason


async def test_every_letter_of_a_key_arrives(
    service: Server, storage: SupabaseStorage, tmp_path: Path
) -> None:
    """Whatever the service allows in a key can be written, looked up, read and opened."""
    for size in (7, 6 * 2**20 + 1):
        clip = tmp_path / "clip.mp4"
        clip.write_bytes(os.urandom(size))
        written = await storage.write(EVERY_LETTER, clip)
        assert [*service.state.objects] == [(BUCKET, EVERY_LETTER)]
        assert await storage.stat(written.reference) == written
        assert await storage.read(written.reference, max_bytes=size) == clip.read_bytes()
        assert fetched(await storage.url(written.reference)) == clip.read_bytes()


async def test_a_private_file_gets_a_signed_url(service: Server, storage: SupabaseStorage) -> None:
    """The URL opens the file without a key, and is signed for a day."""
    service.put(KEY)
    url = await storage.url(f"supabase://{BUCKET}/{KEY}")
    assert urlsplit(url).path == f"/storage/v1/object/sign/{BUCKET}/{KEY}"
    assert fetched(url) == IMAGE
    claims = service.state.claims(url.partition("token=")[2])
    assert claims is not None
    assert service.state.lifetimes == [86_400]


async def test_a_public_file_gets_a_permanent_url(
    service: Server, storage: SupabaseStorage
) -> None:
    """The URL has no token; the bucket is looked up once."""
    service.state.buckets[BUCKET].public = True
    service.put(KEY)
    for _ in range(2):
        url = await storage.url(KEY)
        assert url == f"{service.url}/storage/v1/object/public/{BUCKET}/{KEY}"
        assert fetched(url) == IMAGE
    assert sum("/bucket/" in line for line in service.state.requests) == 1


@pytest.mark.parametrize("body", [{}, {"public": None}, {"public": "no"}, []])
async def test_whether_a_bucket_is_public_is_not_guessed(body: object) -> None:
    """Only the field `public` of a bucket is needed; without it, the response is malformed."""
    async with lending(Answering(200, b'{"id": "clips", "public": true}')) as storage:
        assert await storage.url(KEY) == f"{URL}/storage/v1/object/public/{BUCKET}/{KEY}"
    async with lending(Answering(200, json.dumps(body).encode())) as storage:
        with pytest.raises(SupabaseStorageError, match="malformed answer"):
            await storage.url(KEY)


async def test_a_response_without_a_url_is_malformed(
    service: Server, storage: SupabaseStorage
) -> None:
    """A response without a signed URL is a retryable error."""
    service.put(KEY)
    service.state.override = lambda request: (
        JSONResponse({"signedURL": None}) if request.method == "POST" else None
    )
    with pytest.raises(SupabaseStorageError, match="malformed answer") as caught:
        await storage.url(KEY)
    assert caught.value.retryable


async def test_a_lifetime_can_be_chosen(service: Server) -> None:
    """`expires_in` sets the lifetime of signed URLs, in seconds."""
    storage = SupabaseStorage(BUCKET, **service.access, expires_in=60)
    service.put(KEY)
    await storage.url(KEY)
    assert service.state.lifetimes == [60]
    await storage.aclose()


async def test_no_url_for_a_missing_file(storage: SupabaseStorage) -> None:
    """No URL can be signed for a missing file."""
    with pytest.raises(SupabaseStorageError) as caught:
        await storage.url(KEY)
    assert caught.value.reason is Reason.MISSING


@pytest.mark.parametrize("public", [False, True])
@pytest.mark.parametrize("key", ["sb_secret_of_another_project", ANON_KEY])
async def test_a_bad_key_does_not_make_files_missing(
    service: Server, key: str, *, public: bool
) -> None:
    """Files that a key may not see raise an error instead of counting as missing."""
    service.state.buckets[BUCKET].public = public
    storage = SupabaseStorage(BUCKET, url=service.url, key=key)
    with pytest.raises(SupabaseStorageError) as caught:
        await storage.stat(KEY)
    assert caught.value.reason in {Reason.DENIED, Reason.NO_BUCKET}
    assert not caught.value.retryable
    await storage.aclose()


async def test_a_missing_bucket_does_not_make_files_missing(service: Server) -> None:
    """In a missing or renamed bucket, `stat` raises an error."""
    storage = SupabaseStorage("films", **service.access)
    for reference in (KEY, f"supabase://movies/{KEY}"):
        with pytest.raises(SupabaseStorageError) as caught:
            await storage.stat(reference)
        assert caught.value.reason is Reason.NO_BUCKET
    await storage.aclose()


@pytest.mark.parametrize(
    "answer",
    [
        Response("<html>", 503),
        Response("", 429),
        Response('{"message":"Route not found","statusCode":404}', 404),
        Response("", 302, {"Location": "/"}),
    ],
)
async def test_an_outage_does_not_make_files_missing(
    service: Server, storage: SupabaseStorage, answer: Response
) -> None:
    """On any other error response, `stat` raises an error."""
    service.state.override = lambda _: answer
    with pytest.raises(StorageError):
        await storage.stat(KEY)


@pytest.mark.parametrize("lost", [False, True])
async def test_a_truncated_response_is_no_image(
    service: Server, storage: SupabaseStorage, *, lost: bool
) -> None:
    """A connection that breaks before or during a download is a retryable error."""
    url = service.put("cat.png")
    service.state.drops = lambda _: lost
    short = Response(IMAGE, headers={"Content-Length": "1000"})
    service.state.override = lambda _: None if lost else short
    with pytest.raises(StorageError) as caught:
        await storage.read(url, max_bytes=2**20)
    assert caught.value.retryable


async def test_nothing_is_decompressed() -> None:
    """A compressed response, which was not requested, is returned as it is."""
    packed = gzip.compress(bytes(2**20))
    service = Answering(200, packed, **{"Content-Encoding": "gzip"})
    async with lending(service) as storage:
        assert await storage.read("supabase://pets/cat.png", max_bytes=2**14) == packed
    assert service.requests[0].headers["Accept-Encoding"] == "identity"


async def test_a_given_client_is_used_and_stays_open() -> None:
    """Its key, URL and httpx client are used; redirects are not followed, even if it would."""
    service = Answering(307, b"", Location="http://169.254.169.254/latest/meta-data")
    async with lending(service) as storage:
        with pytest.raises(SupabaseStorageError) as caught:
            await storage.read("supabase://pets/cat.png", max_bytes=2**14)
        assert caught.value.reason is Reason.REFUSED
        with pytest.raises(SupabaseStorageError):
            await storage.stat(KEY)
    assert {request.url.host for request in service.requests} == {urlsplit(URL).hostname}
    assert all(request.headers["apiKey"] == SERVICE_KEY for request in service.requests)


async def test_a_storage_can_be_used_after_it_was_closed(
    service: Server, storage: SupabaseStorage
) -> None:
    """Connections are opened on demand, even after `aclose`."""
    service.put(KEY)
    for _ in range(2):
        assert await storage.stat(KEY)
        await storage.aclose()


def test_the_sdk_is_imported_when_it_is_used() -> None:
    """Importing the package does not import the SDK."""
    script = "import sys, vgen_supabase; sys.exit('storage3' in sys.modules)"
    subprocess.run([sys.executable, "-c", script], check=True)


def fetched(url: str) -> bytes:
    """Fetch a URL as a browser would."""
    return httpx.get(url).raise_for_status().content
