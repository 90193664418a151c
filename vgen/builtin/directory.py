"""Storage in a directory."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
from collections.abc import Sequence
from errno import EACCES, EISDIR, ENOTDIR
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

import trio

from vgen.builtin.atomic_file import write_atomically
from vgen.builtin.web import WebImages, too_large
from vgen.errors import ConfigurationError, StorageError
from vgen.ports.storage import Storage
from vgen.records.clip import StoredFile
from vgen.records.redaction import without_secrets

SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)

BAD_PATH = (OSError, ValueError, RuntimeError)
"""What resolving a path may raise: also for NUL characters and for circular links."""


class DirectoryStorage(Storage):
    """Clips as files below `root`, and images from there, from `images` or from the web.

    Keys are relative paths below `root`; its folders are made as they are needed. An image may be
    named by a relative path or a `file:` URL, and is read from below the `images` folders or
    `root`, in that order, and never from elsewhere, symbolic links included; an `https:` or
    `http:` URL is read from public addresses only.

    With a `base_url`, where a web server serves `root`, the clips have URLs below it; else they
    have `file:` URLs.

    Raises:
        ConfigurationError: `base_url` is no `https:` or `http:` address, or has a query.
    """

    def __init__(
        self,
        root: Path | str,
        *,
        images: Sequence[Path | str] = (),
        base_url: str | None = None,
    ) -> None:
        self._root = Path(root)
        self._base_url = None if base_url is None else _checked(base_url)
        self._image_roots = (*(Path(folder) for folder in images), self._root)
        self._web = WebImages()

    def __repr__(self) -> str:
        """Name the directory."""
        return f"<DirectoryStorage {str(self._root)!r}>"

    async def read(self, reference: str, *, max_bytes: int) -> bytes:
        """Read an image from a file or from the web."""
        scheme = _scheme(reference)
        if scheme in {"http", "https"}:
            return await self._web.read(reference, max_bytes=max_bytes)
        if scheme not in {"", "file"}:
            raise StorageError(f"{without_secrets(reference)}: cannot read {scheme}: URLs")
        return await trio.to_thread.run_sync(self._read, reference, max_bytes)

    def _read(self, reference: str, max_bytes: int) -> bytes:
        try:
            path = self._find(reference)
            with open(path, "rb", opener=_open_at_once) as file:
                if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    raise StorageError(f"{reference}: is not a file")
                data = file.read(max_bytes + 1)
        except BAD_PATH as error:
            raise StorageError(f"{reference}: {_reason(error)}") from error
        if len(data) > max_bytes:
            raise too_large(reference, max_bytes)
        return data

    def _find(self, reference: str) -> Path:
        path = _path_of(reference)
        leads_out = False
        for root in self._image_roots:
            base = root.resolve()
            resolved = (base / path).resolve()
            if not resolved.is_relative_to(base):
                leads_out = True
            elif resolved.exists():
                return resolved
        if leads_out:
            raise StorageError(f"{reference}: is outside the folders that images are read from")
        raise StorageError(f"{reference}: no such file")

    async def write(self, key: str, path: Path) -> StoredFile:
        """Copy the file beside its place, force it to disk, and move it there in one step."""
        return await trio.to_thread.run_sync(self._write, key, path)

    async def copy(self, reference: str, key: str) -> StoredFile:
        """Copy a clip's file as `write` does: a link would share later damage."""
        return await trio.to_thread.run_sync(self._write, key, self._key_path(reference))

    def _write(self, key: str, path: Path) -> StoredFile:
        target = self._key_path(key)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with path.open("rb") as source, write_atomically(target) as copy:
                shutil.copyfileobj(source, copy, 2**20)
            self._sync_folders(target)
            return _stored_file(key, target)
        except OSError as error:
            raise StorageError(f"cannot write {target}: {error.strerror}") from error

    async def remove(self, reference: str) -> None:
        """Remove a clip's file, and force that to disk."""
        await trio.to_thread.run_sync(self._remove, self._key_path(reference))

    def _remove(self, path: Path) -> None:
        try:
            path.unlink()
            _sync_folder(path.parent)
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            raise StorageError(f"cannot remove {path}: {error.strerror}") from error

    async def check_writable(self, key: str) -> None:
        """Check that no directory is in the file's place, and that its folder can be written to."""
        await trio.to_thread.run_sync(self._check_writable, key)

    def _check_writable(self, key: str) -> None:
        target = self._key_path(key)
        try:
            if target.is_dir() and not target.is_symlink():
                raise IsADirectoryError(EISDIR, os.strerror(EISDIR))
            folder = next((folder for folder in target.parents if folder.exists()), self._root)
            if not folder.is_dir():
                raise NotADirectoryError(ENOTDIR, os.strerror(ENOTDIR))
            if not os.access(folder, os.W_OK | os.X_OK):
                raise PermissionError(EACCES, os.strerror(EACCES))
        except OSError as error:
            raise StorageError(f"cannot write {target}: {error.strerror}") from error

    def _sync_folders(self, target: Path) -> None:
        """Force the names to disk, from the file's own up to that of its topmost folder."""
        for folder in target.parents:
            _sync_folder(folder)
            if folder == self._root:
                break

    async def stat(self, reference: str) -> StoredFile | None:
        """Look a clip's file up."""
        path = self._key_path(reference)
        try:
            if not stat.S_ISREG((await trio.Path(path).stat()).st_mode):
                return None
            return await trio.to_thread.run_sync(_stored_file, reference, path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            # A file that cannot be seen is not missing: it would be made, and paid for, again.
            raise StorageError(f"{reference}: {error.strerror}", retryable=True) from error

    async def url(self, reference: str) -> str:
        """Return the clip's URL: below the base URL, if there is one, else a `file:` URL."""
        path = self._key_path(reference)
        if self._base_url is None:
            return path.absolute().as_uri()
        return f"{self._base_url}/{quote(reference)}"

    def _key_path(self, key: str) -> Path:
        """Return a key's path, which must be below the directory."""
        parts = key.split("/")
        if "\0" in key or "\\" in key or any(part in {"", ".", ".."} for part in parts):
            raise StorageError(f"{key!r}: is no key for a file in {self._root}")
        target = self._root.joinpath(*parts)
        try:
            inside = target.parent.resolve().is_relative_to(self._root.resolve())
        except BAD_PATH as error:
            raise StorageError(f"{key!r}: {_reason(error)}") from error
        if not inside:
            raise StorageError(f"{key!r}: leads out of {self._root}")
        return target


def _checked(base_url: str) -> str:
    parts = urlsplit(base_url)
    if parts.scheme not in {"http", "https"} or not parts.netloc or parts.query or parts.fragment:
        raise ConfigurationError(
            f"base_url: must be an https: or http: address without a query, got {base_url!r}"
        )
    return base_url.rstrip("/")


def _stored_file(reference: str, path: Path) -> StoredFile:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return StoredFile(reference, os.fstat(file.fileno()).st_size, digest)


def _scheme(reference: str) -> str:
    found = SCHEME.match(reference)
    return found[1].lower() if found else ""


def _path_of(reference: str) -> str:
    if not _scheme(reference):
        return reference
    parts = urlsplit(reference)
    if parts.netloc.lower() not in {"", "localhost"}:
        raise StorageError(f"{without_secrets(reference)}: names another host")
    return unquote(parts.path)


def _open_at_once(path: str, flags: int) -> int:
    """Open a file without waiting for the other end, should it be a pipe."""
    return os.open(path, flags | os.O_NONBLOCK)


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
