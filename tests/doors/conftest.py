"""Each of the doors for hosts with an event loop."""

from __future__ import annotations

import pytest

import vgen
import vgen.aio

from .async_door import Door


@pytest.fixture(params=["trio", "asyncio"])
def door(request: pytest.FixtureRequest) -> Door:
    """Each door for a host with an event loop."""
    return Door({"trio": vgen, "asyncio": vgen.aio}[request.param], request.param)
