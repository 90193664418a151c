"""Helpers of the backends' tests: requests, attempts, and waiting for verdicts."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import trio
from attrs import evolve

from vgen.abc import Attempt, ClipRequest, Finding, Status, Ticket, VideoBackend
from vgen.testing import stand_in
from vgen_replicate import StableVideoDiffusion

from .pictures import png_image
from .server import RunningSimulator

SPEED = 500
"""How many times as fast as the service the simulator is."""

QUIET = 0.3

REQUEST = ClipRequest(
    prompt="a hill", duration=3.0, width=1024, height=576, fps=30, motion=127, steps=25
)
WITH_IMAGE = evolve(REQUEST, image="picture.png", image_sha256=png_image().sha256)


@asynccontextmanager
async def svd(service: RunningSimulator) -> AsyncGenerator[VideoBackend]:
    """Open the SVD backend."""
    async with stand_in(StableVideoDiffusion(**service.access, quiet=QUIET)) as backend:
        yield backend


async def submit(
    backend: VideoBackend, request: ClipRequest = WITH_IMAGE, attempt_id: UUID | None = None
) -> Ticket:
    """Prepare and submit a request."""
    image = png_image() if request.image else None
    prepared = await backend.prepare(request, image)
    return await backend.submit(prepared, attempt_id or uuid4())


async def wait_for_verdict(backend: VideoBackend, ticket: Ticket) -> Status:
    """Poll until the status is final."""
    while True:
        status = (await backend.status([ticket])).get(ticket)
        if status is not None and status.is_final:
            return status
        await trio.sleep(0.01)


async def find_after_quiet(
    backend: VideoBackend, attempt: Attempt, quiet: float = QUIET
) -> Finding:
    """Search, and search again after `quiet` seconds, when the listing is reliable."""
    await backend.find(attempt)
    await trio.sleep(quiet)
    return await backend.find(attempt)


def attempt_of(
    backend: VideoBackend, request: ClipRequest, attempt_id: UUID, **more: Any
) -> Attempt:
    """The ledger's record of a submit without a response."""
    values: dict[str, Any] = {
        "attempt_id": attempt_id,
        "job_id": uuid4(),
        "clip_index": 0,
        "number": 1,
        "backend": backend.name,
        "account": backend.account,
        "request": request,
        "fingerprint": "",
        "hold": Decimal(1),
        "sent": True,
    }
    return Attempt(**{**values, **more})
