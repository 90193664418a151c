"""How images are read, files looked up, and URLs minted."""

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

from .books import ANON_KEY, SERVICE_KEY, Bucket
from .lent import URL, Answering, lending
from .served import BUCKET, IMAGE, Served

KEY = "job/clip_000.mp4"
EVERY_LETTER = "aZ09_/!.*'() &$=@;:+,?-"


async def test_a_file_is_read_from_any_bucket(service: Served, storage: SupabaseStorage) -> None:
    """By a URL or by the reference, from a private bucket too."""
    service.books.buckets["pets"] = Bucket()
    url = service.put("cat.png", bucket="pets")
    for reference in (url, "supabase://pets/cat.png", f"{url}?token=expired"):
        assert await storage.read(reference, max_bytes=2**20) == IMAGE


async def test_why_a_file_is_not_read(service: Served, storage: SupabaseStorage) -> None:
    """Missing, or in no bucket, is told apart however few bytes were to be read."""
    for place, reason in ((f"{BUCKET}/cat.png", Reason.MISSING), ("b/c.png", Reason.NO_BUCKET)):
        with pytest.raises(SupabaseStorageError) as caught:
            await storage.read(f"supabase://{place}", max_bytes=1)
        assert caught.value.reason is reason


async def test_every_letter_of_a_key_arrives(
    service: Served, storage: SupabaseStorage, tmp_path: Path
) -> None:
    """Whatever the service allows in a key can be written, looked up, read and opened."""
    for size in (7, 6 * 2**20 + 1):
        clip = tmp_path / "clip.mp4"
        clip.write_bytes(os.urandom(size))
        written = await storage.write(EVERY_LETTER, clip)
        assert [*service.books.objects] == [(BUCKET, EVERY_LETTER)]
        assert await storage.stat(written.reference) == written
        assert await storage.read(written.reference, max_bytes=size) == clip.read_bytes()
        assert fetched(await storage.url(written.reference)) == clip.read_bytes()


async def test_a_private_file_gets_a_signed_url(service: Served, storage: SupabaseStorage) -> None:
    """Anybody can open it, for as long as was said, and no other file with it."""
    service.put(KEY)
    url = await storage.url(f"supabase://{BUCKET}/{KEY}")
    assert urlsplit(url).path == f"/storage/v1/object/sign/{BUCKET}/{KEY}"
    assert fetched(url) == IMAGE
    claims = service.books.claims(url.partition("token=")[2])
    assert claims is not None
    assert service.books.lifetimes == [86_400]


async def test_a_public_file_gets_a_lasting_url(service: Served, storage: SupabaseStorage) -> None:
    """Without a token; the bucket is asked about once."""
    service.books.buckets[BUCKET].public = True
    service.put(KEY)
    for _ in range(2):
        url = await storage.url(KEY)
        assert url == f"{service.url}/storage/v1/object/public/{BUCKET}/{KEY}"
        assert fetched(url) == IMAGE
    assert sum("/bucket/" in asked for asked in service.books.asked) == 1


@pytest.mark.parametrize("told", [{}, {"public": None}, {"public": "no"}, []])
async def test_a_bucket_is_public_or_not(told: object) -> None:
    """Of a bucket, nothing else is asked of the service, and that is not guessed."""
    async with lending(Answering(200, b'{"id": "clips", "public": true}')) as storage:
        assert await storage.url(KEY) == f"{URL}/storage/v1/object/public/{BUCKET}/{KEY}"
    async with lending(Answering(200, json.dumps(told).encode())) as storage:
        with pytest.raises(SupabaseStorageError, match="malformed answer"):
            await storage.url(KEY)


async def test_an_answer_without_a_url_is_unsound(
    service: Served, storage: SupabaseStorage
) -> None:
    """A service that signs nothing may be asked again."""
    service.put(KEY)
    service.books.instead = lambda request: (
        JSONResponse({"signedURL": None}) if request.method == "POST" else None
    )
    with pytest.raises(SupabaseStorageError, match="malformed answer") as caught:
        await storage.url(KEY)
    assert caught.value.retryable


async def test_a_lifetime_can_be_chosen(service: Served) -> None:
    """In seconds."""
    storage = SupabaseStorage(BUCKET, **service.access, expires_in=60)
    service.put(KEY)
    await storage.url(KEY)
    assert service.books.lifetimes == [60]
    await storage.aclose()


async def test_no_url_for_what_is_not_there(storage: SupabaseStorage) -> None:
    """A file that is not there cannot be signed for."""
    with pytest.raises(SupabaseStorageError) as caught:
        await storage.url(KEY)
    assert caught.value.reason is Reason.MISSING


@pytest.mark.parametrize("public", [False, True])
@pytest.mark.parametrize("key", ["sb_secret_of_another_project", ANON_KEY])
async def test_a_bad_key_makes_nothing_missing(service: Served, key: str, *, public: bool) -> None:
    """To a key that may not see, the service denies what is there: that is no proof."""
    service.books.buckets[BUCKET].public = public
    storage = SupabaseStorage(BUCKET, url=service.url, key=key)
    with pytest.raises(SupabaseStorageError) as caught:
        await storage.stat(KEY)
    assert caught.value.reason in {Reason.DENIED, Reason.NO_BUCKET}
    assert not caught.value.retryable
    await storage.aclose()


async def test_a_missing_bucket_makes_nothing_missing(service: Served) -> None:
    """Nor does a bucket that is not there, or was renamed."""
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
async def test_an_outage_makes_nothing_missing(
    service: Served, storage: SupabaseStorage, answer: Response
) -> None:
    """Whatever else the service says, or somebody in its place."""
    service.books.instead = lambda _: answer
    with pytest.raises(StorageError):
        await storage.stat(KEY)


@pytest.mark.parametrize("lost", [False, True])
async def test_an_answer_cut_short_is_no_image(
    service: Served, storage: SupabaseStorage, *, lost: bool
) -> None:
    """A connection that breaks, before or while an image comes: an error that may pass."""
    url = service.put("cat.png")
    service.books.loses = lambda _: lost
    short = Response(IMAGE, headers={"Content-Length": "1000"})
    service.books.instead = lambda _: None if lost else short
    with pytest.raises(StorageError) as caught:
        await storage.read(url, max_bytes=2**20)
    assert caught.value.retryable


async def test_nothing_is_unpacked() -> None:
    """A packed answer, which was not asked for, is taken as it came: it is no picture."""
    packed = gzip.compress(bytes(2**20))
    service = Answering(200, packed, **{"Content-Encoding": "gzip"})
    async with lending(service) as storage:
        assert await storage.read("supabase://pets/cat.png", max_bytes=2**14) == packed
    assert service.asked[0].headers["Accept-Encoding"] == "identity"


async def test_a_given_client_is_used_and_stays_open() -> None:
    """Its key, its URL and its httpx client are; redirects are not followed even if it would."""
    service = Answering(307, b"", Location="http://169.254.169.254/latest/meta-data")
    async with lending(service) as storage:
        with pytest.raises(SupabaseStorageError) as caught:
            await storage.read("supabase://pets/cat.png", max_bytes=2**14)
        assert caught.value.reason is Reason.REFUSED
        with pytest.raises(SupabaseStorageError):
            await storage.stat(KEY)
    assert {request.url.host for request in service.asked} == {urlsplit(URL).hostname}
    assert all(request.headers["apiKey"] == SERVICE_KEY for request in service.asked)


async def test_a_storage_can_be_used_after_it_was_closed(
    service: Served, storage: SupabaseStorage
) -> None:
    """Connections are opened when they are needed."""
    service.put(KEY)
    for _ in range(2):
        assert await storage.stat(KEY)
        await storage.aclose()


def test_the_sdk_is_imported_when_it_is_used() -> None:
    """Importing the package costs next to nothing."""
    script = "import sys, vgen_supabase; sys.exit('storage3' in sys.modules)"
    subprocess.run([sys.executable, "-c", script], check=True)


def fetched(url: str) -> bytes:
    """Open a URL as a browser would."""
    return httpx.get(url).raise_for_status().content
