"""Reference images: read from storage once per job, checked, and kept while it runs."""

from __future__ import annotations

import trio
from attrs import frozen

from vgen.drive.media.inspector import Inspector
from vgen.errors import StorageError
from vgen.ports.storage import Storage
from vgen.records.redaction import without_secrets
from vgen.records.request import Image

TRIES = 3
MAX_BYTES = 25 * 2**20
"""The largest image file that is read: well above a camera's JPEG of 50 megapixels."""


@frozen
class NoImage:
    """The image is unavailable: after three tries, or `for_good`; `reason` says why."""

    reason: str
    for_good: bool = False


class Images:
    """The reference images of one job."""

    def __init__(self, storage: Storage, inspector: Inspector, *, backoff: float) -> None:
        self._storage = storage
        self._inspector = inspector
        self._backoff = backoff
        self._read: dict[str, Image | NoImage] = {}
        self._locks: dict[str, trio.Lock] = {}

    async def get(self, reference: str) -> Image | NoImage:
        """Return an image, read at most once.

        Raises:
            StorageError: it is missing, forbidden, too large or no picture; trying again is no use.
        """
        async with self._locks.setdefault(reference, trio.Lock()):
            if reference not in self._read:
                self._read[reference] = await self._try(reference)
            return self._read[reference]

    async def _try(self, reference: str) -> Image | NoImage:
        reason = ""
        for tried in range(TRIES):
            if tried:
                await trio.sleep(self._backoff * 2 ** (tried - 1))
            try:
                data = await self._storage.read(reference, max_bytes=MAX_BYTES)
            except StorageError as error:
                if not error.retryable:
                    raise
                reason = str(error)
            else:
                return await self._checked(reference, data)
        return NoImage(reason)

    async def _checked(self, reference: str, data: bytes) -> Image:
        try:
            return await self._inspector.image(data)
        except StorageError as error:
            raise StorageError(f"{without_secrets(reference)}: {error}") from error
