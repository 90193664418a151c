"""Helpers for the tests of a backend: make it, submit, wait for verdicts."""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from functools import cache
from io import BytesIO
from typing import ClassVar
from uuid import UUID, uuid4

import trio
from attrs import evolve
from PIL import Image as Pictures

from vgen.ports.backend import VideoBackend, WaitableBackend
from vgen.records.attempt import Attempt
from vgen.records.request import ClipRequest, Image
from vgen.records.status import Finding, State, Status, Ticket, Unknown
from vgen.testing.contracts.trio_tests import TrioTests
from vgen.testing.wire import Wire

PROMPT = "A lighthouse above a calm sea at dusk"
STEP = 1.3
"""How much longer the second clip is where any length is possible, in seconds."""


class BackendTestBase(TrioTests):
    """The base of a backend's tests; `poll_interval` is the pause between polls, in seconds."""

    poll_interval: ClassVar[float] = 0.02

    @abstractmethod
    def make(self) -> VideoBackend:
        """Return a backend that is not open yet. A second one stands for another process."""

    def wire(self) -> Wire | None:
        """Return what stands between the backends of this test and their provider's stand-in.

        `None`: there is nothing that could break, as where clips are drawn in this process.
        """
        return None

    def request(self, seconds: float) -> ClipRequest:
        """Return a small request that the backend can honour, `seconds` long."""
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
        """Return the request's reference image; `None` where text is enough."""
        return None if self.make().capabilities.text else make_picture()

    def lengths(self) -> tuple[float, ...]:
        """Return the lengths to test, in seconds: all, or two short ones where any is possible."""
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
        """Prepare and submit a request."""
        prepared = await backend.prepare(request, self.picture() if request.image else None)
        return await backend.submit(prepared, attempt_id or uuid4())

    async def verdict(self, backend: VideoBackend, ticket: Ticket) -> Status:
        """Wait for an attempt's verdict as a runner does."""
        if isinstance(backend, WaitableBackend):
            return await backend.wait_finished(ticket, lambda _status: None)
        while True:
            status = (await backend.status([ticket])).get(ticket)
            if status is not None and status.is_final:
                return status
            await trio.sleep(self.poll_interval)

    async def find(self, backend: VideoBackend, attempt_id: UUID) -> Finding:
        """Call `find` until it is not `Unknown`, or once where the backend cannot find."""
        attempt = self.attempt(backend, attempt_id)
        while True:
            found = await backend.find(attempt)
            if found != Unknown() or not backend.capabilities.can_find:
                return found
            await trio.sleep(self.poll_interval)

    async def succeeded(self, backend: VideoBackend, request: ClipRequest | None = None) -> Ticket:
        """Submit a request, wait for its success, and return its ticket."""
        ticket = await self.submit(backend, request or self.shortest)
        status = await self.verdict(backend, ticket)
        assert status.state is State.SUCCEEDED, f"a plain request ended with {status}"
        return ticket

    def unknown(self, backend: VideoBackend) -> Ticket:
        """Return a ticket that the backend has never issued."""
        return Ticket(backend.name, str(uuid4()), account=backend.account, version="none")

    def attempt(self, backend: VideoBackend, attempt_id: UUID) -> Attempt:
        """Return a ledger's record of an attempt at the shortest clip."""
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


def said(status: Status) -> Status:
    """Return what a status says of the attempt: its progress is no part of that."""
    return evolve(status, progress=None)


@cache
def make_picture() -> Image:
    """Return a small reference image, a gradient."""
    side = 64
    encoded = BytesIO()
    Pictures.radial_gradient("L").resize((side, side)).convert("RGB").save(encoded, "PNG")
    data = encoded.getvalue()
    return Image(data, "image/png", side, side, hashlib.sha256(data).hexdigest())
