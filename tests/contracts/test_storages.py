"""The storages of the core keep the port's contract."""

from __future__ import annotations

from pathlib import Path

from vgen import DirectoryStorage
from vgen.ports.storage import Storage
from vgen.testing import MemoryStorage
from vgen.testing.contracts import StorageContract


class TestMemoryStorage(StorageContract):
    """The fake: one instance for each test."""

    memory: MemoryStorage | None = None

    def make(self, folder: Path) -> Storage:
        self.memory = self.memory or MemoryStorage()
        return self.memory

    async def put(self, storage: Storage, folder: Path, data: bytes) -> str:
        assert isinstance(storage, MemoryStorage)
        storage.images["picture.png"] = data
        return "picture.png"


class TestDirectoryStorage(StorageContract):
    """Files below a folder."""

    def make(self, folder: Path) -> Storage:
        return DirectoryStorage(folder)
