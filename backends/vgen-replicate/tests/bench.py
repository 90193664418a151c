"""What the tests of a backend have in common: requests, attempts, and the way to a verdict."""

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

from .pictures import a_picture
from .served import Served

SPEED = 1000
"""How much faster than the service the simulated one is."""

QUIET = 0.3

REQUEST = ClipRequest(
    prompt="a hill", duration=3.0, width=1024, height=576, fps=30, motion=127, steps=25
)
WITH_IMAGE = evolve(REQUEST, image="picture.png", image_sha256=a_picture().sha256)


@asynccontextmanager
async def svd(service: Served) -> AsyncGenerator[VideoBackend]:
    """The backend, open."""
    async with stand_in(StableVideoDiffusion(**service.access, quiet=QUIET)) as backend:
        yield backend


async def submit(
    backend: VideoBackend, request: ClipRequest = WITH_IMAGE, attempt_id: UUID | None = None
) -> Ticket:
    """Prepare and send."""
    image = a_picture() if request.image else None
    prepared = await backend.prepare(request, image)
    return await backend.submit(prepared, attempt_id or uuid4())


async def verdict(backend: VideoBackend, ticket: Ticket) -> Status:
    """Wait for the end."""
    while True:
        status = (await backend.status([ticket])).get(ticket)
        if status is not None and status.is_verdict:
            return status
        await trio.sleep(0.01)


async def finding(backend: VideoBackend, attempt: Attempt, quiet: float = QUIET) -> Finding:
    """Look, and look again when the list can be trusted."""
    await backend.find(attempt)
    await trio.sleep(quiet)
    return await backend.find(attempt)


def attempt_of(
    backend: VideoBackend, request: ClipRequest, attempt_id: UUID, **more: Any
) -> Attempt:
    """The ledger's record of a submit without an answer."""
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
