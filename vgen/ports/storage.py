"""The port to where reference images are read and finished clips are written."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path

from vgen.records.clip import StoredFile


class Storage(ABC):
    """Where a service keeps its files.

    Every method may be cancelled at any point and may be repeated; a `write` that was cut short
    leaves nothing to be seen. All raise `StorageError`, marked retryable or not.
    """

    @abstractmethod
    async def read(self, reference: str, *, max_bytes: int) -> bytes:
        """Read an image by what the user wrote: a URL, or a path where the storage has paths.

        Raises:
            StorageError: it is missing, forbidden, larger than `max_bytes`, or unavailable.
        """

    @abstractmethod
    async def write(self, key: str, path: Path) -> StoredFile:
        """Store the video at `path` under `key`, whole or not at all, replacing what was there.

        `vgen.abc.media_type` tells by the key what it is to be served as: mostly MP4.

        Raises:
            StorageError: the key is not acceptable, or the file cannot be written.
        """

    async def check_writable(self, key: str) -> None:  # noqa: B027 (not every storage can tell)
        """Find out, before a clip is paid for, that no file could be written under `key`.

        Writes nothing. By default it does nothing: a storage that cannot tell lets `write` tell.

        Raises:
            StorageError: `write` would fail for good.
        """

    @abstractmethod
    async def copy(self, reference: str, key: str) -> StoredFile:
        """Copy a stored file to `key`, whole or not at all, replacing what was there.

        Later changes of either file leave the other as it is.

        Raises:
            StorageError: there is no such file, the key is not acceptable, or it cannot be written.
        """

    @abstractmethod
    async def remove(self, reference: str) -> None:
        """Remove a stored file; nothing happens where there is none.

        Only copies of takes are removed, never a take's own file.

        Raises:
            StorageError: it cannot be removed now.
        """

    @abstractmethod
    async def stat(self, reference: str) -> StoredFile | None:
        """Look a stored file up; `None` where there is none."""

    @abstractmethod
    async def url(self, reference: str) -> str:
        """Create a URL that the caller's users can open."""

    async def aclose(self) -> None:  # noqa: B027 (a storage without connections has none to close)
        """Let go of connections, also when that fails half-way or is cancelled."""
