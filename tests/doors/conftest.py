"""The APIs for hosts with an event loop, one by one."""

from __future__ import annotations

import pytest

import vgen
import vgen.aio

from .async_door import Door


@pytest.fixture(params=["trio", "asyncio"])
def door(request: pytest.FixtureRequest) -> Door:
    """The API for Trio, then the one for asyncio."""
    return Door({"trio": vgen, "asyncio": vgen.aio}[request.param], request.param)
