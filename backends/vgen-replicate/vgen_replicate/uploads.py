"""Reference images at the service: each uploaded once, and again when it would be gone too soon."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime

import trio

from vgen.abc import Image
from vgen.errors import GenerationError
from vgen_replicate.wire import Uploaded, Wire

MAX_BYTES = 100 * 10**6
"""The most that the service takes (its OpenAPI file: "less than 100MB")."""

TYPES = frozenset({"image/jpeg", "image/png", "image/webp"})


class Uploads:
    """The images of one backend, by their digests; `needed` says for how many seconds they serve.

    Whoever asks for an image that is being uploaded waits for that upload.
    """

    def __init__(self, wire: Wire, *, needed: float) -> None:
        self._wire, self._needed = wire, needed
        self._kept: dict[str, Uploaded] = {}
        self._locks: defaultdict[str, trio.Lock] = defaultdict(trio.Lock)

    async def url(self, image: Image) -> str:
        """Give the URL by which the service's models read the image.

        Raises:
            GenerationError: the service takes no such image.
            VgenError: it could not be uploaded.
        """
        if image.media_type not in TYPES:
            raise GenerationError(f"the reference image is {image.media_type}, not JPEG or PNG")
        if len(image.data) >= MAX_BYTES:
            raise GenerationError("the reference image is larger than 100 MB")
        async with self._locks[image.sha256]:
            kept = self._kept.get(image.sha256)
            if kept is None or not self._lasts(kept):
                kept = self._kept[image.sha256] = await self._wire.upload(image)
            return kept.url

    def _lasts(self, kept: Uploaded) -> bool:
        if kept.expires_at is None:
            return True
        return (kept.expires_at - datetime.now(UTC)).total_seconds() > self._needed
