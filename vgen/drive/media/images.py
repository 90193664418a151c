"""Reference images: read from storage once per job, checked, and kept while it runs."""

from __future__ import annotations

from collections.abc import Iterable

import trio
from attrs import evolve, frozen

from vgen.drive.media.inspector import Inspector
from vgen.errors import StorageError
from vgen.ports.storage import Storage
from vgen.records import data_url
from vgen.records.prompt import ClipPrompt
from vgen.records.redaction import without_secrets
from vgen.records.request import Image

TRIES = 3


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
        self._inline: dict[str, bytes] = {}
        self._read: dict[str, Image | NoImage] = {}
        self._locks: dict[str, trio.Lock] = {}

    def take_in(self, prompts: Iterable[ClipPrompt]) -> tuple[ClipPrompt, ...]:
        """Keep what their `data:` URLs hold, and return the prompts with short names instead.

        A ledger and its readers see only these: they say which bytes it was, and do not hold them.
        """
        return tuple(map(self._without_data, prompts))

    def _without_data(self, prompt: ClipPrompt) -> ClipPrompt:
        url = prompt.scene_reference_url
        if url is None or not data_url.is_data_url(url) or "," not in url:
            return prompt
        name, data = data_url.named(url)
        self._inline[name] = data
        return evolve(prompt, scene_reference_url=name)

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
        if data_url.is_data_url(reference):
            return await self._checked(reference, self._kept(reference))
        reason = ""
        for tried in range(TRIES):
            if tried:
                await trio.sleep(self._backoff * 2 ** (tried - 1))
            try:
                data = await self._storage.read(reference, max_bytes=data_url.MAX_BYTES)
            except StorageError as error:
                if not error.retryable:
                    raise
                reason = str(error)
            else:
                return await self._checked(reference, data)
        return NoImage(reason)

    def _kept(self, name: str) -> bytes:
        if name not in self._inline:
            raise StorageError(f"{name}: is not kept, and must be given again with the prompts")
        return self._inline[name]

    async def _checked(self, reference: str, data: bytes) -> Image:
        try:
            return await self._inspector.image(data)
        except StorageError as error:
            raise StorageError(f"{without_secrets(reference)}: {error}") from error
