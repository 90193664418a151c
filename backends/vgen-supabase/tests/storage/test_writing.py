"""Uploads of clips: in one request or in pieces, and through broken connections."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path

import httpx
import pytest
import trio
from starlette.requests import Request
from starlette.responses import Response
from trio.testing import MockClock

from vgen_supabase import Reason, SupabaseStorage, SupabaseStorageError

from .cutting_proxy import CuttingProxy
from .lent_client import Answering, Hanging, lending
from .server import BUCKET, Server
from .state import SERVICE_KEY, Stored, never

KEY = "0b5e/clip_000.mp4"
PIECE = 6 * 2**20
LARGE = 60 * 10**6
CUTS = (1_000_000, 27_000_000, 50_000_000)
MEMORY = 100 * 10**6
TRIES = 8


def a_clip(folder: Path, size: int) -> Path:
    """Write a file of `size` random bytes."""
    path = folder / "clip.mp4"
    path.write_bytes(os.urandom(size))
    return path


def stored(service: Server) -> Stored:
    """Return the file that the service has at `KEY`."""
    return service.state.objects[BUCKET, KEY]


@pytest.mark.parametrize("size", [0, 1, 300_000, PIECE])
async def test_a_small_clip_is_sent_in_one_request(
    service: Server, storage: SupabaseStorage, tmp_path: Path, size: int
) -> None:
    """Up to 6 MiB, one request has all of it, as MP4; the reference names bucket and key."""
    clip = a_clip(tmp_path, size)
    written = await storage.write(KEY, clip)
    assert (written.reference, written.size) == (f"supabase://{BUCKET}/{KEY}", size)
    assert stored(service) == Stored(clip.read_bytes(), "video/mp4")
    sent = [line for line in service.state.requests if not line.startswith("GET")]
    assert sent == [f"POST /storage/v1/object/{BUCKET}/{KEY}"]


@pytest.mark.parametrize("size", [1000, PIECE + 1])
@pytest.mark.parametrize(
    ("ending", "media_type"),
    [
        (".mov", "video/quicktime"),
        (".webm", "video/webm"),
        (".mkv", "video/matroska"),
        (".avi", "video/vnd.avi"),
        (".MOV", "video/quicktime"),
        ("", "video/mp4"),
    ],
)
async def test_a_clip_is_served_as_what_it_is(
    service: Server,
    storage: SupabaseStorage,
    tmp_path: Path,
    size: int,
    ending: str,
    media_type: str,
) -> None:
    """The key's ending tells, in one request or in pieces, and a copy is served as its original."""
    clip, key = a_clip(tmp_path, size), f"0b5e/clip_000{ending}"
    written = await storage.write(f"0b5e/takes/clip_000-1{ending}", clip)
    await storage.copy(written.reference, key)
    assert {each.media_type for each in service.state.objects.values()} == {media_type}


async def test_a_file_is_removed_alone(
    service: Server, storage: SupabaseStorage, tmp_path: Path
) -> None:
    """Only the very key is named to the service, not all that begin so."""
    clip = a_clip(tmp_path, 1000)
    for key in (KEY, f"{KEY}.old", "0b5e/clip_000.webm"):
        await storage.write(key, clip)
    await storage.remove(f"supabase://{BUCKET}/{KEY}")
    assert set(service.state.objects) == {
        (BUCKET, f"{KEY}.old"),
        (BUCKET, "0b5e/clip_000.webm"),
    }


@pytest.mark.parametrize("size", [PIECE + 1, 2 * PIECE, 13 * 10**6])
async def test_a_large_clip_is_sent_in_pieces(
    service: Server, storage: SupabaseStorage, tmp_path: Path, size: int
) -> None:
    """Above, it is sent in pieces of 6 MiB, and replaces any file with that key."""
    service.put(KEY)
    for _ in range(2):
        clip = a_clip(tmp_path, size)
        assert (await storage.write(KEY, clip)).size == size
        assert stored(service) == Stored(clip.read_bytes(), "video/mp4")
    pieces = [line for line in service.state.requests if line.startswith("PATCH")]
    assert len(pieces) == 2 * -(-size // PIECE)


async def test_a_cut_connection_is_resumed(service: Server, tmp_path: Path) -> None:
    """60 MB through three cuts arrive intact, and little of it is sent twice."""
    clip = a_clip(tmp_path, LARGE)
    proxy = CuttingProxy(service.url, CUTS)
    async with proxy.opened() as url:
        storage = SupabaseStorage(BUCKET, url=url, key=SERVICE_KEY)
        await storage.write(KEY, clip)
        await storage.aclose()
    assert proxy.remaining == 0
    assert stored(service).data == clip.read_bytes()
    assert proxy.uploaded < LARGE + len(CUTS) * PIECE
    assert len(service.state.uploads) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from Linux's /proc")
async def test_a_large_clip_takes_little_memory(service: Server, tmp_path: Path) -> None:
    """A process that writes 60 MB through three cuts never uses 100 MB of memory."""
    clip = a_clip(tmp_path, LARGE)
    script = Path(__file__).with_name("upload_once.py")
    async with CuttingProxy(service.url, CUTS).opened() as url:
        ended = await trio.run_process(
            [sys.executable, str(script), url, SERVICE_KEY, BUCKET, KEY, str(clip)],
            capture_stdout=True,
        )
    assert stored(service).data == clip.read_bytes()
    assert int(ended.stdout) < MEMORY


@pytest.mark.parametrize("number", [0, 1, 2, 3])
async def test_a_lost_answer_does_no_harm(
    service: Server, storage: SupabaseStorage, tmp_path: Path, number: int
) -> None:
    """Whichever response of a resumable upload is lost, the clip is stored in the end."""
    seen: list[str] = []

    def drops(request: Request) -> bool:
        seen.append(request.method)
        return len(seen) == number + 1

    service.state.drops = drops
    clip = a_clip(tmp_path, 2 * PIECE + 1)
    await storage.write(KEY, clip)
    assert stored(service).data == clip.read_bytes()


async def test_arrived_is_not_stored(
    service: Server, storage: SupabaseStorage, tmp_path: Path
) -> None:
    """If all bytes arrived but the service failed to store them, the upload starts again."""
    last = str(PIECE)

    def override(request: Request) -> Response | None:
        if request.method == "HEAD":
            service.state.drops = never
            service.state.objects.clear()
        return None

    service.state.override = override
    service.state.drops = lambda request: request.headers.get("upload-offset") == last
    clip = a_clip(tmp_path, 2 * PIECE)
    await storage.write(KEY, clip)
    assert stored(service).data == clip.read_bytes()


@pytest.mark.parametrize("status", [409, 423, 429, 460, 500, 503])
async def test_a_transient_error_is_retried(
    service: Server, storage: SupabaseStorage, tmp_path: Path, status: int
) -> None:
    """After a lock, a rate limit or an outage, the offset is requested again."""
    statuses = [status]

    def override(request: Request) -> Response | None:
        if request.method != "PATCH" or not statuses:
            return None
        return Response("<html>", statuses.pop(), media_type="text/html")

    service.state.override = override
    clip = a_clip(tmp_path, 2 * PIECE)
    await storage.write(KEY, clip)
    assert not statuses
    assert stored(service).data == clip.read_bytes()
    assert [line[:4] for line in service.state.requests].count("HEAD") == 1


@pytest.mark.parametrize("status", [404, 410])
async def test_an_expired_upload_starts_again(
    service: Server, storage: SupabaseStorage, tmp_path: Path, status: int
) -> None:
    """An upload that the service has deleted is created again, from the first byte."""
    dropped: list[str] = []

    def override(request: Request) -> Response | None:
        if request.headers.get("upload-offset") == str(PIECE) and not dropped:
            dropped.append(request.url.path)
            return Response("The file for this url no longer exists", status)
        return None

    service.state.override = override
    clip = a_clip(tmp_path, 2 * PIECE)
    await storage.write(KEY, clip)
    assert len(service.state.uploads) == 2
    assert stored(service).data == clip.read_bytes()


@pytest.mark.parametrize(
    "location", ["", "http://127.0.0.1/elsewhere", "/upload/resumable/", "/upload/resumable/a/../b"]
)
async def test_an_upload_without_a_name_is_created_again(
    service: Server, storage: SupabaseStorage, tmp_path: Path, location: str
) -> None:
    """Of an upload's `Location`, only the name is used; without one, it is created again."""
    lies = [location]

    def override(request: Request) -> Response | None:
        return Response(status_code=201, headers={"Location": lies.pop()}) if lies else None

    service.state.override = override
    clip = a_clip(tmp_path, PIECE + 1)
    await storage.write(KEY, clip)
    assert stored(service).data == clip.read_bytes()
    sent = [line.split()[0] for line in service.state.requests]
    assert [method for method in sent if method != "GET"] == [
        "POST",
        "POST",
        "PATCH",
        "PATCH",
    ]


@pytest.mark.parametrize("offset", ["", "-1", "0", "9999999", "²", "6291456.0"])
async def test_an_impossible_offset_is_not_believed(
    service: Server, storage: SupabaseStorage, tmp_path: Path, offset: str
) -> None:
    """After an impossible offset, it is requested again, and the file arrives intact."""
    lies = [offset]

    def override(request: Request) -> Response | None:
        if request.method != "PATCH" or not lies:
            return None
        return Response(status_code=204, headers={"Upload-Offset": lies.pop()})

    service.state.override = override
    clip = a_clip(tmp_path, PIECE + 1)
    await storage.write(KEY, clip)
    assert not lies
    assert stored(service).data == clip.read_bytes()


def test_retries_of_an_upload_are_limited(tmp_path: Path) -> None:
    """After eight tries, with delays that double, the write fails with a retryable error."""
    service = Answering(503)
    error = failing(service, a_clip(tmp_path, PIECE + 1))
    assert (error.reason, error.retryable) == (Reason.TRY_AGAIN, True)
    assert len(service.requests) == TRIES


def test_a_permanent_error_is_not_retried(tmp_path: Path) -> None:
    """A permanent error makes the write fail at once."""
    service = Answering(413)
    error = failing(service, a_clip(tmp_path, PIECE + 1))
    assert (error.reason, error.retryable) == (Reason.TOO_LARGE, False)
    assert len(service.requests) == 1


@pytest.mark.parametrize("size", [1, PIECE + 1])
def test_a_missing_response_times_out(tmp_path: Path, size: int) -> None:
    """Without a response, the write fails with a retryable error, and leaves no generator."""
    error = failing(Hanging(), a_clip(tmp_path, size))
    assert error.retryable
    assert "no answer within" in str(error)


def failing(transport: httpx.AsyncBaseTransport, clip: Path) -> SupabaseStorageError:
    """Write a clip on a mock clock, and return the error."""

    async def write() -> SupabaseStorageError:
        async with lending(transport) as storage:
            with pytest.raises(SupabaseStorageError) as caught:
                await storage.write(KEY, clip)
            gc.collect()
            return caught.value

    return trio.run(write, clock=MockClock(autojump_threshold=0))


@pytest.mark.parametrize("number", [1, 2, 3])
async def test_a_cancelled_upload_is_all_or_nothing(
    service: Server, storage: SupabaseStorage, tmp_path: Path, number: int
) -> None:
    """Cancelled during any request, a resumable upload stores all of the clip or nothing."""
    clip = a_clip(tmp_path, 2 * PIECE)
    token, scope = trio.lowlevel.current_trio_token(), trio.CancelScope()

    def override(request: Request) -> Response | None:
        if len(service.state.requests) == number:
            token.run_sync_soon(scope.cancel)
        return None

    service.state.override = override
    with scope:
        await storage.write(KEY, clip)
    found = await storage.stat(KEY)
    assert found is None or found.size == 2 * PIECE
    await storage.write(KEY, clip)
    assert stored(service).data == clip.read_bytes()
