"""What the tests of a backend have in common: how it is made, asked and waited for."""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from functools import cache
from io import BytesIO
from typing import ClassVar
from uuid import UUID, uuid4

import trio
from PIL import Image as Pictures

from vgen.ports.backend import VideoBackend, WaitableBackend
from vgen.records.attempt import Attempt
from vgen.records.request import ClipRequest, Image
from vgen.records.status import Finding, State, Status, Ticket, Unknown
from vgen.testing.contracts.stage import Stage

PROMPT = "A lighthouse above a calm sea at dusk"
STEP = 1.3
"""How much longer the second clip is where every length can be had; no round number of frames."""


class BackendBench(Stage):
    """Makes backends and brings attempts to where a test wants them.

    `poll` is the pause between two questions after a ticket, in seconds.
    """

    poll: ClassVar[float] = 0.02

    @abstractmethod
    def make(self) -> VideoBackend:
        """Make the backend, closed. A second one stands for another process."""

    def request(self, seconds: float) -> ClipRequest:
        """Give a request that the backend can honour, `seconds` long; small, for speed."""
        image = self.picture()
        return ClipRequest(
            prompt=PROMPT,
            duration=seconds,
            width=128,
            height=72,
            fps=8,
            motion=100,
            steps=20,
            image="picture.png" if image else None,
            image_sha256=image.sha256 if image else None,
        )

    def picture(self) -> Image | None:
        """Give the reference image of the request: only where the backend cannot do without."""
        return None if self.make().capabilities.text else a_picture()

    def lengths(self) -> tuple[float, ...]:
        """Give the lengths that are tried: all, or where any can be had, two short ones."""
        capabilities = self.make().capabilities
        if not capabilities.any_duration:
            return capabilities.durations
        shortest = min(capabilities.durations)
        return shortest, min(shortest + STEP, max(capabilities.durations))

    @property
    def shortest(self) -> ClipRequest:
        """The request for the shortest clip."""
        return self.request(min(self.lengths()))

    async def submit(
        self, backend: VideoBackend, request: ClipRequest, attempt_id: UUID | None = None
    ) -> Ticket:
        """Prepare and send a request."""
        prepared = await backend.prepare(request, self.picture() if request.image else None)
        return await backend.submit(prepared, attempt_id or uuid4())

    async def verdict(self, backend: VideoBackend, ticket: Ticket) -> Status:
        """Wait for a verdict as the runner does."""
        if isinstance(backend, WaitableBackend):
            return await backend.wait_finished(ticket, lambda _status: None)
        while True:
            status = (await backend.status([ticket])).get(ticket)
            if status is not None and status.is_verdict:
                return status
            await trio.sleep(self.poll)

    async def finding(self, backend: VideoBackend, attempt_id: UUID) -> Finding:
        """Look for an attempt until, where it can find, the backend is sure."""
        attempt = self.attempt(backend, attempt_id)
        while True:
            found = await backend.find(attempt)
            if found != Unknown() or not backend.capabilities.can_find:
                return found
            await trio.sleep(self.poll)

    async def succeeded(self, backend: VideoBackend, request: ClipRequest | None = None) -> Ticket:
        """Bring an attempt to its success."""
        ticket = await self.submit(backend, request or self.shortest)
        status = await self.verdict(backend, ticket)
        assert status.state is State.SUCCEEDED, f"a plain request ended with {status}"
        return ticket

    def unknown(self, backend: VideoBackend) -> Ticket:
        """Give a ticket that the backend never wrote."""
        return Ticket(backend.name, str(uuid4()), account=backend.account, version="none")

    def attempt(self, backend: VideoBackend, attempt_id: UUID) -> Attempt:
        """Give the ledger's record of an attempt at the shortest clip."""
        return Attempt(
            attempt_id=attempt_id,
            job_id=uuid4(),
            clip_index=0,
            number=1,
            backend=backend.name,
            account=backend.account,
            request=self.shortest,
            fingerprint="",
            hold=backend.quote(self.shortest).hold,
        )


@cache
def a_picture() -> Image:
    """Give a small reference image with something to see on it."""
    side = 64
    encoded = BytesIO()
    Pictures.radial_gradient("L").resize((side, side)).convert("RGB").save(encoded, "PNG")
    data = encoded.getvalue()
    return Image(data, "image/png", side, side, hashlib.sha256(data).hexdigest())
