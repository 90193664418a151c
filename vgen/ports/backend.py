"""The port to a model that makes video."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import UUID

from vgen.errors import WebhookRefusedError
from vgen.records.attempt import Attempt
from vgen.records.notice import Notice
from vgen.records.request import Capabilities, ClipRequest, Image, Prepared, Quote
from vgen.records.status import Finding, Status, Ticket, Unknown


class VideoBackend(ABC):
    """A model that makes video, as vgen drives it.

    Opened once, with `async with`, by the program that runs it; every method but `quote` is called
    only while it is open. Methods set no time limits and retry nothing: their caller does. They
    raise errors of `vgen.errors` and nothing else; whatever `submit` raises that does not prove
    that nothing was accepted counts as doubt. After an `AccountError` from any method, a job sends
    nothing more to the account.

    `name` tells the backend apart within a route; `account` names the provider's account.
    """

    name: str
    account: str = ""
    capabilities: Capabilities

    @abstractmethod
    def quote(self, request: ClipRequest) -> Quote:
        """Return what the request would cost and last. Pure: no I/O, the same answer every time."""

    async def prepare(self, request: ClipRequest, image: Image | None) -> Prepared:
        """Make the request ready to send: upload its image. Costs nothing, may be repeated."""
        return Prepared(request=request, image=image)

    @abstractmethod
    async def submit(self, prepared: Prepared, attempt_id: UUID) -> Ticket:
        """Ask the provider to start; the only call that may cost money, and it is never repeated.

        Raises:
            SubmitInDoubtError: it was sent and no answer came.
            AttemptError: any other: the provider refused, or nothing was sent; nothing is billed.
        """

    @abstractmethod
    async def status(self, tickets: Sequence[Ticket]) -> Mapping[Ticket, Status]:
        """Ask after many tickets at once; those the provider did not answer for are left out.

        One that the provider says it does not know is `State.NOT_FOUND`, with its words as the
        `failure`. That is no verdict, and may change.

        Raises:
            RetryableError: there was no answer about any of them.
        """

    @abstractmethod
    async def fetch(self, ticket: Ticket, path: Path) -> None:
        """Write the finished clip to `path`; may be repeated while the provider keeps it.

        Raises:
            NetworkError: try again.
            GenerationError: the output is gone for good.
        """

    @abstractmethod
    async def cancel(self, ticket: Ticket) -> Status:
        """Ask the provider to stop the attempt, and return its status after that.

        The attempt may still run, or may have succeeded. Safe to repeat.
        """

    async def find(self, attempt: Attempt) -> Finding:
        """Look for a submit that was never answered: its ticket, `Absent` or `Unknown`.

        It is asked for only when the submit is over, in this process or in another.
        """
        del attempt
        return Unknown()

    async def read_webhook(self, headers: Mapping[str, str], body: bytes) -> Notice:
        """Check that a webhook comes from the provider, and return what it tells.

        The names of `headers` are in lower case. Nothing in the `body` is believed beyond that.

        Raises:
            WebhookRefusedError: it is not signed by the provider for this account, or too old.
            NetworkError: the provider's key could not be read.
        """
        del headers, body
        raise WebhookRefusedError(f"{self.name} takes no webhooks")

    async def aclose(self) -> None:  # noqa: B027 (a backend without anything to close is common)
        """Let go of connections and files, also when that fails half-way or is cancelled."""

    async def __aenter__(self) -> Self:
        """Open the backend."""
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the backend."""
        await self.aclose()


class WaitableBackend(VideoBackend):
    """A backend that can wait for the final status instead of being polled."""

    @abstractmethod
    async def wait_finished(self, ticket: Ticket, report: Callable[[Status], None]) -> Status:
        """Wait until the attempt has ended, reporting on the way; may be called again.

        When cancelled, it stops waiting and the attempt stays as it is: `cancel` ends it.
        """
