"""Uploads of reference images: each is uploaded once, and again when it would expire too soon."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime

import trio

from vgen.abc import Image
from vgen.errors import GenerationError
from vgen_replicate.client import Client, UploadedImage

MAX_BYTES = 100 * 10**6
"""The most that the service takes (its OpenAPI file: "less than 100MB")."""

TYPES = frozenset({"image/jpeg", "image/png", "image/webp"})


class Uploads:
    """Caches one backend's uploads by the images' digests.

    An upload is used again if it will last `min_lifetime` seconds. Concurrent calls for one image
    share one upload.
    """

    def __init__(self, client: Client, *, min_lifetime: float) -> None:
        self._client, self._min_lifetime = client, min_lifetime
        self._kept: dict[str, UploadedImage] = {}
        self._locks: defaultdict[str, trio.Lock] = defaultdict(trio.Lock)

    async def url(self, image: Image) -> str:
        """Return the URL that the service's models read the image from; upload it if needed.

        Raises:
            GenerationError: the service does not accept the image.
            VgenError: the upload failed.
        """
        if image.media_type not in TYPES:
            raise GenerationError(f"the reference image is {image.media_type}, not JPEG or PNG")
        if len(image.data) >= MAX_BYTES:
            raise GenerationError("the reference image is larger than 100 MB")
        async with self._locks[image.sha256]:
            kept = self._kept.get(image.sha256)
            if kept is None or not self._lasts(kept):
                kept = self._kept[image.sha256] = await self._client.upload(image)
            return kept.url

    def _lasts(self, kept: UploadedImage) -> bool:
        if kept.expires_at is None:
            return True
        return (kept.expires_at - datetime.now(UTC)).total_seconds() > self._min_lifetime
