"""What is sent up: bodies that a cancelled request can leave where they are."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator

import httpx
import trio

from vgen.errors import StorageError

AT_ONCE = 256 * 2**10
"""So much of a file is in memory, in bytes."""


class Whole(httpx.AsyncByteStream):
    """Bytes. httpx's own stream of them is an async generator, which a cancelled send abandons."""

    def __init__(self, content: bytes) -> None:
        self._left = [content]

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if not self._left:
            raise StopAsyncIteration
        return self._left.pop()


class Part(httpx.AsyncByteStream):
    """So many bytes of an open file, from an offset on; read in a thread, as they are sent.

    Ends the request with `StorageError` where the file has become shorter, and with `OSError`
    where it cannot be read.
    """

    def __init__(self, descriptor: int, offset: int, length: int) -> None:
        self.length = length
        self._descriptor = descriptor
        self._offset, self._end = offset, offset + length

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        wanted = min(AT_ONCE, self._end - self._offset)
        if not wanted:
            raise StopAsyncIteration
        data = await trio.to_thread.run_sync(os.pread, self._descriptor, wanted, self._offset)
        if not data:
            raise StorageError("the file became shorter while it was sent")
        self._offset += len(data)
        return data
