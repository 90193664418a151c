"""Storage of uploaded files, until they expire."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from random import Random
from typing import Any
from uuid import UUID

from attrs import define, field, frozen

FILE_SECONDS = 24 * 3600.0
"""How long a file is kept after its upload."""

MAX_FILE_BYTES = 100_000_000


@frozen
class StoredFile:
    """An uploaded file; times are in the service's seconds."""

    id: str
    name: str
    content_type: str
    content: bytes = field(repr=False)
    metadata: Mapping[str, Any]
    created: float
    expires: float


def signature(secret: str, owner: str, file_id: str, expiry: int) -> str:
    """Return a download URL's signature: HMAC-SHA256 of `owner id expiry`, in base64."""
    words = f"{owner} {file_id} {expiry}".encode()
    return base64.b64encode(hmac.digest(secret.encode(), words, hashlib.sha256)).decode()


@define
class FileStore:
    """All files that have not expired."""

    random: Random
    _files: dict[str, StoredFile] = field(factory=dict[str, StoredFile])

    def add(
        self, name: str, content_type: str, content: bytes, metadata: Mapping[str, Any], now: float
    ) -> StoredFile:
        """Store a file for a day."""
        uuid = UUID(int=self.random.getrandbits(128), version=4)
        file_id = base64.b64encode(str(uuid).encode()).decode()
        file = StoredFile(file_id, name, content_type, content, metadata, now, now + FILE_SECONDS)
        self._files[file_id] = file
        return file

    def get(self, file_id: str, now: float) -> StoredFile | None:
        """Return the file; `None` if there is none or it has expired."""
        self._drop_expired(now)
        return self._files.get(file_id)

    def remove(self, file_id: str, now: float) -> bool:
        """Delete a file; return whether there was one."""
        self._drop_expired(now)
        return self._files.pop(file_id, None) is not None

    def newest_first(self, now: float) -> list[StoredFile]:
        """Return all files that have not expired."""
        self._drop_expired(now)
        return list(reversed(self._files.values()))

    def _drop_expired(self, now: float) -> None:
        # All have the same lifetime, so the oldest expire first.
        while self._files:
            oldest = next(iter(self._files.values()))
            if oldest.expires > now:
                break
            del self._files[oldest.id]
