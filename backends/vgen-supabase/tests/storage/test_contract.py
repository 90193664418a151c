"""A private and a public bucket pass the storage contract."""

from __future__ import annotations

from collections.abc import Generator
from hashlib import sha256
from pathlib import Path

import pytest

from vgen.testing.contracts import StorageContract
from vgen_supabase import SupabaseStorage

from .server import Server, run_server
from .state import Bucket


@pytest.fixture(scope="module")
def service() -> Generator[Server]:
    """One service for all tests of this file."""
    with run_server() as service:
        yield service


class TestPrivate(StorageContract):
    """A bucket that is read with the key or by signed URLs."""

    public = False

    @pytest.fixture(autouse=True)
    def _service(self, service: Server) -> None:
        self.service = service

    def make(self, folder: Path) -> SupabaseStorage:
        bucket = f"b{sha256(bytes(folder)).hexdigest()[:16]}"
        self.service.state.buckets[bucket] = Bucket(public=self.public)
        return SupabaseStorage(bucket, **self.service.access)

    async def put(self, storage: object, folder: Path, data: bytes) -> str:
        return self.service.put("picture.png", data=data)


class TestPublic(TestPrivate):
    """A bucket that anybody may read."""

    public = True
