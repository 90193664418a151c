"""What a client at a real socket sees of a server that hangs up, and of one that goes."""

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
async def test_hanging_up_without_a_word(faults: Faults, created: int) -> None:
    """The connection is closed, and not a byte of an answer was in it."""
    simulator = Simulator(faults=faults)
    async with served(simulator) as client:
        with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
            await client.post("/predictions", json=svd())
        simulator.faults = Faults()
        assert (await client.get("/account")).status_code == 200
    assert len(simulator.predictions) == created


async def test_hanging_up_in_the_middle() -> None:
    """A download announces its length, and ends halfway."""
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


async def test_an_answer_waits_for_the_question() -> None:
    """A client that sends much is heard out before it is refused, or it would miss the answer."""
    async with served(Simulator(faults=Faults(server_error=1))) as client:
        for _ in range(3):
            answer = await client.post("/files", files={"content": bytes(8_000_000)})
            assert answer.is_server_error


async def test_errors_stay_bare() -> None:
    """What goes wrong beside an open simulator is not wrapped by it."""
    with pytest.raises(ZeroDivisionError):
        async with Simulator().opened():
            raise ZeroDivisionError


async def test_two_at_once() -> None:
    """Each simulator has a port of its own, and its address is free again when it is done."""
    async with served(Simulator()) as one, served(Simulator()) as other:
        assert one.base_url != other.base_url
    with pytest.raises(httpx.ConnectError):
        async with httpx.AsyncClient() as client:
            await client.get(one.base_url)


async def test_a_taken_port_is_an_error() -> None:
    """An address that cannot be had is an error of the system's, and nothing is left behind."""
    async with served(Simulator()) as client:
        with pytest.raises(OSError, match="in use"):
            await Simulator().serve(port=client.base_url.port or 0)
