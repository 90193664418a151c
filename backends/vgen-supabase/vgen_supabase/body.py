"""Request bodies that stay safe when a request is cancelled halfway."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator

import httpx
import trio

from vgen.errors import StorageError

CHUNK = 256 * 2**10
"""How many bytes of a file are in memory at a time."""


class BytesBody(httpx.AsyncByteStream):
    """Bytes. httpx's own stream is an async generator, which a cancelled send leaves unfinished."""

    def __init__(self, content: bytes) -> None:
        self._remaining = [content]

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if not self._remaining:
            raise StopAsyncIteration
        return self._remaining.pop()


class FilePart(httpx.AsyncByteStream):
    """`length` bytes of an open file, from `offset` on, read in a thread while they are sent.

    The request fails with `StorageError` if the file has become shorter, and with `OSError` if it
    cannot be read.
    """

    def __init__(self, descriptor: int, offset: int, length: int) -> None:
        self.length = length
        self._descriptor = descriptor
        self._offset, self._end = offset, offset + length

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        wanted = min(CHUNK, self._end - self._offset)
        if not wanted:
            raise StopAsyncIteration
        data = await trio.to_thread.run_sync(os.pread, self._descriptor, wanted, self._offset)
        if not data:
            raise StorageError("the file became shorter while it was sent")
        self._offset += len(data)
        return data
