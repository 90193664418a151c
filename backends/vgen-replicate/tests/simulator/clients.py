"""Clients of a simulator, in the same process and over HTTP, and their requests."""

from __future__ import annotations

import base64
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from io import BytesIO
from typing import Any

import httpx
import trio
from attrs import evolve
from PIL import Image
from replicate import AsyncReplicate

from vgen_replicate.simulator import MODELS, Model, Simulator

SVD = "3f0457e4619daac51203dedb472816fd4af51f3149fa7a9e0b5ffcf1b8172438"
BASE = "http://replicate.test/v1"


def punctual() -> list[Model]:
    """The models without queues and with fixed run times: 35 s for 25 frames of SVD."""
    return [evolve(model, queue_seconds=0, cold_chance=0, spread=0) for model in MODELS]


def picture(width: int = 256, height: int = 144) -> bytes:
    """A PNG file."""
    buffer = BytesIO()
    Image.radial_gradient("L").resize((width, height)).convert("RGB").save(buffer, "PNG")
    return buffer.getvalue()


def data_uri(data: bytes) -> str:
    """The bytes as a `data:` URI."""
    return f"data:image/png;base64,{base64.b64encode(data).decode()}"


def svd(**inputs: Any) -> dict[str, Any]:
    """The body of a create: 25 frames of SVD."""
    given = {"input_image": data_uri(picture()), "video_length": "25_frames_with_svd_xt"}
    return {"version": SVD, "input": given | inputs}


@asynccontextmanager
async def in_process(simulator: Simulator) -> AsyncGenerator[httpx.AsyncClient]:
    """A client without a socket, so that a virtual clock applies to both sides."""
    async with (
        simulator.opened(),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(simulator.app),
            base_url=BASE,
            headers={"Authorization": f"Bearer {simulator.token}"},
        ) as client,
    ):
        yield client


@asynccontextmanager
async def at_a_socket(simulator: Simulator) -> AsyncGenerator[AsyncReplicate]:
    """The official client, over HTTP, without retries."""
    async with trio.open_nursery() as nursery:
        url = await nursery.start(simulator.serve)
        async with AsyncReplicate(
            bearer_token=simulator.token, base_url=url, max_retries=0
        ) as client:
            yield client
        nursery.cancel_scope.cancel()


async def create(client: httpx.AsyncClient, **inputs: Any) -> dict[str, Any]:
    """Create a prediction of 25 frames of SVD."""
    answer = await client.post("/predictions", json=svd(**inputs))
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def get(client: httpx.AsyncClient, prediction: dict[str, Any]) -> dict[str, Any]:
    """Request a prediction."""
    answer = await client.get(prediction["urls"]["get"])
    assert answer.status_code == 200, answer.text
    return dict(answer.json())
