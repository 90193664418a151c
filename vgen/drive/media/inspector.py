"""Checking images and clips in worker threads."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol, TypeVar

import trio

from vgen.errors import StorageError
from vgen.records.request import Image
from vgen.records.video import Inspection

T = TypeVar("T")


class InThread(Protocol):
    """How a blocking function is run, as `trio.to_thread.run_sync` does."""

    def __call__(self, function: Callable[[], T], /) -> Awaitable[T]:
        """Run the function and return its result."""
        ...


class Inspector:
    """Checks reference images, probes and judges clips.

    `thorough` decodes every frame rather than a sample. Cancellation waits for the thread at work,
    well under a second.
    """

    def __init__(self, *, thorough: bool = False, in_thread: InThread | None = None) -> None:
        self._thorough = thorough
        self._in_thread = in_thread or trio.to_thread.run_sync

    async def image(self, data: bytes) -> Image:
        """Check a reference image.

        AVIF and HEIC become JPEG or PNG, which all backends read; `sha256` is that of the bytes as
        they came.

        Raises:
            StorageError: it is no picture that can be used; the message says why.
        """
        from vgen.video.image import widely_read  # noqa: PLC0415 (PyAV loads when it is first needed)

        try:
            info, usable = await self._in_thread(lambda: widely_read(data))
        except ValueError as error:
            raise StorageError(str(error)) from error
        return Image(
            data=usable,
            media_type=info.media_type,
            width=info.width,
            height=info.height,
            sha256=hashlib.sha256(data).hexdigest(),
        )

    async def video(self, path: Path, *, asked: float | None = None) -> Inspection:
        """Probe and judge a clip that was to last `asked` seconds (`None`: nobody knows).

        Raises:
            VideoError: it is no video that can be played.
        """
        from vgen.video import inspect  # noqa: PLC0415 (PyAV loads when it is first needed)

        return await self._in_thread(lambda: inspect(path, thorough=self._thorough, asked=asked))

    async def as_mp4(self, path: Path, found: Inspection, target: Path) -> bool:
        """Copy a clip's packets into an MP4 file at `target`; whether MP4 takes all of them.

        The same file gives the same bytes. Where it cannot be copied, there is nothing at `target`.

        Raises:
            StorageError: `target` cannot be written now.
        """
        from vgen.video.remux import remux  # noqa: PLC0415 (PyAV loads when it is first needed)

        try:
            return await self._in_thread(lambda: remux(path, found.info, target))
        except OSError as error:
            message = f"cannot write {target}: {error.strerror}"
            raise StorageError(message, retryable=True) from error
