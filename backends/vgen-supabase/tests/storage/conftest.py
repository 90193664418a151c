"""For each test, a service with one empty private bucket, and a storage in it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator

import pytest

from vgen_supabase import SupabaseStorage

from .server import BUCKET, Server, run_server


@pytest.fixture
def service() -> Generator[Server]:
    """The service."""
    with run_server() as service:
        yield service


@pytest.fixture
async def storage(service: Server) -> AsyncGenerator[SupabaseStorage]:
    """A storage in its bucket."""
    storage = SupabaseStorage(BUCKET, **service.access)
    yield storage
    await storage.aclose()
