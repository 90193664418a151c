"""Reference images as backends are handed them, and clips as they are stored."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from errno import ENOSPC
from io import BytesIO
from pathlib import Path
from typing import Literal, TypeVar

import pytest
import trio
from PIL import Image

from tests.video.clips import HEIGHT, WIDTH, clouds, encode
from vgen.drive.media.inspector import Inspector
from vgen.errors import StorageError
from vgen.testing import tiny_clip
from vgen.video import sampling

T = TypeVar("T")
FOREIGN: tuple[Literal["matroska", "webm"], ...] = ("matroska", "webm")


async def test_an_avif_image_is_handed_on_as_jpeg() -> None:
    """A backend is handed what all models read, under the digest of the file that was read."""
    file = BytesIO()
    Image.new("RGB", (8, 4), "teal").save(file, "AVIF")
    image = await Inspector().image(file.getvalue())
    assert image.sha256 == hashlib.sha256(file.getvalue()).hexdigest()
    assert image.media_type == "image/jpeg"
    assert image.data.startswith(b"\xff\xd8\xff")


async def test_a_clip_is_brought_into_mp4(tmp_path: Path) -> None:
    """In a worker thread; where MP4 does not take it there is no file."""
    inspector = Inspector()
    made: list[bool] = []
    for container in FOREIGN:
        source, target = tmp_path / container, tmp_path / f"{container}.mp4"
        source.write_bytes(tiny_clip(1.0, container=container))
        made.append(await inspector.as_mp4(source, await inspector.video(source), target))
    assert made == [True, False]
    assert (await inspector.video(tmp_path / "matroska.mp4")).info.container == "mp4"
    assert not await trio.Path(tmp_path, "webm.mp4").exists()


async def test_no_room_for_a_copy_may_pass(tmp_path: Path) -> None:
    """It is no fault of the clip's, and can be tried again."""

    async def full(_function: Callable[[], T]) -> T:
        raise OSError(ENOSPC, "No space left on device")

    source = tmp_path / "source"
    source.write_bytes(tiny_clip(1.0, container="matroska"))
    found = await Inspector().video(source)
    with pytest.raises(StorageError, match=r"cannot write .*: No space left") as caught:
        await Inspector(in_thread=full).as_mp4(source, found, tmp_path / "target.mp4")
    assert caught.value.retryable


async def test_a_thorough_one_decodes_every_frame(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise a sample is enough."""
    monkeypatch.setattr(sampling, "SAMPLED_PIXELS", sampling.SAMPLED * WIDTH * HEIGHT)
    path = encode(tmp_path / "clip.mp4", clouds(60))
    judged = [
        (await Inspector(thorough=thorough).video(path)).judgement.frames_judged
        for thorough in (False, True)
    ]
    assert judged[0] < judged[1] == 60
