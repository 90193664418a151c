"""Which storage `--storage` means, and where images come from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

from vgen import DirectoryStorage
from vgen.cli import plugins
from vgen.drive.runner.open import clip_key
from vgen.errors import ConfigurationError, StorageError
from vgen.ports.storage import Storage, StoredFile

SPOOL = "spool"
"""The folder in the output directory for clips whose storage is down."""


class ClipStorage(Storage):
    """Where the clips go: the output directory, or what a plug-in has for the URL's scheme.

    Images named by a path are read from the folders `images`, or from the output directory; all
    others by the storage of the clips. `failure` keeps why a clip could not be written, if one
    could not.

    Raises `ConfigurationError` where there is no such storage.
    """

    failure: StorageError | None = None

    def __init__(self, url: str | None, out: Path, *, images: Sequence[Path] = ()) -> None:
        self._files = DirectoryStorage(out, images=images)
        self._clips: Storage = self._files
        if url is not None:
            made = plugins.by_scheme("storage", url)
            if not isinstance(made, Storage):
                raise ConfigurationError(f"--storage: the plug-in makes a {type(made).__name__}")
            self._clips = made
        self.place = str(out) if url is None else url

    def key(self, job_id: UUID, clip_index: int) -> str:
        """Give a clip's key: a directory holds one job, any other storage many."""
        if self._clips is self._files:
            return f"clip_{clip_index:03d}.mp4"
        return clip_key(job_id, clip_index)

    async def read(self, reference: str, *, max_bytes: int) -> bytes:
        """Read an image."""
        scheme = plugins.SCHEME.match(reference)
        by_path = scheme is None or scheme[1].lower() == "file"
        return await (self._files if by_path else self._clips).read(reference, max_bytes=max_bytes)

    async def write(self, key: str, path: Path) -> StoredFile:
        """Write a clip."""
        try:
            return await self._clips.write(key, path)
        except StorageError as error:
            self.failure = self.failure or error
            raise

    async def stat(self, reference: str) -> StoredFile | None:
        """Look a clip up."""
        return await self._clips.stat(reference)

    async def url(self, reference: str) -> str:
        """Mint a clip's URL."""
        return await self._clips.url(reference)

    async def aclose(self) -> None:
        """Close the storage of the clips."""
        await self._clips.aclose()
