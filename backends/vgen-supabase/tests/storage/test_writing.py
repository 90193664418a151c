"""How clips go up: in one piece or in many, whole, and through broken connections."""

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

from .books import SERVICE_KEY, Stored, never
from .cutter import Cutter
from .lent import Answering, Hanging, lending
from .served import BUCKET, Served

KEY = "0b5e/clip_000.mp4"
PIECE = 6 * 2**20
LARGE = 60 * 10**6
CUTS = (1_000_000, 27_000_000, 50_000_000)
MEMORY = 100 * 10**6
TRIES = 8


def a_clip(folder: Path, size: int) -> Path:
    """Write a file of so many bytes that nobody could guess."""
    path = folder / "clip.mp4"
    path.write_bytes(os.urandom(size))
    return path


def stored(service: Served) -> Stored:
    """Give what the service has at the one key."""
    return service.books.objects[BUCKET, KEY]


@pytest.mark.parametrize("size", [0, 1, 300_000, PIECE])
async def test_a_small_clip_goes_up_in_one_request(
    service: Served, storage: SupabaseStorage, tmp_path: Path, size: int
) -> None:
    """To 6 MiB, one request carries all of it, as MP4; the reference names bucket and key."""
    clip = a_clip(tmp_path, size)
    written = await storage.write(KEY, clip)
    assert (written.reference, written.size) == (f"supabase://{BUCKET}/{KEY}", size)
    assert stored(service) == Stored(clip.read_bytes(), "video/mp4")
    assert service.books.asked == [f"POST /storage/v1/object/{BUCKET}/{KEY}"]


@pytest.mark.parametrize("size", [PIECE + 1, 2 * PIECE, 13 * 10**6])
async def test_a_large_clip_goes_up_in_pieces(
    service: Served, storage: SupabaseStorage, tmp_path: Path, size: int
) -> None:
    """Above, it goes up in pieces of 6 MiB, again and again, in the place of what was there."""
    service.put(KEY)
    for _ in range(2):
        clip = a_clip(tmp_path, size)
        assert (await storage.write(KEY, clip)).size == size
        assert stored(service) == Stored(clip.read_bytes(), "video/mp4")
    pieces = [asked for asked in service.books.asked if asked.startswith("PATCH")]
    assert len(pieces) == 2 * -(-size // PIECE)


async def test_a_cut_connection_is_resumed(service: Served, tmp_path: Path) -> None:
    """60 MB through three cuts arrive byte for byte, and little of it is sent twice."""
    clip = a_clip(tmp_path, LARGE)
    cutter = Cutter(service.url, CUTS)
    async with cutter.opened() as url:
        storage = SupabaseStorage(BUCKET, url=url, key=SERVICE_KEY)
        await storage.write(KEY, clip)
        await storage.aclose()
    assert cutter.left == 0
    assert stored(service).data == clip.read_bytes()
    assert cutter.up < LARGE + len(CUTS) * PIECE
    assert len(service.books.uploads) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from Linux's /proc")
async def test_a_large_clip_takes_little_memory(service: Served, tmp_path: Path) -> None:
    """A process that writes 60 MB through three cuts has at no time as much as 100 MB."""
    clip = a_clip(tmp_path, LARGE)
    script = Path(__file__).with_name("upload_once.py")
    async with Cutter(service.url, CUTS).opened() as url:
        ended = await trio.run_process(
            [sys.executable, str(script), url, SERVICE_KEY, BUCKET, KEY, str(clip)],
            capture_stdout=True,
        )
    assert stored(service).data == clip.read_bytes()
    assert int(ended.stdout) < MEMORY


@pytest.mark.parametrize("number", [0, 1, 2, 3])
async def test_a_lost_answer_does_no_harm(
    service: Served, storage: SupabaseStorage, tmp_path: Path, number: int
) -> None:
    """Whichever answer of a resumable upload is lost, the clip is there in the end."""
    seen: list[str] = []

    def loses(request: Request) -> bool:
        seen.append(request.method)
        return len(seen) == number + 1

    service.books.loses = loses
    clip = a_clip(tmp_path, 2 * PIECE + 1)
    await storage.write(KEY, clip)
    assert stored(service).data == clip.read_bytes()


async def test_arrived_is_not_stored(
    service: Served, storage: SupabaseStorage, tmp_path: Path
) -> None:
    """A service that has all of a clip, but failed to put it into its place, is sent it anew."""
    last = str(PIECE)

    def instead(request: Request) -> Response | None:
        if request.method == "HEAD":
            service.books.loses = never
            service.books.objects.clear()
        return None

    service.books.instead = instead
    service.books.loses = lambda request: request.headers.get("upload-offset") == last
    clip = a_clip(tmp_path, 2 * PIECE)
    await storage.write(KEY, clip)
    assert stored(service).data == clip.read_bytes()


@pytest.mark.parametrize("status", [409, 423, 429, 460, 500, 503])
async def test_a_trouble_in_between_is_outlived(
    service: Served, storage: SupabaseStorage, tmp_path: Path, status: int
) -> None:
    """What may pass (a lock, a crowd, an outage) is waited for, and the count asked anew."""
    troubles = [status]

    def instead(request: Request) -> Response | None:
        if request.method != "PATCH" or not troubles:
            return None
        return Response("<html>", troubles.pop(), media_type="text/html")

    service.books.instead = instead
    clip = a_clip(tmp_path, 2 * PIECE)
    await storage.write(KEY, clip)
    assert not troubles
    assert stored(service).data == clip.read_bytes()
    assert [asked[:4] for asked in service.books.asked].count("HEAD") == 1


@pytest.mark.parametrize("status", [404, 410])
async def test_an_expired_upload_starts_again(
    service: Served, storage: SupabaseStorage, tmp_path: Path, status: int
) -> None:
    """An upload that the service has dropped is made anew, from the first byte on."""
    dropped: list[str] = []

    def instead(request: Request) -> Response | None:
        if request.headers.get("upload-offset") == str(PIECE) and not dropped:
            dropped.append(request.url.path)
            return Response("The file for this url no longer exists", status)
        return None

    service.books.instead = instead
    clip = a_clip(tmp_path, 2 * PIECE)
    await storage.write(KEY, clip)
    assert len(service.books.uploads) == 2
    assert stored(service).data == clip.read_bytes()


@pytest.mark.parametrize(
    "location", ["", "http://127.0.0.1/elsewhere", "/upload/resumable/", "/upload/resumable/a/../b"]
)
async def test_an_upload_without_a_name_is_asked_for_again(
    service: Served, storage: SupabaseStorage, tmp_path: Path, location: str
) -> None:
    """Of where an upload is said to be, only its name counts, and it must have one."""
    lies = [location]

    def instead(request: Request) -> Response | None:
        return Response(status_code=201, headers={"Location": lies.pop()}) if lies else None

    service.books.instead = instead
    clip = a_clip(tmp_path, PIECE + 1)
    await storage.write(KEY, clip)
    assert stored(service).data == clip.read_bytes()
    assert [asked.split()[0] for asked in service.books.asked] == ["POST", "POST", "PATCH", "PATCH"]


@pytest.mark.parametrize("told", ["", "-1", "0", "9999999", "²", "6291456.0"])
async def test_a_count_that_cannot_be_is_not_believed(
    service: Served, storage: SupabaseStorage, tmp_path: Path, told: str
) -> None:
    """A service that has lost count is asked again, and nothing is left out or sent twice."""
    lies = [told]

    def instead(request: Request) -> Response | None:
        if request.method != "PATCH" or not lies:
            return None
        return Response(status_code=204, headers={"Upload-Offset": lies.pop()})

    service.books.instead = instead
    clip = a_clip(tmp_path, PIECE + 1)
    await storage.write(KEY, clip)
    assert not lies
    assert stored(service).data == clip.read_bytes()


def test_an_outage_is_not_waited_for_without_end(tmp_path: Path) -> None:
    """After eight tries, with waits that double, the write fails and may be tried again."""
    service = Answering(503)
    error = failing(service, a_clip(tmp_path, PIECE + 1))
    assert (error.reason, error.retryable) == (Reason.TRY_AGAIN, True)
    assert len(service.asked) == TRIES


def test_a_refusal_is_not_repeated(tmp_path: Path) -> None:
    """What waiting does not help fails at once."""
    service = Answering(413)
    error = failing(service, a_clip(tmp_path, PIECE + 1))
    assert (error.reason, error.retryable) == (Reason.TOO_LARGE, False)
    assert len(service.asked) == 1


@pytest.mark.parametrize("size", [1, PIECE + 1])
def test_silence_is_bounded(tmp_path: Path, size: int) -> None:
    """A service that never answers is given up, leaving no generator, and may be tried again."""
    error = failing(Hanging(), a_clip(tmp_path, size))
    assert error.retryable
    assert "no answer within" in str(error)


def failing(transport: httpx.AsyncBaseTransport, clip: Path) -> SupabaseStorageError:
    """Write a clip in vain, in no time, and give the error."""

    async def write() -> SupabaseStorageError:
        async with lending(transport) as storage:
            with pytest.raises(SupabaseStorageError) as caught:
                await storage.write(KEY, clip)
            gc.collect()
            return caught.value

    return trio.run(write, clock=MockClock(autojump_threshold=0))


@pytest.mark.parametrize("number", [1, 2, 3])
async def test_a_cancelled_upload_leaves_nothing_half(
    service: Served, storage: SupabaseStorage, tmp_path: Path, number: int
) -> None:
    """Cancelled during any of its requests, a resumable upload shows nothing, or all of it."""
    clip = a_clip(tmp_path, 2 * PIECE)
    token, scope = trio.lowlevel.current_trio_token(), trio.CancelScope()

    def instead(request: Request) -> Response | None:
        if len(service.books.asked) == number:
            token.run_sync_soon(scope.cancel)
        return None

    service.books.instead = instead
    with scope:
        await storage.write(KEY, clip)
    found = await storage.stat(KEY)
    assert found is None or found.size == 2 * PIECE
    await storage.write(KEY, clip)
    assert stored(service).data == clip.read_bytes()
