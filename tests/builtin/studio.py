"""Render functions for the tests, and backends around them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from threading import Event
from uuid import uuid4

import trio

from tests.records.samples import REQUEST
from vgen.abc import Render, RenderBackend
from vgen.records.money import Price
from vgen.records.request import Capabilities, ClipRequest, Image
from vgen.records.status import Status, Ticket

CAPABILITIES = Capabilities(
    text=True, image=True, durations=(1.0, 8.0), any_duration=True, paid=False
)
IMAGE = Image(b"picture", "image/png", 1, 1, "0" * 64)


def write(
    request: ClipRequest, image: Image | None, path: Path, progress: Callable[[float], None]
) -> None:
    """Render a clip that says what it was made from."""
    progress(0.5)
    path.write_bytes(request.prompt.encode() + (image.data if image else b""))
    progress(1.0)


def a_backend(
    render: Render = write, *, workers: int | None = 1, price: Price | None = None
) -> RenderBackend:
    """A backend around a render function."""
    return RenderBackend(
        "drawn",
        render,
        capabilities=CAPABILITIES,
        ignored=lambda request: ["steps"] if request.steps else [],
        notes=lambda request: [] if request.steps else ["made without steps"],
        price=price,
        workers=workers,
    )


async def submitted(backend: RenderBackend, *, image: Image | None = None) -> Ticket:
    """A request that the backend has taken in."""
    prepared = await backend.prepare(REQUEST, image)
    return await backend.submit(prepared, uuid4())


async def state_of(backend: RenderBackend, ticket: Ticket) -> Status:
    """What the backend says of a ticket."""
    return (await backend.status([ticket]))[ticket]


def unheard(_status: Status) -> None:
    """Listen to nothing."""


class Studio:
    """Renders frame after frame until it is stopped or let go, and says when it starts."""

    def __init__(self) -> None:
        self.started = trio.Event()
        self.enough = Event()
        self.paths: list[Path] = []

    def __call__(
        self,
        request: ClipRequest,
        image: Image | None,
        path: Path,
        progress: Callable[[float], None],
    ) -> None:
        """Render, leaving no file behind when stopped."""
        del request, image
        self.paths.append(path)
        path.write_bytes(b"half")
        try:
            progress(0.0)
            trio.from_thread.run_sync(self.started.set)
            while not self.enough.wait(0.001):
                progress(0.1)
        except BaseException:
            path.unlink()
            raise


@asynccontextmanager
async def waited_for(backend: RenderBackend, ticket: Ticket) -> AsyncGenerator[list[Status]]:
    """Wait for a verdict beside the block; what it was is there at the block's end."""
    verdicts: list[Status] = []

    async def wait() -> None:
        verdicts.append(await backend.wait_finished(ticket, unheard))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        yield verdicts
