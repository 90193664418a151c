"""A service for each test, with one empty private bucket, and a storage in it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator

import pytest

from vgen_supabase import SupabaseStorage

from .served import BUCKET, Served, served


@pytest.fixture
def service() -> Generator[Served]:
    """The service."""
    with served() as service:
        yield service


@pytest.fixture
async def storage(service: Served) -> AsyncGenerator[SupabaseStorage]:
    """A storage in its bucket."""
    storage = SupabaseStorage(BUCKET, **service.access)
    yield storage
    await storage.aclose()
