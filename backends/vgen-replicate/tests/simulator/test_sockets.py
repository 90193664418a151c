"""Dropped connections and a closed server, as a client over HTTP sees them."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import httpx
import pytest
import trio

from vgen_replicate.simulator import Faults, Simulator

from .clients import create, get, punctual, svd


@asynccontextmanager
async def served(simulator: Simulator) -> AsyncGenerator[httpx.AsyncClient]:
    """A plain client at the socket."""
    async with trio.open_nursery() as nursery:
        url = await nursery.start(simulator.serve)
        async with httpx.AsyncClient(
            base_url=url, headers={"Authorization": f"Token {simulator.token}"}
        ) as client:
            yield client
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize(
    ("faults", "created"), [(Faults(dropped=1), 0), (Faults(lost_answer=1), 1)]
)
async def test_a_connection_dropped_before_the_response(faults: Faults, created: int) -> None:
    """The connection is closed before any byte of a response."""
    simulator = Simulator(faults=faults)
    async with served(simulator) as client:
        with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
            await client.post("/predictions", json=svd())
        simulator.faults = Faults()
        assert (await client.get("/account")).status_code == 200
    assert len(simulator.predictions) == created


async def test_a_connection_dropped_in_a_response() -> None:
    """A truncated download has its full length in the header, and ends halfway."""
    faults = Faults(truncated=1)
    simulator = Simulator(models=punctual(), speed=500, scale=0.1, faults=faults)
    async with served(simulator) as client:
        prediction = await create(client)
        await simulator.predictions[prediction["id"]].settled.wait()
        output = (await get(client, prediction))["output"]
        async with client.stream("GET", output) as response:
            length = int(response.headers["Content-Length"])
            with pytest.raises(httpx.RemoteProtocolError, match="complete message body"):
                await response.aread()
            assert response.num_bytes_downloaded == length // 2


async def test_a_request_is_read_before_an_error_response() -> None:
    """A large body is read to its end, or the client would not receive the response."""
    async with served(Simulator(faults=Faults(server_error=1))) as client:
        for _ in range(3):
            answer = await client.post("/files", files={"content": bytes(8_000_000)})
            assert answer.is_server_error


async def test_errors_are_not_wrapped() -> None:
    """An open simulator does not wrap the block's exceptions in a group."""
    with pytest.raises(ZeroDivisionError):
        async with Simulator().opened():
            raise ZeroDivisionError


async def test_two_at_once() -> None:
    """Each simulator has a port of its own, and frees it at its end."""
    async with served(Simulator()) as one, served(Simulator()) as other:
        assert one.base_url != other.base_url
    with pytest.raises(httpx.ConnectError):
        async with httpx.AsyncClient() as client:
            await client.get(one.base_url)


async def test_a_taken_port_is_an_error() -> None:
    """A port that is in use raises `OSError`."""
    async with served(Simulator()) as client:
        with pytest.raises(OSError, match="in use"):
            await Simulator().serve(port=client.base_url.port or 0)
