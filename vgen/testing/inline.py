"""Inspecting clips without threads, so that a virtual clock cannot run ahead of the work."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

import trio
from attrs import evolve

from vgen.drive.media.inspector import Inspector
from vgen.records.request import Image
from vgen.records.video import Inspection
from vgen.testing.clips import without_free_boxes

T = TypeVar("T")


async def _run_inline(function: Callable[[], T]) -> T:
    await trio.lowlevel.checkpoint()
    return function()


@lru_cache(maxsize=256)
def _inspect_cached(content: bytes, *, thorough: bool, asked: float | None) -> Inspection:
    from vgen.video import inspect  # noqa: PLC0415 (PyAV loads when it is first needed)

    return inspect(content, thorough=thorough, asked=asked)


class InlineInspector(Inspector):
    """The real inspector, working in the calling task; results are cached by what is shown."""

    def __init__(self, *, thorough: bool = False) -> None:
        super().__init__(thorough=thorough, in_thread=_run_inline)
        self._thorough = thorough
        self._images: dict[bytes, Image] = {}

    async def image(self, data: bytes) -> Image:
        """Check a reference image."""
        if data not in self._images:
            self._images[data] = await super().image(data)
        return self._images[data]

    async def video(self, path: Path, *, asked: float | None = None) -> Inspection:
        """Probe and judge a clip."""
        await trio.lowlevel.checkpoint()
        content = path.read_bytes()  # noqa: ASYNC240 (threads outrun a virtual clock)
        shown = without_free_boxes(content)
        found = _inspect_cached(shown, thorough=self._thorough, asked=asked)
        return evolve(found, info=evolve(found.info, size_bytes=len(content)))


def inline_inspector(*, thorough: bool = False) -> Inspector:
    """Return the real inspector, working in the calling task: for small files only."""
    return InlineInspector(thorough=thorough)
