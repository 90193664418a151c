"""The adapter from a plain render function to a backend."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self
from uuid import UUID

import trio
from attrs import define, evolve, field

from vgen.errors import (
    AttemptError,
    ConfigurationError,
    GenerationError,
    RetryableError,
    VideoError,
)
from vgen.ports.backend import WaitableBackend
from vgen.records.attempt import Attempt
from vgen.records.money import Price
from vgen.records.request import Capabilities, ClipRequest, Image, Prepared, Quote
from vgen.records.status import Absent, Finding, State, Status, Ticket
from vgen.scratch import Scratch

logger = logging.getLogger("vgen")

Render = Callable[[ClipRequest, Image | None, Path, Callable[[float], None]], None]
"""`render(request, image, path, progress)`: write the clip to `path`, in a worker thread.

Calls `progress` with a fraction from 0 to 1 at every frame: it raises when the attempt is
cancelled, and the function must let that through and leave no file behind.
"""

QUEUED = Status(State.QUEUED)
CANCELLED = Status(State.CANCELLED)


@define
class _Rendering:
    prepared: Prepared
    path: Path
    status: Status = QUEUED
    cancelled: bool = False
    scope: trio.CancelScope | None = None
    turn: trio.Lock = field(factory=trio.Lock)

    def cancel(self) -> None:
        """Stop it now, or as soon as it starts."""
        self.cancelled = True
        if self.scope is not None:
            self.scope.cancel()

    def end(self, status: Status) -> None:
        """Note the final status, and drop the image, which may be large."""
        self.status = status
        self.prepared = evolve(self.prepared, image=None)


class RenderBackend(WaitableBackend):
    """A backend around a render function, run in worker threads of this process.

    At most `workers` render at once (default: one for each processor core, four at most). Tickets
    live as long as the backend is open; what a dead process had begun counts as failed, unbilled,
    and `find` returns `Absent`. With a `price`, the hold covers one frame more than the clip's
    length, since a length is rounded to whole frames. `ignored` and `notes` are what its quotes say
    of a request.

    Cancelling `wait_finished` stops the rendering at its next frame; waiting again restarts it.
    """

    def __init__(
        self,
        name: str,
        render: Render,
        *,
        capabilities: Capabilities,
        ignored: Callable[[ClipRequest], Sequence[str]] = lambda _request: (),
        notes: Callable[[ClipRequest], Sequence[str]] = lambda _request: (),
        price: Price | None = None,
        workers: int | None = None,
    ) -> None:
        self.name = name
        self.capabilities = evolve(capabilities, paid=price is not None, can_find=True)
        self._render = render
        self._ignored = ignored
        self._notes = notes
        self._price = price or Price()
        if workers is None:
            workers = min(4, os.cpu_count() or 1)
        if workers < 1:
            raise ConfigurationError(f"workers: must be at least 1, got {workers}")
        self._limiter = trio.CapacityLimiter(workers)
        self._renderings: dict[str, _Rendering] = {}
        self._folder: Scratch | None = None

    def __repr__(self) -> str:
        """Say how many renderings it holds and runs."""
        running = self._limiter.borrowed_tokens
        return f"<RenderBackend {self.name!r}: {len(self._renderings)} held, {running} running>"

    async def __aenter__(self) -> Self:
        """Make the folder that the clips are rendered in."""
        self._folder = Scratch()
        return self

    async def aclose(self) -> None:
        """Remove the folder with whatever was rendered and not fetched."""
        self._renderings.clear()
        if self._folder is not None:
            self._folder.remove()
            self._folder = None

    def quote(self, request: ClipRequest) -> Quote:
        """Price the nearest length that the function renders."""
        duration = self.capabilities.nearest_duration(request.duration)
        return Quote(
            duration=duration,
            hold=self._price.cost(duration + 1 / request.fps),
            price=self._price,
            ignored=tuple(self._ignored(request)),
            notes=tuple(self._notes(request)),
        )

    async def submit(self, prepared: Prepared, attempt_id: UUID) -> Ticket:
        """Accept the request; it is rendered while `wait_finished` is called."""
        if self._folder is None:
            raise GenerationError(f"{self.name} is not open")
        path = self._folder.path / f"{attempt_id}.mp4"
        self._renderings[str(attempt_id)] = _Rendering(prepared, path)
        return Ticket(backend=self.name, provider_id=str(attempt_id))

    async def status(self, tickets: Sequence[Ticket]) -> Mapping[Ticket, Status]:
        """Return each rendering's status."""
        return {ticket: self._status(ticket) for ticket in tickets}

    def _status(self, ticket: Ticket) -> Status:
        rendering = self._renderings.get(ticket.provider_id)
        if rendering is None:
            return Status(State.FAILED, failure=RetryableError("its rendering ended half-way"))
        return rendering.status

    async def wait_finished(self, ticket: Ticket, report: Callable[[Status], None]) -> Status:
        """Render the clip, or return the final status of a rendering done before."""
        rendering = self._renderings.get(ticket.provider_id)
        if rendering is None:
            return self._status(ticket)
        async with rendering.turn:
            if not rendering.status.is_final:
                await self._render_once(rendering, report)
        return rendering.status

    async def _render_once(self, rendering: _Rendering, report: Callable[[Status], None]) -> None:
        try:
            with trio.CancelScope() as rendering.scope:
                if rendering.cancelled:
                    rendering.scope.cancel()
                rendering.end(await self._run(rendering, report))
            if rendering.scope.cancelled_caught:
                rendering.end(CANCELLED)
        finally:
            rendering.scope = None
            if not rendering.status.is_final:
                rendering.status = QUEUED

    async def _run(self, rendering: _Rendering, report: Callable[[Status], None]) -> Status:
        def report_fraction(fraction: float) -> None:
            rendering.status = Status(State.RUNNING, progress=fraction)
            report(rendering.status)

        def progress(fraction: float) -> None:
            trio.from_thread.check_cancelled()
            trio.from_thread.run_sync(report_fraction, fraction)

        prepared = rendering.prepared
        try:
            await trio.to_thread.run_sync(
                self._render,
                prepared.request,
                prepared.image,
                rendering.path,
                progress,
                limiter=self._limiter,
            )
        except AttemptError as error:
            return Status(State.FAILED, failure=error)
        except OSError as error:
            return Status(State.FAILED, failure=RetryableError(f"cannot render: {error}"))
        except (VideoError, ValueError) as error:
            return Status(State.FAILED, failure=GenerationError(f"cannot render: {error}"))
        if not rendering.path.is_file():
            return Status(State.FAILED, failure=GenerationError("it rendered no file"))
        return Status(State.SUCCEEDED, progress=1.0)

    async def fetch(self, ticket: Ticket, path: Path) -> None:
        """Move the clip to `path`; once it is there the rendering is forgotten."""
        rendering = self._renderings.get(ticket.provider_id)
        if rendering is None:
            raise GenerationError("the clip was fetched before or never rendered")
        try:
            await trio.to_thread.run_sync(shutil.move, rendering.path, path)
        except OSError as error:
            raise RetryableError(f"cannot move the clip: {error}") from error
        self._renderings.pop(ticket.provider_id, None)

    async def cancel(self, ticket: Ticket) -> Status:
        """Stop the rendering at its next frame; a finished one stays finished."""
        rendering = self._renderings.get(ticket.provider_id)
        if rendering is None:
            return CANCELLED
        rendering.cancel()
        async with rendering.turn:
            if not rendering.status.is_final:
                rendering.end(CANCELLED)
        return rendering.status

    async def find(self, attempt: Attempt) -> Finding:
        """Return the ticket of an attempt that this process accepted, else `Absent`."""
        if str(attempt.attempt_id) in self._renderings:
            return Ticket(backend=self.name, provider_id=str(attempt.attempt_id))
        return Absent()
