"""A storage in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from vgen.errors import StorageError
from vgen.ports.storage import Storage
from vgen.records.clip import StoredFile
from vgen.testing.call_log import Call, CallLog
from vgen.testing.faults import Fault, Faults

INVALID_KEY_PARTS = frozenset({"", ".", ".."})
"""Parts between slashes that no key may have: in a folder they could lead out of the storage."""


class MemoryStorage(Storage):
    """Files as bytes, by key.

    `images` has the bytes of each image by its reference, or the error to raise. `faults` make
    calls of `read`, `write`, `copy`, `remove`, `stat` and `url` fail with a retryable
    `StorageError`, or delay them.
    `files` are the stored files, `reads` the references read; `call_log` has every call.
    """

    def __init__(
        self,
        images: Mapping[str, bytes | StorageError] | None = None,
        *,
        faults: Sequence[Fault] = (),
        call_log: CallLog | None = None,
    ) -> None:
        self.files: dict[str, bytes] = {}
        self._names: dict[str, str] = {}
        self.reads: list[str] = []
        self.images = dict(images or {})
        self.call_log = call_log or CallLog()
        self.faults = Faults(faults, lambda what: StorageError(what, retryable=True))

    def __repr__(self) -> str:
        """Show its files, and then its calls, a line each."""
        files = ", ".join(f"{key} ({len(data)} bytes)" for key, data in self.files.items())
        lines = self.call_log.calls("storage")
        return "\n".join([f"<MemoryStorage: {files or 'empty'}", *lines]) + ">"

    async def read(self, reference: str, *, max_bytes: int) -> bytes:
        """Return an image."""
        self.reads.append(reference)
        self._log_call("read", reference)
        return await self.faults.call("read", lambda: self._read(reference, max_bytes))

    async def write(self, key: str, path: Path) -> StoredFile:
        """Store a file."""
        self._log_call("write", key)
        return await self.faults.call("write", lambda: self._write(key, path))

    async def copy(self, reference: str, key: str) -> StoredFile:
        """Copy a stored file."""
        self._log_call("copy", f"{reference} to {key}")
        return await self.faults.call("copy", lambda: self._copy(reference, key))

    async def remove(self, reference: str) -> None:
        """Remove a stored file."""
        self._log_call("remove", reference)
        await self.faults.call("remove", lambda: self._remove(reference))

    async def stat(self, reference: str) -> StoredFile | None:
        """Return a stored file; `None` if there is none."""
        self._log_call("stat", reference)
        return await self.faults.call("stat", lambda: self._stat(reference))

    async def url(self, reference: str) -> str:
        """Return a "memory:" URL, which cannot be opened."""
        self._log_call("url", reference)
        return await self.faults.call("url", lambda: f"memory:{reference}")

    def _read(self, reference: str, max_bytes: int) -> bytes:
        found = self.images.get(reference, StorageError(f"{reference}: no such file"))
        if isinstance(found, StorageError):
            raise found
        if len(found) > max_bytes:
            raise StorageError(f"{reference}: is larger than {max_bytes} bytes")
        return found

    def _write(self, key: str, path: Path) -> StoredFile:
        _check_key(key)
        try:
            self.files[key] = path.read_bytes()
        except OSError as error:
            raise StorageError(f"cannot read {path}: {error.strerror}") from error
        return self._stored(key, path.name)

    def _copy(self, reference: str, key: str) -> StoredFile:
        if reference not in self.files:
            raise StorageError(f"{reference}: no such file")
        _check_key(key)
        self.files[key] = self.files[reference]
        return self._stored(key, self._names.get(reference, ""))

    def _remove(self, reference: str) -> None:
        _check_key(reference)
        self.files.pop(reference, None)

    def _stored(self, key: str, name: str) -> StoredFile:
        self._names[key] = name
        self.call_log.add(Call("storage", "stored", about=key, answer=name))
        return _stored_file(key, self.files[key])

    def _stat(self, reference: str) -> StoredFile | None:
        data = self.files.get(reference)
        return None if data is None else _stored_file(reference, data)

    def _log_call(self, what: str, about: str) -> None:
        self.call_log.add(Call("storage", what, about=about))


def _check_key(key: str) -> None:
    if "\0" in key or "\\" in key or not INVALID_KEY_PARTS.isdisjoint(key.split("/")):
        raise StorageError(f"{key!r}: is no key")


def _stored_file(reference: str, data: bytes) -> StoredFile:
    return StoredFile(reference, len(data), hashlib.sha256(data).hexdigest())
