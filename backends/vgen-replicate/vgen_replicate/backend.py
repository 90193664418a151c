"""A model on Replicate as a backend: submit, ask, fetch, cancel, find."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from math import ceil
from pathlib import Path
from typing import Any, Self
from uuid import UUID

import httpx
import trio
from attrs import evolve

from vgen.abc import (
    Attempt,
    Capabilities,
    ClipRequest,
    Finding,
    Image,
    Prepared,
    Price,
    Quote,
    Status,
    Ticket,
    Unknown,
    VideoBackend,
)
from vgen.errors import (
    GenerationError,
    ModelUnavailableError,
    NetworkError,
    RateLimitedError,
    SubmitInDoubtError,
    VgenError,
)
from vgen_replicate import prices
from vgen_replicate.access import Access
from vgen_replicate.declaration import Declaration, Variant, check_kind, check_number
from vgen_replicate.download import chosen, download
from vgen_replicate.prediction import Prediction
from vgen_replicate.search import Search
from vgen_replicate.sendings import Sendings
from vgen_replicate.uploads import Uploads
from vgen_replicate.verdict import Verdicts
from vgen_replicate.wire import Wire

QUESTIONS = 8
"""How many predictions are asked after at once."""

SLACK = 600
"""Seconds that the service waits beyond our own limits before it ends a prediction by itself: time
for another process to find the work still there."""

STOPPING = 30.0
"""Seconds that a prediction may run on while it is being cancelled."""

QUIET = 5.0
"""Seconds after which a request that was broken off is in the service's list, if it arrived."""

LENGTH_SLACK = 0.1
"""Seconds by which a file may be longer than its frames say."""


class ReplicateBackend(VideoBackend):
    """A declared model on Replicate.

    `token` and `base_url` come from `REPLICATE_API_TOKEN` and `REPLICATE_BASE_URL` where they are
    not given. `price` replaces the declared one. With `metered`, or `REPLICATE_PRICING=metered`, a
    clip costs what the service bills for its running time, not what its length says. `quiet` is
    how many seconds a submit without an answer is given to show in the service's list.
    `transport` replaces httpx's.

    Every prediction carries a deadline at the service, well behind the limits of vgen.

    Raises:
        ConfigurationError: an argument is wrong.
    """

    def __init__(
        self,
        declaration: Declaration,
        *,
        token: str | None = None,
        base_url: str | None = None,
        price: Price | None = None,
        metered: bool | None = None,
        quiet: float = QUIET,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        check_number("quiet", quiet, zero=True)
        self._metered = prices.is_metered() if metered is None else metered
        check_kind("metered", self._metered, bool)
        self.name = declaration.name
        self._declare(declaration if price is None else evolve(declaration, price=price))
        self._access = Access.of(token, base_url)
        self.account = self._access.account
        self._wire = Wire(self._access, transport=transport)
        self._uploads = Uploads(self._wire, needed=self._deadline)
        self._versions: dict[str, str] = {}
        self._sendings = Sendings.of(self._access)
        self._search = Search(self._wire, self._sendings, quiet=quiet)
        self._verdicts = Verdicts(
            declaration.per_run_second, most=self._longest_run, metered=self._metered
        )

    async def __aenter__(self) -> Self:
        """Open the connections.

        Raises:
            ConfigurationError: there is no token.
        """
        self._access.check()
        await self._wire.__aenter__()
        return self

    async def aclose(self) -> None:
        """Close the connections."""
        await self._wire.aclose()

    def quote(self, request: ClipRequest) -> Quote:
        """Say what the request comes to; the hold covers a run that is cancelled at its limit."""
        seconds = self.capabilities.nearest_duration(request.duration)
        price = self._declared.price
        by_length = Decimal(0) if self._metered else price.cost(seconds + LENGTH_SLACK)
        return Quote(
            duration=seconds,
            hold=max(self._longest_run, by_length),
            price=price,
            ignored=self._declared.ignored(request),
        )

    async def prepare(self, request: ClipRequest, image: Image | None) -> Prepared:
        """Find out the model's version, and upload the image."""
        variant = self._declared.variant(image=image is not None)
        given = dict(variant.inputs(request, self.capabilities.nearest_duration(request.duration)))
        if image is not None and variant.image is not None:
            given[variant.image] = await self._uploads.url(image)
        payload = {"version": await self._version(variant), "input": given, "variant": variant}
        return Prepared(request=request, image=image, payload=payload)

    async def submit(self, prepared: Prepared, attempt_id: UUID) -> Ticket:
        """Start the prediction; the seed, drawn from the attempt's id, tells it from its twins.

        Raises:
            SubmitInDoubtError: it was sent and no sound answer came.
            AttemptError, AccountError: it was not started.
        """
        variant: Variant = prepared.payload["variant"]
        given = {**prepared.payload["input"], **variant.seeded(prepared.request, attempt_id)}
        version = prepared.payload["version"]
        self._sendings.send(attempt_id, given)
        try:
            started = await self._wire.create(version, given, deadline=self._deadline)
        except SubmitInDoubtError:
            raise
        except VgenError as error:
            self._sendings.forget(attempt_id)
            if isinstance(error, ModelUnavailableError):
                self._versions.clear()  # there may be a newer one
            raise
        return self._ticket(started, attempt_id)

    async def status(self, tickets: Sequence[Ticket]) -> Mapping[Ticket, Status]:
        """Ask after each; those that no answer came for are left out.

        A prediction that the service does not know is one of them: it says nothing of its end. A
        request for a pause counts where no answer came at all.
        """
        found: dict[Ticket, Status] = {}
        limiter = trio.CapacityLimiter(QUESTIONS)
        problems: list[Exception] = []

        async def ask(ticket: Ticket) -> None:
            async with limiter:
                try:
                    made = await self._wire.prediction(ticket.provider_id)
                    found[ticket] = self._verdicts.status(made)
                except NetworkError:
                    return
                except Exception as error:  # noqa: BLE001 (told once all have been asked)
                    problems.append(error)

        async with trio.open_nursery() as nursery:
            for ticket in tickets:
                nursery.start_soon(ask, ticket)
        grave = [error for error in problems if not isinstance(error, RateLimitedError)]
        if grave or (problems and not found):
            raise (grave or problems)[0]
        return found

    async def fetch(self, ticket: Ticket, path: Path) -> None:
        """Download the clip from the URL that the service gives for it now.

        Raises:
            NetworkError: it did not come whole; asked again, it may.
            GenerationError: the service has removed it, or there is none.
        """
        made = await self._wire.prediction(ticket.provider_id)
        url = chosen(made.output, self._access)
        if url is not None:
            await download(self._wire.http, self._access, url, path)
        elif made.data_removed:
            raise GenerationError("there is no clip to fetch: the service has removed it")
        elif made.output is None and made.status == "succeeded":
            raise NetworkError("the clip is not there yet")
        else:
            raise GenerationError(f"there is no clip to fetch: it is {made.status}")

    async def cancel(self, ticket: Ticket) -> Status:
        """Ask the service to stop the prediction; what has ended stays as it is."""
        return self._verdicts.status(await self._wire.cancel(ticket.provider_id))

    async def find(self, attempt: Attempt) -> Finding:
        """Look through the account's predictions for a submit whose answer was lost.

        Absent is what a complete listing does not hold, `quiet` seconds after it was first looked
        for. The service keeps a prediction's input for an hour: where one might be the attempt's
        and its input is gone, nothing will ever tell. Nor is there more than a guess, and so no
        finding, where the user's seed made twins, the model takes no seed, or the attempt is
        another account's.
        """
        if not self.capabilities.can_find or attempt.account != self.account:
            return Unknown()
        found = await self._search.find(attempt, self._asked(attempt))
        if isinstance(found, Prediction):
            return self._ticket(found, attempt.attempt_id)
        return found

    def _declare(self, declaration: Declaration) -> None:
        variants = [each for each in (declaration.text, declaration.image) if each is not None]
        self._declared = declaration
        self.capabilities = Capabilities(
            text=declaration.text is not None,
            image=declaration.image is not None,
            durations=declaration.durations,
            max_size=declaration.max_size,
            durable_tickets=True,
            enforces_deadline=True,
            can_find=all(variant.seed for variant in variants),
            queue_limit=declaration.queue_limit,
            run_limit=declaration.run_limit,
        )

    def _asked(self, attempt: Attempt) -> Mapping[str, Any]:
        """Give what is known of the input that an attempt was sent with, as far as it is needed."""
        request = attempt.request
        variant = self._declared.variant(image=request.image is not None)
        seeded = variant.seeded(request, attempt.attempt_id)
        if request.seed is None:
            return seeded
        if sent := self._sendings.unanswered.get(attempt.attempt_id):
            return sent.given
        seconds = self.capabilities.nearest_duration(request.duration)
        return {**variant.inputs(request, seconds), **seeded}

    async def _version(self, variant: Variant) -> str:
        if variant.version is not None:
            return variant.version
        if variant.name not in self._versions:
            owner, _, name = variant.name.partition("/")
            latest = await self._wire.latest_version(owner, name)
            self._versions[variant.name] = latest or variant.name
        return self._versions[variant.name]

    def _ticket(self, made: Prediction, attempt_id: UUID) -> Ticket:
        self._sendings.answer(attempt_id, made.id)
        return Ticket(self.name, made.id, self.account, made.version)

    @property
    def _longest_run(self) -> Decimal:
        """The most that the running of an attempt can cost, in US dollars."""
        return self._declared.per_run_second * Decimal(str(self._declared.run_limit + STOPPING))

    @property
    def _deadline(self) -> int:
        return ceil(self._declared.queue_limit + self._declared.run_limit) + SLACK
