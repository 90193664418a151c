"""The storage that `--storage` names, and where images are read from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

from vgen import DirectoryStorage
from vgen.cli import plugins
from vgen.drive.runner.open import clip_key
from vgen.errors import ConfigurationError, StorageError
from vgen.ports.storage import Storage
from vgen.records.clip import StoredFile

SPOOL = "spool"
"""The folder in the output directory for clips that the storage could not take yet."""


class ClipStorage(Storage):
    """Clips go to the output directory, or to a plug-in's storage by the URL's scheme.

    Images given by a path are read from the folders `images` or the output directory, all others
    from the storage of the clips. `failure` is the first error of writing a clip, if any.

    The constructor raises `ConfigurationError` if no plug-in has this scheme.
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
        self.location = str(out) if url is None else url

    def key(self, job_id: UUID, clip_index: int) -> str:
        """Return a clip's key as an MP4 file, without the job's id in the output directory."""
        if self._clips is self._files:
            return f"clip_{clip_index:03d}.mp4"
        return clip_key(job_id, clip_index)

    async def read(self, reference: str, *, max_bytes: int) -> bytes:
        """Read an image."""
        scheme = plugins.SCHEME.match(reference)
        by_path = scheme is None or scheme[1].lower() == "file"
        return await (self._files if by_path else self._clips).read(reference, max_bytes=max_bytes)

    async def write(self, key: str, path: Path) -> StoredFile:
        """Write a clip; remember the first error in `failure`."""
        try:
            return await self._clips.write(key, path)
        except StorageError as error:
            self.failure = self.failure or error
            raise

    async def copy(self, reference: str, key: str) -> StoredFile:
        """Copy a clip; remember the first error in `failure`."""
        try:
            return await self._clips.copy(reference, key)
        except StorageError as error:
            self.failure = self.failure or error
            raise

    async def remove(self, reference: str) -> None:
        """Remove a copy of a clip; remember the first error in `failure`."""
        try:
            await self._clips.remove(reference)
        except StorageError as error:
            self.failure = self.failure or error
            raise

    async def check_writable(self, key: str) -> None:
        """Check that a clip could be written."""
        await self._clips.check_writable(key)

    async def stat(self, reference: str) -> StoredFile | None:
        """Return a clip's size and reference, or `None` if it is missing."""
        return await self._clips.stat(reference)

    async def url(self, reference: str) -> str:
        """Return a URL for a clip."""
        return await self._clips.url(reference)

    async def aclose(self) -> None:
        """Close the clips' storage."""
        await self._clips.aclose()
