"""The choice of the clip's URL, and downloads that fail."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import trio
from trio.testing import MockClock

from vgen.errors import AttemptError, GenerationError, NetworkError
from vgen_replicate.access import Access
from vgen_replicate.download import choose_url, download

ACCESS = Access("r8_x")
OURS = "https://x.replicate.delivery"
CLIP = f"{OURS}/a/out.mp4"


@pytest.mark.parametrize(
    ("output", "clip"),
    [
        (CLIP, CLIP),
        ([f"{OURS}/preview.gif", CLIP], CLIP),
        ({"thumbnail": f"{OURS}/t.png", "video": {"url": CLIP}}, CLIP),
        ({"thumbnail": f"{OURS}/t.png?a=b.mp4", "video": f"{OURS}/raw"}, f"{OURS}/raw"),
        ({"prompt": "https://example.com/x.mp4", "video": f"{OURS}/raw"}, f"{OURS}/raw"),
        ({"first": f"{OURS}/1.webm", "second": CLIP}, f"{OURS}/1.webm"),
        (["DATA:video/mp4;base64,aGVsbG8="], "DATA:video/mp4;base64,aGVsbG8="),
        ("https://[::1", "https://[::1"),
        ({"text": "a hill", "seconds": 4}, None),
        (None, None),
    ],
    ids=str,
)
def test_the_clip_is_found_in_any_output(output: object, clip: str | None) -> None:
    """The provider's hosts come before others, videos before pictures, then the first one."""
    assert choose_url(output, ACCESS) == clip


class Drip(httpx.AsyncByteStream):
    """One byte every 30 s, for ever."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        await trio.sleep(30)
        return b"a"


def redirect(place: str) -> httpx.Response:
    """A redirect."""
    return httpx.Response(302, headers={"Location": place})


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (httpx.Response(200, stream=Drip()), NetworkError),
        (redirect("data:video/mp4;base64,aGVsbG8="), NetworkError),
        (redirect("https://[::1"), AttemptError),
        (redirect("https://example.com/clip.mp4"), GenerationError),
        (httpx.Response(404), NetworkError),
    ],
    ids=["drip", "data", "broken", "foreign", "404"],
)
async def test_a_failed_download_raises_an_error_of_vgens(
    autojump_clock: MockClock, tmp_path: Path, answer: httpx.Response, kind: type[AttemptError]
) -> None:
    """However slow or broken the server is, and no file is left."""
    transport = httpx.MockTransport(lambda _request: answer)
    async with httpx.AsyncClient(transport=transport) as client:
        with pytest.raises(kind), trio.fail_after(1000):
            await download(client, ACCESS, CLIP, tmp_path / "clip.mp4")
    assert names_in(tmp_path) == []


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("data:video/mp4;base64,aGVs\u00e9", NetworkError),
        ("data:video/mp4;base64,aGVsb", NetworkError),
        ("data:video/mp4,hello", GenerationError),
        ("https://[::1", GenerationError),
        ("http://x.replicate.delivery/a", GenerationError),
    ],
)
async def test_an_unusable_url(tmp_path: Path, url: str, kind: type[AttemptError]) -> None:
    """A URL that cannot be a clip's raises an error of vgen's."""
    async with httpx.AsyncClient() as client:
        with pytest.raises(kind):
            await download(client, ACCESS, url, tmp_path / "clip.mp4")


def names_in(folder: Path) -> list[str]:
    """The names of the files in a folder."""
    return [path.name for path in folder.iterdir()]
