"""A backend that draws a moving gradient, the way a provider over the network makes a clip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from uuid import UUID

import numpy as np
import trio
from attrs import define, evolve

from vgen.abc import (
    Absent,
    Attempt,
    Capabilities,
    ClipRequest,
    Finding,
    Generator,
    Prepared,
    Price,
    Quote,
    State,
    Status,
    Ticket,
    VideoBackend,
)  # fmt: skip
from vgen.errors import GenerationError, NetworkError, SubmitInDoubtError
from vgen.video import Encoder

CAPABILITIES = Capabilities(
    text=True,
    image=False,
    durations=(1.0, 2.0, 4.0),
    generator=Generator.PROCEDURAL,
    can_find=True,
    run_limit=60.0,
)
ZERO = Price()
UNUSED = ("motion", "negative_prompt", "prompt", "seed", "steps")


@define
class _Job:
    """What a provider knows of one job: a real one keeps it on its side, under its own id."""

    request: ClipRequest
    ready: float  # when the clip will be there, on Trio's clock
    cancelled: bool = False


class Example(VideoBackend):
    """Moving gradients of 1, 2 or 4 seconds, `wait` seconds after they were asked for."""

    name = "example"

    def __init__(self, *, price: Price = ZERO, wait: float = 0.1) -> None:
        self.capabilities = evolve(CAPABILITIES, paid=price != ZERO)
        self._price, self._wait = price, wait
        self._jobs: dict[str, _Job] = {}

    def quote(self, request: ClipRequest) -> Quote:
        """Say what it would come to: no I/O here. `hold` is the most it can ever be billed."""
        duration = self.capabilities.nearest_duration(request.duration)
        cost = self._price.cost(duration)
        return Quote(duration=duration, hold=cost, price=self._price, ignored=UNUSED)

    async def submit(self, prepared: Prepared, attempt_id: UUID) -> Ticket:
        """Start a job, sent once and never repeated.

        What proves that nothing was accepted, such as a refusal, is an `AttemptError`. Whatever
        else is not a ticket is `SubmitInDoubtError`: a timeout, a 500, an answer that is no JSON.
        """
        try:
            await self._send(str(attempt_id), prepared.request)
        except ConnectionRefusedError as error:
            raise NetworkError(f"not sent: {error}") from error
        except OSError as error:  # your HTTP library's errors
            raise SubmitInDoubtError(f"no answer: {error}") from error
        return Ticket(self.name, str(attempt_id))

    async def _send(self, attempt_id: str, request: ClipRequest) -> None:
        """Your provider's request goes here.

        The attempt's id goes with it (as a tag, metadata, an idempotency key): `find` needs it.
        """
        await trio.lowlevel.checkpoint()
        self._jobs[attempt_id] = _Job(request, trio.current_time() + self._wait)

    async def status(self, tickets: Sequence[Ticket]) -> Mapping[Ticket, Status]:
        """Ask after many jobs, at best in one request; leave out what is not known."""
        await trio.lowlevel.checkpoint()
        known = [ticket for ticket in tickets if ticket.provider_id in self._jobs]
        return {ticket: self._status(self._job(ticket)) for ticket in known}

    async def fetch(self, ticket: Ticket, path: Path) -> None:
        """Write the clip to `path`. Your download goes here: the whole file or none."""
        job = self._job(ticket)
        if self._status(job).state is not State.SUCCEEDED:
            raise GenerationError("there is no clip")
        try:
            duration = self.quote(job.request).duration
            await trio.to_thread.run_sync(partial(draw, job.request, duration, path))
        except OSError as error:  # your HTTP library's errors, in this one place
            raise NetworkError(f"cannot write the clip: {error}") from error

    async def cancel(self, ticket: Ticket) -> Status:
        """Ask the provider to stop; what has ended stays as it is."""
        await trio.lowlevel.checkpoint()
        job = self._job(ticket)
        if not self._status(job).is_final:
            job.cancelled = True
        return self._status(job)

    async def find(self, attempt: Attempt) -> Finding:
        """Look for a submit whose answer was lost; `Unknown` where your provider has no list."""
        await trio.lowlevel.checkpoint()
        found = str(attempt.attempt_id) in self._jobs
        return Ticket(self.name, str(attempt.attempt_id)) if found else Absent()

    async def aclose(self) -> None:
        """Let go of connections; here, of the jobs."""
        self._jobs.clear()

    def _job(self, ticket: Ticket) -> _Job:
        if ticket.provider_id not in self._jobs:
            raise GenerationError(f"there is no job {ticket.provider_id}")
        return self._jobs[ticket.provider_id]

    def _status(self, job: _Job) -> Status:
        if job.cancelled:
            return Status(State.CANCELLED)
        if trio.current_time() < job.ready:
            return Status(State.RUNNING)
        bill = self._price.cost(self.quote(job.request).duration)
        return Status(State.SUCCEEDED, billed=bill)


def draw(request: ClipRequest, duration: float, path: Path) -> None:
    """Draw a gradient that moves to the left; the encoder leaves a whole file or none."""
    ramp = np.linspace(0, 255, request.width, dtype=np.uint8)
    picture = np.broadcast_to(ramp[None, :, None], (request.height, request.width, 3))
    with Encoder(path, width=request.width, height=request.height, fps=request.fps) as encoder:
        for number in range(round(duration * request.fps)):
            encoder.write(np.roll(picture, -4 * number, axis=1))
