"""The ledger in memory, where the contract says nothing."""

from __future__ import annotations

from uuid import uuid4

import pytest

from vgen.errors import NotFoundError
from vgen.testing import MemoryLedger


async def test_an_unknown_job_is_an_error() -> None:
    """Concluding an unknown job raises `NotFoundError`."""
    with pytest.raises(NotFoundError):
        await MemoryLedger().conclude(uuid4(), "done")
